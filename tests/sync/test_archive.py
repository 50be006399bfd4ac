"""Archives that we write are read by the standard library, whatever their size."""

import io
import stat
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.archive import ArchiveWriter
from chmsync.errors import FormatError

NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="/\\"), min_size=1)


def archive(files, start=b""):
    made = io.BytesIO(start)
    made.seek(len(start))
    writer = ArchiveWriter(made)
    for name, data, compress in files:
        writer.add(name, data, compress=compress)
    writer.finish()
    writer.close()
    return made


@given(st.lists(st.tuples(NAMES, st.binary(max_size=300), st.booleans()), unique_by=lambda file: file[0]))
def test_what_is_written_is_read_again(files):
    with zipfile.ZipFile(archive(files)) as read:
        assert read.testzip() is None
        assert [(name, read.read(name)) for name in read.namelist()] == [(name, data) for name, data, _ in files]


def test_files_are_plain_without_times_and_packed_as_asked():
    with zipfile.ZipFile(archive([("a", b"x" * 999, True), ("b", b"x" * 999, False)])) as read:
        packed, plain = read.infolist()
    assert packed.compress_size < 20
    assert plain.compress_size == 999
    assert {packed.date_time, plain.date_time} == {(1980, 1, 1, 0, 0, 0)}
    assert stat.S_IFMT(packed.external_attr >> 16) == stat.S_IFREG


def test_more_files_than_the_old_form_can_count():
    with zipfile.ZipFile(archive((str(number), b"", False) for number in range(65_536))) as read:
        assert len(read.namelist()) == 65_536


def test_an_archive_beyond_four_gigabytes(tmp_path):
    """The file is sparse: what lies before the archive takes no room."""
    path = tmp_path / "far.zip"
    with path.open("wb") as file:
        file.seek(5 << 30)
        writer = ArchiveWriter(file)
        writer.add("far", b"away", compress=True)
        writer.finish()
        writer.close()
    with zipfile.ZipFile(path) as read:
        assert read.read("far") == b"away"


@pytest.mark.parametrize("name", ["a", "ä"])
def test_a_name_that_stands_twice_or_is_not_ascii_is_refused(name):
    writer = ArchiveWriter(io.BytesIO())
    writer.add("a", b"", compress=True)
    assert "a" in writer
    with pytest.raises(FormatError):
        writer.add(name, b"", compress=True)
    writer.close()
