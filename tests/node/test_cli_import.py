"""`chm import` says what becomes of every line, and publishes what is fit."""

import json
import os
import pty
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import apsw
import pytest

from tests.node.command import CHM, chm, chm_json, draft, make_node, publish, records_of, served, wait_for, write_lines

MIXED = (
    draft("Rangers"),
    '{"type": "Need", ',
    "",
    draft("Foresters", gbfTargets=["GBF-TARGET-99"]),
    draft("Divers", government="UG"),
    draft("Botanists", government="KE"),
)


@pytest.fixture
def kenya(folder, database_url):
    return make_node(folder / "kenya", database=database_url)


@pytest.fixture
def mixed(folder):
    return write_lines(folder / "needs.jsonl", *MIXED)


def test_without_publish_it_is_a_rehearsal(kenya, mixed):
    told = chm("-C", kenya, "import", mixed, status=1).stdout
    assert "2 records would be published, 3 refused" in told
    assert "nothing was published" in told
    report = chm_json("-C", kenya, "import", mixed, status=1)
    assert (report["accepted"], report["file"], report["published"]) == (2, None, False)
    assert records_of(kenya) == {}
    assert not list(mixed.parent.glob("*.refused*"))


def test_a_rehearsal_refuses_what_publishing_refuses(kenya, mixed):
    rehearsed = chm_json("-C", kenya, "import", mixed, status=1)
    published = chm_json("-C", kenya, "import", mixed, "--publish", status=1)
    assert rehearsed["refused"] == published["refused"]
    assert rehearsed["accepted"] == published["accepted"]


def test_good_lines_are_published_and_bad_ones_named(kenya, mixed):
    report = chm_json("-C", kenya, "import", mixed, "--publish", status=1)
    assert report["accepted"] == 2
    assert [(one["line"], one["field"], one["code"]) for one in report["refused"]] == [
        (2, None, "form"),
        (4, "gbfTargets[0]", "unknown-code"),
        (5, "government", "not-allowed"),
    ]
    assert all(set(one) == {"line", "field", "code", "detail"} and one["detail"] for one in report["refused"])
    assert set(records_of(kenya)) == {"Rangers", "Botanists"}
    assert chm_json("-C", kenya, "log", "show")["size"] == 2
    assert chm_json("-C", kenya, "check")["ok"]


def test_what_was_published_is_named_with_its_line(kenya, mixed):
    report = chm_json("-C", kenya, "import", mixed, "--publish", status=1)
    there = records_of(kenya)
    assert [(one["line"], one["id"], one["identifier"]) for one in report["records"]] == [
        (line, there[title].iri, there[title].document()["identifier"])
        for line, title in ((1, "Rangers"), (6, "Botanists"))
    ]
    told = chm("-C", kenya, "import", mixed, "--publish", status=1).stdout
    assert [line.partition(",")[0] for line in told.splitlines() if "/records/" in line] == [
        "line 1: CHM-BBR-KE-3",
        "line 6: CHM-BBR-KE-4",
    ]
    assert chm_json("-C", kenya, "import", mixed, status=1)["records"] == []


def test_of_many_records_the_first_are_named(kenya, folder):
    file = write_lines(folder / "many.jsonl", *(draft(f"Need {number}") for number in range(8)))
    told = chm("-C", kenya, "import", file, "--publish").stdout
    assert told.count("/records/") == 5
    assert "3 more records" in told


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("needs.csv", b"type,title\nNeed,Rangers\n" * 9),
        ("needs.xlsx", b"PK\x03\x04 and more"),
        ("renamed.jsonl", b"PK\x03\x04 and more"),
        ("wide.jsonl", '{"type": "Need"}\n'.encode("utf-16")),
        ("wide-without-mark.jsonl", '{"type": "Need"}\n'.encode("utf-16-le")),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_sentence(kenya, folder, name, data):
    (folder / name).write_bytes(data)
    refused = chm("-C", kenya, "import", folder / name, status=1)
    assert "save as UTF-8 JSON Lines" in refused.stderr
    assert refused.output.count("\n") == 1


def test_refused_lines_can_be_mended_and_imported_again(kenya, mixed):
    report = chm_json("-C", kenya, "import", mixed, "--publish", status=1)
    left = mixed.with_name("needs.refused.jsonl")
    assert report["file"] == str(left)
    lines = mixed.read_text().splitlines()
    assert left.read_text().splitlines() == [lines[1], lines[3], lines[4]]
    write_lines(left, draft("Foresters"), draft("Divers", government="KE"))
    again = chm_json("-C", kenya, "import", left, "--publish")
    assert [one["line"] for one in again.pop("records")] == [1, 2]
    assert again == {"accepted": 2, "refused": [], "file": None, "published": True}
    assert set(records_of(kenya)) == {"Rangers", "Botanists", "Foresters", "Divers"}


def test_a_file_of_refused_lines_is_never_written_over(kenya, mixed):
    first = mixed.with_name("needs.refused.jsonl")
    first.write_text("my own notes\n")
    assert chm_json("-C", kenya, "import", mixed, "--publish", status=1)["file"].endswith("needs.refused-2.jsonl")
    assert chm_json("-C", kenya, "import", mixed, "--publish", status=1)["file"].endswith("needs.refused-2.jsonl")
    assert first.read_text() == "my own notes\n"


def test_an_id_makes_a_new_revision(kenya):
    publish(kenya, draft("Rangers"))
    iri = records_of(kenya)["Rangers"].iri
    publish(kenya, draft("Rangers, and their dogs", id=iri))
    found = records_of(kenya)
    assert list(found) == ["Rangers, and their dogs"]
    assert (found["Rangers, and their dogs"].iri, found["Rangers, and their dogs"].rev) == (iri, 2)


def test_a_file_without_records_is_no_failure(kenya, folder):
    report = chm_json("-C", kenya, "import", write_lines(folder / "none.jsonl", ""), "--publish")
    assert report == {"accepted": 0, "records": [], "refused": [], "file": None, "published": True}


def test_a_file_that_is_not_there_is_wrong_usage(kenya, folder):
    assert "does not exist" in chm("-C", kenya, "import", folder / "nowhere.jsonl", "--publish", status=2).stderr


def test_more_than_one_batch_is_published_in_order(kenya, folder):
    report = publish(kenya, *(draft(f"Need {number}") for number in range(1100)))
    assert report["accepted"] == 1100
    identifiers = {title: record.identifier for title, record in records_of(kenya).items()}
    assert all(identifiers[f"Need {number}"].endswith(f"-{number + 1}") for number in range(100, 1100))


def test_it_works_beside_a_running_server(kenya, folder):
    files = [write_lines(folder / f"{part}.jsonl", *(draft(f"{part} {n}") for n in range(20))) for part in range(3)]

    def imported(file):
        words = [CHM, "-C", kenya, "import", file, "--publish", "--json"]
        return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)["accepted"]

    with served(kenya), ThreadPoolExecutor() as pool:
        assert list(pool.map(imported, files)) == [20, 20, 20]
    assert len(records_of(kenya)) == 60
    assert chm_json("-C", kenya, "check")["ok"]


def test_a_disk_that_is_full_is_told_in_one_sentence(folder):
    kenya = make_node(folder / "kenya")
    file = write_lines(folder / "needs.jsonl", *(draft(f"Need {number}") for number in range(3000)))
    limited = f"ulimit -f 2000; exec {CHM} -C {kenya} import {file} --publish"
    done = subprocess.run(["bash", "-c", f"trap '' XFSZ; {limited}"], capture_output=True, text=True, check=False)
    assert done.returncode in {1, 4}
    assert "Traceback" not in done.stderr
    assert "is done at least up to line" in done.stderr
    assert "is the disk full or failing?" in done.stderr
    assert chm_json("-C", kenya, "check")["ok"]


def staged(node):
    """How many entries wait, by a look so short that the import is still at its first batches."""
    connection = apsw.Connection(str(node / "chm.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    [(count,)] = connection.execute("select count(*) from staged").fetchall()
    connection.close()
    return count


def test_an_interrupted_import_says_how_far_it_came(folder):
    kenya = make_node(folder / "kenya")
    file = write_lines(folder / "needs.jsonl", *(draft(f"Need {number}") for number in range(20_000)))
    words = [CHM, "-C", kenya, "import", file, "--publish"]
    # Whoever runs the tests in the background may have had SIGINT ignored, which children inherit.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    importer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=heed)  # noqa: PLW1509 - no threads
    wait_for(lambda: staged(kenya))
    importer.send_signal(signal.SIGINT)
    said = importer.communicate(timeout=20)[1]
    assert importer.returncode == 1
    assert "Traceback" not in said
    done = int(re.search(r"is done at least up to line (\d+)", said)[1])
    chm("-C", kenya, "import", write_lines(folder / "none.jsonl", ""), "--publish")
    assert chm_json("-C", kenya, "log", "show")["size"] in {done, done + 512}


def test_progress_moves_on_a_terminal(folder):
    kenya = make_node(folder / "kenya")
    file = write_lines(folder / "needs.jsonl", *(draft(f"Need {number}") for number in range(600)))
    terminal, end = pty.openpty()
    done = subprocess.run([CHM, "-C", kenya, "import", file], stdout=subprocess.PIPE, stderr=end, check=True)
    os.close(end)
    shown = os.read(terminal, 10_000)
    os.close(terminal)
    assert b"needs.jsonl, line 512" in shown
    assert shown.endswith(b"\r\x1b[K")
    assert b"\x1b" not in done.stdout


def test_what_was_published_is_told_even_if_refused_lines_cannot_be_kept(folder):
    kenya = make_node(folder / "kenya")
    file = write_lines(folder / f"{'n' * 245}.jsonl", *MIXED)  # with `.refused` the name is longer than a name may be
    result = chm("-C", kenya, "import", file, "--publish", status=1)
    assert "could not be written" in result.stderr
    assert "2 records published, 3 refused" in result.stdout
