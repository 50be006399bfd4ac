"""`chm verify` checks what a node published for somebody who has nothing but its descriptor."""

import json

import pytest

from tests.node.command import chm, chm_json, draft, free_port, make_node, member_of, publish, records_of, served


@pytest.fixture
def kenya(folder):
    node = make_node(folder / "kenya", port=free_port())
    publish(node, draft("Rangers"), draft("Divers", government="KE"))
    return node


@pytest.fixture(params=["export", "export.zip"])
def export(request, kenya):
    chm("-C", kenya, "log", "export", kenya.parent / request.param)
    return kenya.parent / request.param


def test_an_export_is_verified_with_the_descriptor(kenya, export):
    report = chm_json("verify", export, "--member", kenya / "member.json")
    assert set(report) == {"ok", "checked", "not_covered", "findings"}
    assert (report["ok"], report["findings"]) == (True, [])
    assert report["checked"]["records"] == 2
    assert ": verified (" in chm("verify", export, "--member", kenya / "member.json").stdout


def test_without_keys_it_says_what_it_could_not_check(export):
    report = chm_json("verify", export, status=1)
    assert not report["ok"]
    assert report["not_covered"]
    assert "--member" in chm("verify", export, status=1).stdout


def test_a_log_alone_is_verified_with_its_key(kenya, folder):
    chm("-C", kenya, "log", "export", folder / "export")
    [vkey] = chm_json("-C", kenya, "log", "show")["vkeys"]
    report = chm_json("verify", folder / "export/log", "--vkey", vkey)
    assert report["ok"]
    assert report["not_covered"]


def test_a_changed_record_is_found(kenya, folder):
    chm("-C", kenya, "log", "export", folder / "export")
    bundle = folder / "export/log/records/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"Rangers", b"Poacher"))
    report = chm_json("verify", folder / "export", "--member", kenya / "member.json", status=1)
    assert {finding["code"] for finding in report["findings"]} == {"HASH"}
    assert all(set(finding) == {"where", "code", "detail"} for finding in report["findings"])


def test_a_record_is_verified_by_itself(kenya, folder):
    record = folder / "record.json"
    record.write_bytes(records_of(kenya)["Rangers"].body)
    assert chm_json("verify", record, "--member", kenya / "member.json")["ok"]
    record.write_bytes(record.read_bytes().replace(b"Rangers", b"Poacher"))
    assert "PROOF" in chm("verify", record, "--member", kenya / "member.json", status=1).stdout


def test_what_is_served_is_verified_from_outside(kenya):
    iri = records_of(kenya)["Divers"].iri
    trust = ("--member", kenya / "member.json")
    with served(kenya):
        for url in (iri, f"{iri}/proof", member_of(kenya).base_url, f"{member_of(kenya).base_url}/log"):
            report = chm_json("verify", url, *trust)
            assert (report["ok"], report["findings"]) == (True, []), url
    assert chm_json("verify", iri, *trust, status=4)["findings"][0]["code"] == "UNREACHABLE"


def test_the_key_of_another_node_verifies_nothing(export, folder):
    other = make_node(folder / "other", "UG")
    assert not chm_json("verify", export, "--member", other / "member.json", status=1)["ok"]


@pytest.mark.parametrize("option", ["--vkey", "--member"])
def test_keys_that_are_none_are_wrong_usage(export, folder, option):
    (folder / "note.txt").write_text(json.dumps({"name": "Kenya"}))
    assert option in chm("verify", export, option, folder / "note.txt", status=2).stderr


def test_what_is_nothing_of_ours_is_named(folder):
    (folder / "letter.txt").write_text("Dear colleague")
    report = chm_json("verify", folder / "letter.txt", status=1)
    assert not report["ok"]
    assert report["findings"]
