"""`chm key rotate` changes keys without losing a reader."""

import json

import pytest

from chmnode.cli.running import alone
from tests.node.command import chm, chm_json, draft, make_node, member_of, publish, records_of, served


@pytest.fixture
def kenya(folder, database_url):
    node = make_node(folder / "kenya", database=database_url)
    publish(node, draft("Before"))
    return node


@pytest.fixture
def region(folder, kenya):
    node = make_node(folder / "region", "UG")
    pin(node, kenya)
    return node


def pin(node, peer):
    chm("-C", node, "peer", "add", peer / "member.json", "--government", "KE")


def harvest(node, peer):
    chm("-C", peer, "log", "export", peer.parent / "export")
    [log] = chm_json("-C", node, "harvest", "--from", peer.parent / "export")["logs"]
    return log["status"], log["accepted"], len(log["quarantined"])


@pytest.mark.parametrize("role", ["log", "record"])
def test_a_rotation_is_followed_by_peers_with_the_old_and_the_new_descriptor(kenya, region, role):
    assert harvest(region, kenya) == ("ok", 1, 0)
    told = chm_json("-C", kenya, "key", "rotate", role)
    assert (told["role"], told["finished"]) == (role, False)
    assert told["fingerprint"] == member_of(kenya).fingerprint()
    publish(kenya, draft("Between"))
    assert harvest(region, kenya) == ("ok", 1, 0)
    pin(region, kenya)
    assert chm_json("-C", kenya, "key", "rotate", role, "--finish")["finished"]
    pin(region, kenya)
    publish(kenya, draft("After"))
    assert harvest(region, kenya) == ("ok", 1, 0)
    assert set(records_of(region)) == {"Before", "Between", "After"}
    assert chm_json("-C", kenya, "check")["ok"]
    assert chm_json("-C", region, "check")["ok"]


@pytest.mark.parametrize("role", ["witness", "mirror"])
def test_a_cosigner_takes_over_at_once(kenya, role):
    before = json.loads((kenya / "member.json").read_text())[f"{role}_vkey"]
    assert chm_json("-C", kenya, "key", "rotate", role)["finished"]
    assert json.loads((kenya / "member.json").read_text())[f"{role}_vkey"] != before
    assert chm_json("-C", kenya, "check")["ok"]
    assert "no second step" in chm("-C", kenya, "key", "rotate", role, "--finish", status=2).stderr


def test_both_log_keys_sign_while_they_overlap(kenya):
    chm("-C", kenya, "key", "rotate", "log")
    shown = chm_json("-C", kenya, "log", "show")
    assert len(shown["vkeys"]) == 2
    assert shown["checkpoint"].count(f"\N{EM DASH} {shown['origin']} ") == 2


def test_steps_out_of_order_are_refused(kenya):
    assert "rotate it first" in chm("-C", kenya, "key", "rotate", "log", "--finish", status=1).stderr
    chm("-C", kenya, "key", "rotate", "log")
    assert "finish it first" in chm("-C", kenya, "key", "rotate", "log", status=1).stderr


def test_nothing_is_published_while_a_key_ends(kenya):
    with alone(kenya):
        assert "try again" in chm("-C", kenya, "record", "publish", "x", status=4).stderr
        assert "try again" in chm("-C", kenya, "serve", status=4).stderr


def test_an_unknown_role_is_wrong_usage(kenya):
    assert "message" in chm("-C", kenya, "key", "rotate", "message", status=2).stderr


def test_a_key_is_not_ended_under_a_server_that_signs_with_it(kenya):
    chm("-C", kenya, "key", "rotate", "log")
    with served(kenya, "--port", "0"):
        assert "stop it" in chm("-C", kenya, "key", "rotate", "log", "--finish", status=1).stderr
        assert chm_json("-C", kenya, "check")["ok"]
    chm("-C", kenya, "key", "rotate", "log", "--finish")
    assert chm_json("-C", kenya, "check")["ok"]
