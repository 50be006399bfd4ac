"""`chm harvest` reads the logs of peers, from the network or an export, and its exit status says whose turn it is."""

import shutil

import pytest

from tests.node.command import chm, chm_json, draft, free_port, make_node, member_of, publish, records_of, served

MEMBERS = {
    "origin", "source", "status", "frozen", "code", "detail", "size", "new", "accepted", "withdrawn", "erased",
    "quarantined", "findings", "requests", "bytes", "seconds",
}  # fmt: skip


@pytest.fixture
def kenya(folder, database_url):
    node = make_node(folder / "kenya", port=free_port(), database=database_url)
    publish(node, draft("Rangers"), draft("Divers", government="KE"))
    return node


@pytest.fixture
def region(folder, kenya):
    node = make_node(folder / "region", "UG")
    chm("-C", node, "peer", "add", kenya / "member.json", "--government", "KE")
    return node


def exported(node, name="export"):
    target = node.parent / name
    chm("-C", node, "log", "export", target)
    return target


@pytest.mark.parametrize("name", ["export", "export.zip"])
def test_an_export_is_harvested_like_a_network(kenya, region, name):
    target = exported(kenya, name)
    report = chm_json("-C", region, "harvest", "--from", target)
    [log] = report["logs"]
    assert set(log) >= MEMBERS
    assert (log["origin"], log["status"], log["size"], log["new"], log["accepted"]) == (
        member_of(kenya).origin,
        "ok",
        2,
        2,
        2,
    )
    assert report["unknown"] == []
    assert set(records_of(region)) == {"Rangers", "Divers"}
    [again] = chm_json("-C", region, "harvest", "--from", target)["logs"]
    assert (again["status"], again["new"], again["accepted"]) == ("ok", 0, 0)
    assert chm_json("-C", region, "check")["checked"]["mirrors"] == 1


def test_a_served_node_is_harvested_over_http(kenya, region):
    with served(kenya):
        [log] = chm_json("-C", region, "harvest", "--peer", member_of(kenya).origin)["logs"]
        assert (log["status"], log["accepted"]) == ("ok", 2)
        assert log["requests"] > 0
        assert "verified, 0 new of 2 entries" in chm("-C", region, "harvest").stdout
    assert set(records_of(region)) == {"Rangers", "Divers"}
    assert "last harvested" in chm("-C", region, "peer", "list").stdout


def test_what_a_peer_ends_leaves_force_everywhere(kenya, region):
    chm("-C", region, "harvest", "--from", exported(kenya))
    found = records_of(kenya)
    chm("-C", kenya, "record", "withdraw", found["Rangers"].iri, "--reason", "outdated")
    chm("-C", kenya, "record", "erase", found["Divers"].iri, "--reason", "personal-data")
    [log] = chm_json("-C", region, "harvest", "--from", exported(kenya))["logs"]
    assert (log["new"], log["accepted"], log["withdrawn"], log["erased"]) == (2, 0, 1, 1)
    assert records_of(region) == {}


def test_a_record_for_a_government_not_accepted_is_quarantined(kenya, region):
    chm("-C", region, "peer", "add", kenya / "member.json")
    told = chm("-C", region, "harvest", "--from", exported(kenya)).stdout
    assert "1 accepted, 1 quarantined" in told
    assert "AUTHORITY" in told
    assert set(records_of(region)) == {"Rangers"}


def test_a_peer_that_cannot_be_reached_is_status_4(region):
    [log] = chm_json("-C", region, "harvest", status=4)["logs"]
    assert (log["status"], log["code"]) == ("unreachable", "UNREACHABLE")


def test_a_peer_at_fault_is_status_3(kenya, region):
    target = exported(kenya)
    checkpoint = target / "log/checkpoint"
    checkpoint.write_text(checkpoint.read_text().replace("\n2\n", "\n3\n", 1))
    [log] = chm_json("-C", region, "harvest", "--from", target, status=3)["logs"]
    assert (log["status"], log["code"]) == ("refused", "BAD_SIGNATURE")
    assert records_of(region) == {}


def test_an_export_of_nobody_we_know_is_listed_and_refused(kenya, folder):
    stranger = make_node(folder / "stranger", "UG")
    report = chm_json("-C", stranger, "harvest", "--from", exported(kenya), status=1)
    assert report == {"logs": [], "unknown": [member_of(kenya).origin]}
    told = chm("-C", stranger, "harvest", "--from", exported(kenya), status=1)
    assert "left aside" in told.stdout
    assert "no log of a peer of this node was found" in told.stderr


def test_a_mirror_is_as_good_as_the_country(kenya, region, folder):
    chm("-C", region, "harvest", "--from", exported(kenya))
    shutil.rmtree(folder / "export")
    centre = make_node(folder / "centre", "DE")
    chm("-C", centre, "peer", "add", kenya / "member.json", "--government", "KE")
    [log] = chm_json("-C", centre, "harvest", "--from", exported(region))["logs"]
    assert (log["origin"], log["status"], log["accepted"]) == (member_of(kenya).origin, "ok", 2)


def test_an_unknown_peer_is_named(region):
    assert "chm peer list" in chm("-C", region, "harvest", "--peer", "elsewhere.example.org/log", status=1).stderr


def test_a_tree_that_is_not_there_is_wrong_usage(region, folder):
    assert "does not exist" in chm("-C", region, "harvest", "--from", folder / "nowhere", status=2).stderr


def test_what_is_no_archive_is_named(region, folder):
    (folder / "letter.zip").write_text("Dear colleague")
    assert (
        "letter.zip is no ZIP archive" in chm("-C", region, "harvest", "--from", folder / "letter.zip", status=3).stderr
    )


@pytest.mark.parametrize("place", [".", "..", "public", "keys", "../other", "../other/public"])
def test_an_export_never_goes_where_a_node_is(kenya, folder, place):
    make_node(folder / "other")
    before = {path for path in folder.rglob("*") if path.is_file()}
    assert "give an empty folder" in chm("-C", kenya, "log", "export", kenya / place, status=1).stderr
    assert {path for path in folder.rglob("*") if path.is_file()} == before


def test_an_export_tells_what_it_wrote(kenya):
    told = chm_json("-C", kenya, "log", "export", kenya.parent / "static")
    assert told["logs"] == [{"origin": member_of(kenya).origin, "size": 2}]
    names = {path.relative_to(kenya.parent / "static").as_posix() for path in (kenya.parent / "static").rglob("*")}
    assert {"member.json", "node.jsonld", ".well-known/did.json", "log/checkpoint", "log/tile/0/000.p/2"} <= names
    assert "0 files written" in chm("-C", kenya, "log", "export", kenya.parent / "static").stdout
