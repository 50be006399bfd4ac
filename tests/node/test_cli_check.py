"""`chm check` finds what is damaged, and says where."""

import shutil
import sqlite3
from dataclasses import replace

import pytest

from chmsync.note import Note
from tests.node.command import chm, chm_json, draft, make_node, member_of, publish, write_lines


@pytest.fixture
def kenya(folder):
    node = make_node(folder / "kenya")
    publish(node, *(draft(f"Need {number}") for number in range(600)))
    return node


def alter(node, statement):
    """Somebody's hand in the database."""
    with sqlite3.connect(node / "chm.sqlite") as database:
        assert database.execute(statement).rowcount
    database.close()


def found(node):
    """Place and code of everything that `check` finds."""
    report = chm_json("-C", node, "check", status=1)
    assert not report["ok"]
    return {(one["where"], one["code"]) for one in report["findings"]}


def test_a_sound_node_is_read_to_the_end(kenya):
    report = chm_json("-C", kenya, "check")
    assert report == {
        "ok": True,
        "checked": {
            "settings": 1,
            "keys": 5,
            "databases": 1,
            "logs": 1,
            "entries": 600,
            "records": 600,
            "clocks": 1,
            "findable": 600,
        },
        "not_covered": [],
        "findings": [],
        "staged": 0,
    }
    assert "All is well." in chm("-C", kenya, "check").stdout


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update entry set leaf = cast(replace(leaf, 'Need', 'Nerd') as blob) where idx = 7", "BAD_BUNDLE"),
        ("delete from entry where idx = 599", "BAD_BUNDLE"),
        ("update revision set body = cast(replace(body, 'Need 7', 'Nerd 7') as blob) where idx = 7", "HASH"),
        ("update revision set body = null where idx = 7", "MISSING"),
        ("update node set hash = zeroblob(32) where idx = 1", "BAD_TILE"),
        ("update log set size = 599", "BAD_NOTE"),
        ("update log set note = cast(replace(note, char(10) || '600', char(10) || '601') as blob)", "BAD_NOTE"),
    ],
    ids=["entry", "entry gone", "text", "text gone", "tile", "size", "note"],
)
def test_a_hand_in_the_database_is_found(kenya, statement, code):
    alter(kenya, statement)
    assert (member_of(kenya).origin, code) in found(kenya)


def test_what_cannot_be_found_is_told_and_made_findable(kenya):
    alter(kenya, "delete from document where doc = 7")
    assert found(kenya) == {("search index", "INDEX")}
    assert chm_json("-C", kenya, "index", "show") == {"records": 600, "findable": 599, "current": 599}
    assert chm_json("-C", kenya, "index", "rebuild") == {"made": 1}
    assert chm_json("-C", kenya, "index", "rebuild") == {"made": 0}
    assert chm_json("-C", kenya, "index", "rebuild", "--all") == {"made": 600}
    assert chm_json("-C", kenya, "check")["ok"]


def test_a_mirrored_log_is_read_again_too(kenya, folder):
    region = make_node(folder / "region", "UG")
    chm("-C", region, "peer", "add", kenya / "member.json")
    chm("-C", kenya, "log", "export", folder / "export")
    chm("-C", region, "harvest", "--from", folder / "export")
    assert chm_json("-C", region, "check")["checked"]["records"] == 600
    alter(region, "update revision set body = cast(replace(body, 'Need 7', 'Nerd 7') as blob) where idx = 7")
    assert found(region) == {(member_of(kenya).origin, "HASH")}


def test_a_damaged_database_is_found_and_told_in_one_sentence(kenya):
    with (kenya / "chm.sqlite").open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 30 * 4096)
    assert ("database", "DATABASE") in found(kenya)
    (kenya / "chm.sqlite").write_bytes(b"no database at all" * 1000)
    for words in (["serve"], ["log", "show"], ["harvest"]):
        refused = chm("-C", kenya, *words, status=1).stderr
        assert "is damaged or no database" in refused
        assert refused.count("\n") == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text("-----BEGIN PRIVATE KEY-----"), "is damaged"),
        (lambda path: path.chmod(0o644), "chmod 600"),
    ],
    ids=["missing", "damaged", "open to others"],
)
def test_a_bad_key_is_named_with_its_mend(kenya, damage, said):
    [path] = (kenya / "keys").glob("log-*.pem")
    damage(path)
    assert ("keys", "KEYS") in found(kenya)
    for words in (["serve"], ["log", "show"], ["check"]):
        result = chm("-C", kenya, *words, status=1)
        assert said in result.stderr + result.stdout


def test_a_mistyped_setting_is_found(kenya):
    settings = kenya / "node.toml"
    settings.write_text("harvest_second = 5\n" + settings.read_text())
    assert found(kenya) == {("node.toml", "CONFIG")}
    assert "did you mean harvest_seconds?" in chm("-C", kenya, "check", status=1).stdout


def test_a_clock_behind_our_own_signatures_is_found(kenya):
    from chmnode.config import Config
    from chmnode.identity import Identity

    with sqlite3.connect(kenya / "chm.sqlite") as database:
        note = Note.parse(bytes(database.execute("select note from log").fetchone()[0]))
        witness = Identity.load(Config.load(kenya)).witness
        database.execute("update log set note = ?", [witness.endorse(note, 4_000_000_000).encode()])
    database.close()
    assert found(kenya) == {("clock", "CLOCK")}
    refused = chm("-C", kenya, "peer", "list", status=1).stderr
    assert "this node signed on 2096-10-02 07:06 UTC" in refused
    assert "set the clock" in refused
    for role in ("mirror", "witness"):
        chm("-C", kenya, "key", "rotate", role)
    publish(kenya, draft("Afterwards"))
    assert chm_json("-C", kenya, "check")["ok"]


def test_showing_the_log_signs_nothing(kenya):
    with sqlite3.connect(kenya / "chm.sqlite") as database:
        note = Note.parse(bytes(database.execute("select note from log").fetchone()[0]))
        database.execute("update log set note = ?", [replace(note, signatures=note.signatures[:1]).encode()])
    database.close()
    assert chm_json("-C", kenya, "log", "show")["cosigned"] is None
    assert chm_json("-C", kenya, "log", "show")["cosigned"] is None


def test_what_waits_for_its_place_is_told(kenya):
    other = kenya.parent / "other"
    shutil.copytree(kenya, other)
    publish(other, draft("One more"))
    with sqlite3.connect(kenya / "chm.sqlite") as database:
        database.execute("attach ? as other", [str(other / "chm.sqlite")])
        database.execute(
            "insert into staged (iri, op, rev, leaf, sha256, body) select e.iri, e.op, e.rev, e.leaf, r.sha256, r.body "
            "from other.entry e join other.revision r on r.log_id = e.log_id and r.idx = e.idx where e.idx = 600"
        )
    database.close()
    assert chm_json("-C", kenya, "check")["staged"] == 1
    assert "not yet in the log" in chm("-C", kenya, "check").stdout
    chm("-C", kenya, "import", write_lines(kenya.parent / "none.jsonl", ""), "--publish")
    assert chm_json("-C", kenya, "check")["staged"] == 0


def test_a_database_without_our_log_is_found(kenya, folder):
    make_node(folder / "empty")
    shutil.copy(folder / "empty/chm.sqlite", kenya / "chm.sqlite")
    assert (member_of(kenya).origin, "MISSING") in found(kenya)
