"""`chm init` makes a whole node, or nothing."""

import hashlib
import json
import os
import stat

import pytest

from tests.node.command import chm, chm_json, make_node, member_of

KENYA = ("--name", "Kenya", "--base-url", "https://chm.example.ke")


def contents(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_node_is_sound_on_both_databases(folder, database_url):
    made = chm("init", folder / "kenya", *KENYA, "--government", "KE", "--database", database_url)
    assert member_of(folder / "kenya").fingerprint() in made.output
    found = chm_json("-C", folder / "kenya", "check")
    assert (found["ok"], found["findings"], found["staged"]) == (True, [], 0)
    shown = chm_json("-C", folder / "kenya", "log", "show")
    assert (shown["origin"], shown["size"]) == ("chm.example.ke/log", 0)
    assert shown["checkpoint"].startswith("chm.example.ke/log\n0\n")


def test_it_prints_the_descriptor_it_has_written(folder):
    printed = chm_json("init", folder / "kenya", *KENYA, "--kind", "regional")
    assert printed == json.loads((folder / "kenya/member.json").read_text())
    assert (printed["kind"], printed["origin"]) == ("regional", "chm.example.ke/log")


def test_only_the_owner_can_read_the_keys(folder):
    chm("init", folder / "kenya", *KENYA)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "kenya/keys").iterdir()}
    assert stat.S_IMODE((folder / "kenya/keys").stat().st_mode) == 0o700
    assert len(modes) == 5
    assert set(modes.values()) == {0o600}


def test_a_second_init_is_refused_and_changes_nothing(folder):
    chm("init", folder / "kenya", *KENYA)
    before = contents(folder)
    refused = chm("init", folder / "kenya", *KENYA, status=1)
    assert "is a node already" in refused.stderr
    assert contents(folder) == before


def test_a_folder_with_something_in_it_is_refused(folder):
    (folder / "letter.txt").write_text("Dear colleague")
    assert "is not empty" in chm("init", folder, *KENYA, status=1).stderr
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_an_empty_folder_that_others_prepared_is_used(folder):
    (folder / "prepared").mkdir()
    chm("init", folder / "prepared", *KENYA)
    assert chm_json("-C", folder / "prepared", "check")["ok"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--base-url", "https://chm.example.ke/"),
        ("--base-url", "http://chm.example.ke"),
        ("--database", "mysql://localhost/chm"),
        ("--database", "postgresql:///nowhere?host=/nonexistent"),
        ("--database", "sqlite:////nonexistent/chm.sqlite"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "new"])
def test_a_failed_init_leaves_the_place_as_it_was(folder, wrong, prepared):
    place = folder / "kenya"
    if prepared:
        place.mkdir()
    refused = chm("init", place, *KENYA, *wrong, status=4 if "nonexistent" in wrong[1] else 1)
    assert refused.stderr.startswith("chm: ")
    assert refused.stderr.count("\n") == 1
    assert list(folder.iterdir()) == ([place] if prepared else [])
    assert not prepared or not list(place.iterdir())


def test_a_database_that_holds_a_log_is_not_given_to_a_second_node(folder, database_url):
    url = database_url if database_url.startswith("postgres") else f"sqlite:///{folder}/shared.sqlite"
    chm("init", folder / "kenya", *KENYA, "--database", url)
    refused = chm(
        "init", folder / "malawi", "--name", "Malawi", "--base-url", "https://m.example", "--database", url, status=1
    )
    assert "already holds the log chm.example.ke/log" in refused.stderr
    assert not (folder / "malawi").exists()
    assert chm_json("-C", folder / "kenya", "check")["ok"]


def test_what_a_killed_init_left_is_named(folder):
    (folder / "kenya/.chm-init").mkdir(parents=True)
    assert "unfinished `chm init`" in chm("init", folder / "kenya", *KENYA, status=1).stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(folder):
    folder.chmod(0o500)
    assert "Permission denied" in chm("init", folder / "kenya", *KENYA, status=1).stderr


@pytest.mark.parametrize("words", [(), ("--name", "Kenya"), (*KENYA, "--kind", "international")], ids=len)
def test_wrong_usage_is_status_2(folder, words):
    assert "Usage: " in chm("init", folder / "kenya", *words, status=2).stderr
    assert not (folder / "kenya").exists()


@pytest.mark.parametrize(
    "words",
    [
        "serve",
        "worker",
        "record withdraw x --reason error",
        "key rotate log",
        "key rotate log --finish",
        "peer list",
        "harvest",
        "log show",
        "migrate",
    ],
)
def test_a_folder_that_is_no_node_is_told_what_makes_one(folder, words):
    refused = chm("-C", folder, *words.split(), status=1)
    assert "`chm init` makes one" in refused.stderr
    assert list(folder.iterdir()) == []


def test_migrating_again_changes_nothing(folder):
    make_node(folder / "kenya")
    assert chm_json("-C", folder / "kenya", "migrate") == chm_json("-C", folder / "kenya", "migrate") == {"version": 2}


def test_a_lost_database_is_not_made_anew(folder):
    make_node(folder / "kenya")
    database = folder / "kenya/chm.sqlite"
    for lose in (database.unlink, database.touch):
        lose()
        for words in (["migrate"], ["check"], ["serve"], ["log", "show"]):
            refused = chm("-C", folder / "kenya", *words, status=1)
            assert "missing or empty: put back a backup" in refused.stdout + refused.stderr
            assert not database.exists() or not database.stat().st_size


def test_the_database_is_for_its_owner_alone(folder):
    before = os.umask(0o022)
    try:
        make_node(folder / "kenya")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "kenya/chm.sqlite").stat().st_mode) == 0o600


def test_a_government_in_small_letters_is_told_how_to_write_it(folder):
    refused = chm("init", folder / "kenya", *KENYA, "--government", "ke", status=2).stderr
    assert "--government" in refused
    assert "write KE" in refused
    assert "such as KE" in chm("init", folder / "kenya", *KENYA, "--government", "Kenya", status=2).stderr
    assert not (folder / "kenya").exists()


def test_the_next_command_can_be_copied_whatever_the_folder_is_called(folder):
    assert f"chm -C '{folder}/my node' serve" in chm("init", folder / "my node", *KENYA).stdout
