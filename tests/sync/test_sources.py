"""The three transports of a log behind one port, and the offline trees that try to lead elsewhere (section 9)."""

import asyncio
import io
import os
import stat
import zipfile
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from chmsync.errors import FormatError, LogCode, LogRefused, SyncError
from chmsync.http import Absent, Client, Meter
from chmsync.limits import Limits
from chmsync.sources import HttpSource, NotServed, TreeSource, check_path, open_tree

ORIGIN = "chm.example.ke/log"
OTHER = "chm.example.org/tv/log"
MIRROR = f"mirror/{sha256(OTHER.encode()).hexdigest()}"
RECORD = b'{"title":"a record"}'
DIGEST = sha256(RECORD).hexdigest()
GONE = sha256(b"gone").hexdigest()
TREE = {
    "member.json": b"{}",
    "log/checkpoint": f"{ORIGIN}\n3\nroot\n\nsignature\n".encode(),
    "log/tile/0/000.p/3": b"hash" * 24,
    "log/tile/entries/000.p/3": b"entries",
    "log/tile/entries/x001/234": b"more entries",
    "log/records/000": RECORD + b"\n\n\n",
    f"log/record/{DIGEST}": RECORD,
    f"log/file/{DIGEST}": b"%PDF",
    f"{MIRROR}/checkpoint": f"{OTHER}\n0\nroot\n\nsignature\n".encode(),
    "log/notes of the operator.txt": b"not looked at",
}
SMALL = Limits(note_bytes=100)


def write_directory(folder: Path, tree=TREE) -> Path:
    for name, body in tree.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    return folder


def write_zip(path: Path, tree=TREE, method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, body in tree.items():
            archive.writestr(name, body)
    return path


def info(name: str, mode: int = 0) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = name
    entry.external_attr = mode << 16
    return entry


@asynccontextmanager
async def http_source(folder, limits=SMALL):
    """The tree served by a static web server."""

    async def handler(request):
        place = folder / request.match_info["path"]
        if not place.is_file():
            raise web.HTTPNotFound
        body = place.read_bytes()
        tag = sha256(body).hexdigest()
        if request.headers.get("If-None-Match") == f'"{tag}"':
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": f'"{tag}"'})

    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    async with (
        TestServer(app, host="127.0.0.1") as server,
        Client(limits, (ip_network("127.0.0.0/8"),)) as client,
    ):
        yield HttpSource(client, f"http://127.0.0.1:{server.port}/log")


@asynccontextmanager
async def tree_source(path):
    with open_tree(path, SMALL) as tree:
        yield TreeSource(tree, "log")


@pytest.fixture(params=["http", "directory", "zip", "stored zip"])
async def source(request, tmp_path):
    """One tree behind each adapter."""
    if request.param == "http":
        opened = http_source(write_directory(tmp_path))
    elif request.param == "directory":
        opened = tree_source(write_directory(tmp_path))
    else:
        method = zipfile.ZIP_DEFLATED if request.param == "zip" else zipfile.ZIP_STORED
        opened = tree_source(write_zip(tmp_path / "tree.zip", method=method))
    async with opened as found:
        yield found


class TestEverySource:
    """The contract of `Source`, whatever the transport."""

    async def test_the_checkpoint_comes_with_a_tag_that_spares_the_second_reading(self, source):
        note, tag = await source.checkpoint(None)
        assert note == TREE["log/checkpoint"]
        assert await source.checkpoint(tag) is None
        assert await source.checkpoint('"another"') == (note, tag)

    async def test_resources_arrive_as_they_were_written(self, source):
        paths = [name.removeprefix("log/") for name in TREE if name.startswith(("log/t", "log/r", "log/f"))]
        assert len(paths) == 6
        for path in paths:
            assert await source.fetch(path, 1000) == TREE[f"log/{path}"]

    async def test_a_resource_as_long_as_its_limit_is_read_and_one_byte_more_is_refused(self, source):
        size = len(TREE["log/records/000"])
        assert len(await source.fetch("records/000", size)) == size
        with pytest.raises(LogRefused) as caught:
            await source.fetch("records/000", size - 1)
        assert caught.value.code is LogCode.LIMIT

    @pytest.mark.parametrize("path", [f"record/{GONE}", f"file/{GONE}"])
    async def test_an_absent_record_or_file_is_not_served_which_is_no_failure_of_the_log(self, source, path):
        with pytest.raises(NotServed) as caught:
            await source.fetch(path, 1000)
        assert caught.value.status == 404
        assert not isinstance(caught.value, LogRefused)

    @pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/000", "records/001", "tile/0/000.p/2"])
    async def test_an_absent_tile_or_bundle_is_absent_and_unreachable(self, source, path):
        with pytest.raises(Absent) as caught:
            await source.fetch(path, 1000)
        assert caught.value.code is LogCode.UNREACHABLE

    @pytest.mark.parametrize("path", ["../member.json", "records/../checkpoint", "notes of the operator.txt", ""])
    async def test_a_path_outside_the_grammar_is_never_asked_for(self, source, path):
        with pytest.raises(FormatError):
            await source.fetch(path, 1000)

    async def test_many_readers_at_once_get_their_own_answers(self, source):
        paths = ["records/000", f"record/{DIGEST}", "tile/0/000.p/3", "tile/entries/x001/234"] * 25
        bodies = await asyncio.gather(*(source.fetch(path, 1000) for path in paths))
        assert bodies == [TREE[f"log/{path}"] for path in paths]

    async def test_it_has_a_name_for_reports(self, source):
        assert source.name.endswith("/log")
        assert not source.is_origin


class TestHttp:
    """What only a server can do."""

    @pytest.mark.parametrize("status", [404, 410, 451])
    async def test_an_erased_and_a_blocked_record_are_not_served(self, status):
        async def handler(request):
            return web.Response(status=status)

        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        allowed = (ip_network("127.0.0.0/8"),)
        async with TestServer(app, host="127.0.0.1") as server, Client(SMALL, allowed) as client:
            source = HttpSource(client, f"http://127.0.0.1:{server.port}/log/")
            with pytest.raises(NotServed) as caught:
                await source.fetch(f"record/{DIGEST}", 1000)
            with pytest.raises(Absent):
                await source.checkpoint(None)
        assert caught.value.status == status

    async def test_the_meter_of_a_harvest_counts_the_requests_of_its_sources(self, tmp_path):
        async with http_source(write_directory(tmp_path)) as plain:
            meter = Meter()
            source = HttpSource(plain.client, plain.prefix, is_origin=True, meter=meter)
            await plain.checkpoint(None)
            _, tag = await source.checkpoint(None)
            await source.checkpoint(tag)
        assert (meter.requests, meter.bytes) == (2, len(TREE["log/checkpoint"]))
        assert source.is_origin

    async def test_a_checkpoint_above_the_limit_of_notes_is_refused(self, tmp_path):
        write_directory(tmp_path, {"log/checkpoint": b"x" * 101})
        async with http_source(tmp_path) as source:
            with pytest.raises(LogRefused) as caught:
                await source.checkpoint(None)
        assert caught.value.code is LogCode.LIMIT


@pytest.fixture(params=["directory", "zip"])
def pack(request, tmp_path):
    """Writes a tree in either form."""

    def write(tree):
        if request.param == "zip":
            return write_zip(tmp_path / "tree.zip", tree)
        return write_directory(tmp_path / "tree", tree)

    return write


class TestOfflineTree:
    """A web root in files."""

    async def test_logs_are_found_by_the_origin_line(self, pack):
        with open_tree(pack(TREE)) as tree:
            logs = dict(tree.logs())
            note, _ = await logs[OTHER].checkpoint(None)
            assert await logs[ORIGIN].fetch(f"record/{DIGEST}", 1000) == RECORD
        assert list(logs) == [ORIGIN, OTHER]
        assert note == TREE[f"{MIRROR}/checkpoint"]

    def test_other_files_of_the_web_root_are_read_by_name(self, pack):
        with open_tree(pack(TREE)) as tree:
            assert tree.read("member.json", 10) == b"{}"
            with pytest.raises(Absent):
                tree.read("node.jsonld", 10)
            with pytest.raises(Absent):
                tree.read("log", 10)
            with pytest.raises(Absent):
                tree.read("member.json/below", 10)

    def test_a_tree_without_logs_has_none(self, pack):
        with open_tree(pack({"member.json": b"{}"})) as tree:
            assert tree.logs() == []

    def test_folders_that_are_no_mirrors_are_not_logs(self, pack):
        tree = {
            "mirror/readme/checkpoint": b"x\n",
            "mirror/" + "A" * 64 + "/checkpoint": b"x\n",
            "blog/checkpoint": b"x\n",
        }
        with open_tree(pack(tree)) as opened:
            assert opened.logs() == []

    @pytest.mark.parametrize("note", [b"", b"\xff\xfe\n", b"a\tb\n", b"x" * 70_000])
    def test_a_log_with_an_unreadable_origin_is_listed_and_hides_no_other(self, pack, note):
        with open_tree(pack(TREE | {"log/checkpoint": note})) as tree:
            assert [origin for origin, _ in tree.logs()] == ["", OTHER]

    @pytest.mark.parametrize(
        "name", ["/etc/passwd", "../x", "log/../x", "log//x", "./x", "a\\b", "C:x", "", "a\0b", "log/"]
    )
    def test_a_name_that_leads_elsewhere_is_not_read(self, pack, name):
        with open_tree(pack(TREE)) as tree, pytest.raises(FormatError):
            tree.read(name, 10)

    def test_nothing_at_the_path_is_an_error_with_a_sentence(self, tmp_path):
        with pytest.raises(FormatError, match="no ZIP archive"):
            open_tree(tmp_path / "absent.zip")


class TestDirectory:
    """Links in directories."""

    def test_a_link_anywhere_in_the_logs_is_refused_at_once(self, tmp_path):
        for number, name in enumerate(["log/record", f"{MIRROR}/tile", "log/records/x001/234", "mirror", "log"]):
            root = tmp_path / str(number)
            place = root / name
            place.parent.mkdir(parents=True)
            place.symlink_to("/etc", target_is_directory=True)
            with pytest.raises(FormatError, match="is a link"):
                open_tree(root)

    def test_a_dangling_link_and_a_link_to_a_neighbour_are_links_too(self, tmp_path):
        write_directory(tmp_path)
        for target in ("nowhere", "000"):
            (tmp_path / "log/records/001").symlink_to(target)
            with pytest.raises(FormatError, match="records/001"):
                open_tree(tmp_path)
            (tmp_path / "log/records/001").unlink()

    async def test_a_link_that_appears_later_is_not_followed(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_bytes(b"secret")
        async with tree_source(write_directory(tmp_path / "root")) as source:
            (tmp_path / "root/log/records/001").symlink_to(secret)
            (tmp_path / "root/log/record").rename(tmp_path / "moved")
            (tmp_path / "root/log/record").symlink_to(tmp_path / "moved")
            for path in ("records/001", f"record/{DIGEST}"):
                with pytest.raises(LogRefused, match="is a link") as caught:
                    await source.fetch(path, 1000)
                assert not isinstance(caught.value, Absent)

    def test_the_root_itself_may_be_reached_through_a_link(self, tmp_path):
        write_directory(tmp_path / "real")
        (tmp_path / "link").symlink_to("real")
        assert len(open_tree(tmp_path / "link").logs()) == 2

    async def test_a_pipe_in_place_of_a_file_blocks_nobody(self, tmp_path):
        write_directory(tmp_path)
        os.mkfifo(tmp_path / "log/records/001")
        async with tree_source(tmp_path) as source, asyncio.timeout(2):
            with pytest.raises(Absent):
                await source.fetch("records/001", 10)


class TestZip:
    """Archives that were not made by an export."""

    @pytest.mark.parametrize(
        "name",
        [
            "/etc/passwd",
            "../log/checkpoint",
            "log/../../x",
            "log/./x",
            "log//x",
            "..",
            "C:/x",
            "c:x",
            "log\\x",
            "a\0b",
            "//h/x",
        ],
    )
    def test_a_name_that_leads_elsewhere_refuses_the_archive(self, tmp_path, name):
        path = tmp_path / "evil.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info(name), b"x")
        with pytest.raises(FormatError, match=r"evil\.zip: .*leads elsewhere"):
            open_tree(path)

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
    def test_a_link_or_device_refuses_the_archive(self, tmp_path, kind):
        path = tmp_path / "evil.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info("log/checkpoint", kind | 0o777), b"/etc/passwd")
        with pytest.raises(FormatError, match="is a link"):
            open_tree(path)

    def test_a_name_that_stands_twice_refuses_the_archive(self, tmp_path):
        path = tmp_path / "evil.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("log/checkpoint", b"one")
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("log/checkpoint", b"two")
        with pytest.raises(FormatError, match="twice"):
            open_tree(path)

    def test_an_encrypted_entry_refuses_the_archive(self, tmp_path):
        path = write_zip(tmp_path / "evil.zip", {"log/checkpoint": b"x"})
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(data)
        with pytest.raises(FormatError, match="encrypted"):
            open_tree(path)

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_a_method_other_than_deflate_refuses_the_archive(self, tmp_path, method):
        path = write_zip(tmp_path / "evil.zip", {"log/checkpoint": b"x"}, method)
        with pytest.raises(FormatError, match="deflate"):
            open_tree(path)

    def test_folders_and_modes_of_ordinary_tools_are_taken(self, tmp_path):
        path = tmp_path / "tree.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.mkdir("log")
            archive.writestr(info("log/checkpoint", stat.S_IFREG | 0o644), TREE["log/checkpoint"])
        with open_tree(path) as tree:
            assert [origin for origin, _ in tree.logs()] == [ORIGIN]

    @pytest.mark.parametrize("claim", [10, 50_000_000, 0xFFFF_FFF0])
    async def test_a_bomb_is_unpacked_no_further_than_asked_whatever_its_header_claims(self, tmp_path, claim):
        path = write_zip(tmp_path / "bomb.zip", {"log/records/000": bytes(50_000_000)})
        data = bytearray(path.read_bytes())
        size = data.index(b"PK\x01\x02") + 24
        data[size : size + 4] = claim.to_bytes(4, "little")
        path.write_bytes(data)
        async with tree_source(path) as source:
            with pytest.raises(LogRefused) as caught:
                await source.fetch("records/000", 1000)
        # A claim below the limit ends in a wrong checksum instead, after as many bytes as it claims.
        assert caught.value.code is (LogCode.UNREACHABLE if claim == 10 else LogCode.LIMIT)

    @pytest.mark.parametrize("harm", ["cut", "empty", "text"])
    def test_a_damaged_archive_is_refused_with_a_sentence(self, tmp_path, harm):
        path = write_zip(tmp_path / "tree.zip")
        data = path.read_bytes()
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "text": b"no archive"}[harm])
        with pytest.raises(FormatError, match=r"tree\.zip is no ZIP archive, or a damaged one"):
            open_tree(path)

    async def test_a_damaged_entry_is_unreachable_and_the_others_are_read(self, tmp_path):
        path = write_zip(tmp_path / "tree.zip", method=zipfile.ZIP_STORED)
        path.write_bytes(path.read_bytes().replace(b"more entries", b"more antries"))
        async with tree_source(path) as source:
            with pytest.raises(LogRefused, match="damaged") as caught:
                await source.fetch("tile/entries/x001/234", 1000)
            assert await source.fetch("tile/entries/000.p/3", 1000) == b"entries"
        assert caught.value.code is LogCode.UNREACHABLE

    @given(st.data())
    def test_no_damage_escapes_as_anything_but_a_refusal(self, tmp_path_factory, data):
        buffer = io.BytesIO()
        write_zip(buffer)
        raw = bytearray(buffer.getvalue())
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        path = tmp_path_factory.getbasetemp() / "fuzzed.zip"
        path.write_bytes(raw)
        with suppress(SyncError), open_tree(path) as tree:
            for name in TREE:
                with suppress(SyncError):
                    assert len(tree.read(name, 50)) <= 50


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/entries/x001/234.p/5", "records/x001/000", f"record/{DIGEST}", f"file/{DIGEST}"]
)
def test_paths_of_the_url_grammar_pass(path):
    check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "records/000.p/5",
        "records/1000",
        f"record/{DIGEST.upper()}",
        f"record/{DIGEST}/",
        "record/",
        "/tile/0/000",
    ],
)
def test_paths_outside_the_url_grammar_are_refused(path):
    with pytest.raises(FormatError):
        check_path(path)
