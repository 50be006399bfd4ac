"""`chm peer` pins whom the operator means, and nobody else."""

import json

import pytest

from tests.node.command import chm, chm_json, free_port, make_node, member_of, served


@pytest.fixture
def kenya(folder):
    return make_node(folder / "kenya")


@pytest.fixture
def region(folder):
    return make_node(folder / "region", "UG")


def peers(node):
    return {peer["origin"]: peer for peer in chm_json("-C", node, "peer", "list")["peers"]}


def test_a_peer_is_pinned_by_its_file_and_believed_for_nobody(region, kenya):
    told = chm("-C", region, "peer", "add", kenya / "member.json").stdout
    assert member_of(kenya).fingerprint() in told
    assert "speaks for KE, which you have not accepted" in told
    [peer] = peers(region).values()
    assert (peer["origin"], peer["governments"], peer["last_try"]) == (member_of(kenya).origin, [], None)
    assert peer["fingerprint"] == member_of(kenya).fingerprint()
    assert "not harvested yet" in chm("-C", region, "peer", "list").stdout


def test_pinning_again_replaces_what_the_operator_accepts(region, kenya):
    chm("-C", region, "peer", "add", kenya / "member.json")
    source = "http://localhost:9/log"
    added = ("-C", region, "peer", "add", kenya / "member.json", "--government", "KE", "--source", f"{source}/")
    assert chm_json(*added)["governments"] == ["KE"]
    [peer] = peers(region).values()
    assert (peer["governments"], peer["sources"]) == (["KE"], [source])


def test_a_url_is_pinned_only_with_its_fingerprint(region, folder):
    port = free_port()
    kenya = make_node(folder / "kenya", port=port)
    add = ("-C", region, "peer", "add", f"http://localhost:{port}", "--government", "KE")
    with served(kenya):
        assert "--fingerprint" in chm(*add, status=2).stderr
        refused = chm(*add, "--fingerprint", "0" * 64, status=1).stderr
        assert member_of(kenya).fingerprint() in refused
        assert peers(region) == {}
        chm(*add, "--fingerprint", member_of(kenya).fingerprint().upper())
    assert list(peers(region)) == [member_of(kenya).origin]


def test_a_url_that_does_not_answer_is_tried_later(region):
    add = ("-C", region, "peer", "add", f"http://localhost:{free_port()}/member.json", "--fingerprint", "0" * 64)
    assert "UNREACHABLE" in chm(*add, status=4).stderr


def test_a_private_address_is_not_asked_unless_allowed(region):
    settings = (region / "node.toml").read_text()
    (region / "node.toml").write_text(settings.replace("allow_private", "#allow_private"))
    refused = chm("-C", region, "peer", "add", "http://localhost:1", "--fingerprint", "0" * 64, status=4).stderr
    assert "allow_private" in refused


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-40], "this is no member descriptor"),
        (lambda text: text.replace('"national"', '""'), "`kind`"),
        (lambda text: "[]", "must be one JSON object"),
    ],
)
def test_a_damaged_descriptor_is_refused(region, kenya, change, said):
    path = kenya / "member.json"
    path.write_text(change(path.read_text()))
    assert said in chm("-C", region, "peer", "add", path, status=1).stderr


def test_our_own_descriptor_is_refused(region):
    assert "this node itself" in chm("-C", region, "peer", "add", region / "member.json", status=1).stderr


def test_a_file_that_is_not_there_is_named(region, folder):
    assert "nowhere.json" in chm("-C", region, "peer", "add", folder / "nowhere.json", status=1).stderr


@pytest.mark.parametrize("words", ["--government Kenya", "--government ke", "--source ftp://x/log"])
def test_what_the_operator_mistypes_is_wrong_usage(region, kenya, words):
    option, value = words.split()
    assert value in chm("-C", region, "peer", "add", kenya / "member.json", option, value, status=2).stderr


def test_a_removed_peer_is_harvested_no_longer(region, kenya):
    origin = member_of(kenya).origin
    chm("-C", region, "peer", "add", kenya / "member.json")
    assert "no longer harvested" in chm("-C", region, "peer", "remove", origin).stdout
    assert peers(region) == {}
    assert "is no peer" in chm("-C", region, "peer", "remove", origin, status=1).stderr
    assert chm_json("-C", region, "harvest") == {"logs": []}


def test_a_list_without_peers_says_how_to_add_one(region):
    assert "chm peer add" in chm("-C", region, "peer", "list").stdout
    assert "chm peer add" in chm("-C", region, "harvest").stdout


def test_only_what_is_stopped_can_be_resumed(region, kenya):
    origin = member_of(kenya).origin
    assert "is no peer" in chm("-C", region, "peer", "resume", origin, status=1).stderr
    chm("-C", region, "peer", "add", kenya / "member.json")
    assert "nothing to resume" in chm("-C", region, "peer", "resume", origin).stdout


def test_a_fork_stops_a_peer_until_a_person_resumes_it(region, kenya, folder):
    """Two histories under one key: a copy of the node, from before, has gone its own way."""
    import shutil

    from tests.node.command import draft, publish

    origin = member_of(kenya).origin
    shutil.copytree(kenya, folder / "copy")
    for node, title in ((kenya, "Rangers"), (folder / "copy", "Poachers")):
        publish(node, draft(title))
        chm("-C", node, "log", "export", folder / f"{node.name}-export")
    chm("-C", region, "peer", "add", kenya / "member.json", "--government", "KE")
    chm("-C", region, "harvest", "--from", folder / "kenya-export")
    [report] = chm_json("-C", region, "harvest", "--from", folder / "copy-export", status=3)["logs"]
    assert (report["status"], report["code"]) == ("refused", "FORK")
    assert "STOPPED" in chm("-C", region, "peer", "list").stdout
    [report] = chm_json("-C", region, "harvest", "--from", folder / "kenya-export", status=3)["logs"]
    assert report["code"] == "FORK"
    chm("-C", region, "peer", "resume", origin)
    [kept] = region.glob("fork-*.json")
    assert len(json.loads(kept.read_text())["notes"]) == 2
    [report] = chm_json("-C", region, "harvest", "--from", folder / "kenya-export")["logs"]
    assert report["status"] == "ok"
