"""An honest peer is harvested completely, once, and cheaply."""

import pytest

from chmsync import mirror
from chmsync.checkpoint import open_checkpoint
from chmsync.mirror import serve
from chmsync.note import Note, cosignatures
from chmsync.simulator import PeerSource
from chmsync.tiles import bundles_of, tiles_of
from tests.federation.conftest import codes, small


async def test_a_first_harvest_brings_every_record_into_force(region, peer):
    for number in range(3):
        peer.put(f"r{number}")
    report = await region.harvest(peer)
    assert (report.status, report.size, report.new, report.accepted) == ("ok", 3, 3, 3)
    assert await region.shown(peer, "r1") == "Record r1"


async def test_an_empty_log_is_harvested_and_trusted(region, peer):
    report = await region.harvest(peer)
    assert (report.status, report.size, report.code) == ("ok", 0, None)
    assert (await region.state(peer)).note is not None


async def test_a_harvest_without_news_is_one_request(region, peer):
    peer.put("a")
    first = await region.harvest(peer)
    source = PeerSource(peer)
    report = await region.harvest(peer, source, tag=first.etag)
    assert (report.status, report.new, source.asked) == ("ok", 0, ["checkpoint"])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 513, 1100])
async def test_a_log_of_any_size_is_harvested_whole(region, peer, size):
    for number in range(size):
        peer.put(f"r{number}")
    report = await region.harvest(peer)
    assert (report.status, report.accepted) == ("ok", size)


async def test_a_log_that_grew_is_followed_from_where_we_stood(region, peer):
    for number in range(300):
        peer.put(f"r{number}")
    await region.harvest(peer)
    for number in range(300, 600):
        peer.put(f"r{number}")
    report = await region.harvest(peer)
    assert (report.new, report.accepted, report.size) == (300, 300, 600)


async def test_a_new_revision_replaces_the_old_one_everywhere(region, peer):
    peer.put("a")
    await region.harvest(peer)
    peer.put("a", peer.record("a", title={"en": "Better"}))
    report = await region.harvest(peer)
    assert report.accepted == 1
    assert await region.shown(peer, "a") == "Better"


async def test_a_withdrawn_record_leaves_force_and_may_come_back(region, peer):
    peer.put("a")
    await region.harvest(peer)
    peer.remove("a")
    assert (await region.harvest(peer)).withdrawn == 1
    assert await region.shown(peer, "a") is None
    peer.put("a")
    assert (await region.harvest(peer)).accepted == 1
    assert await region.shown(peer, "a") == "Record a"


async def test_an_erased_record_is_gone_with_all_its_revisions(region, peer):
    first = peer.put("a")
    second = peer.put("a", peer.record("a", title={"en": "Better"}))
    await region.harvest(peer)
    peer.remove("a", "erase")
    assert (await region.harvest(peer)).erased == 1
    for digest in (first, second):
        answer = await serve(region.store, peer.origin, f"record/{digest}")
        assert isinstance(answer, mirror.Absence)


async def test_nothing_follows_an_erasure(region, peer):
    peer.put("a")
    peer.remove("a", "erase")
    peer.put("a")
    report = await region.harvest(peer)
    assert codes(report) == {2: "REV"}
    assert await region.shown(peer, "a") is None


async def test_a_mirror_serves_what_the_origin_serves(region, peer):
    for number in range(600):
        peer.put(f"r{number}")
    peer.put("r5", peer.record("r5", title={"en": "Newer"}))
    peer.remove("r6")
    await region.harvest(peer)
    paths = [place.path() for place in (*tiles_of(602), *bundles_of(0, 602))]
    for path in [*paths, "records/000", "records/001", "records/002"]:
        answer = await serve(region.store, peer.origin, path)
        assert answer.body == peer.resource(path), path


async def test_a_complete_mirror_adds_its_receipt_and_nothing_else(region, peer):
    peer.put("a")
    await region.harvest(peer)
    served = (await serve(region.store, peer.origin, "checkpoint")).body
    note = open_checkpoint(served, peer.origin, peer.member.log_keys).note
    assert [given.vkey.name for given in cosignatures(note, [region.mirror.vkey])] == ["region.example.org/mirror"]
    assert served.startswith(peer.checkpoint())


async def test_newer_cosignatures_of_the_same_tree_are_kept_and_older_ones_are_not(region, peer):
    peer.put("a")
    await region.harvest(peer)
    peer.clock += 200
    await region.harvest(peer)
    peer.clock -= 300
    report = await region.harvest(peer)
    note = Note.parse((await region.state(peer)).note)
    assert [given.time for given in cosignatures(note, [peer.member.witness_vkey])] == [peer.clock + 300]
    assert report.cosigned == peer.clock + 300


async def test_a_log_whose_newest_cosignature_is_old_is_frozen_but_not_refused(region, peer):
    peer.put("a")
    region.now += 8 * 86_400
    report = await region.harvest(peer)
    assert (report.status, report.frozen) == ("ok", True)


async def test_a_few_wanted_records_are_asked_for_singly(region, peer):
    for number in range(256):
        peer.put(f"r{number}")
    await region.harvest(peer)
    peer.put("r3", peer.record("r3", title={"en": "Newer"}))
    source = PeerSource(peer)
    await region.harvest(peer, source)
    assert "records/000" not in source.asked


async def test_the_source_may_grow_while_it_is_read(region, peer):
    """A line that is empty because of an entry we have not seen is undecided until we have seen it."""
    old = [peer.put(f"r{number}") for number in range(5)]
    grown = peer.copy()
    grown.put("r2", grown.record("r2", title={"en": "Newer"}))
    del grown.bodies[old[2]]
    source = PeerSource(peer)

    def grow(path, answer):
        source.peer = grown if path.startswith("tile/entries/") else source.peer
        return answer

    peer.lies.append(grow)
    report = await region.harvest(peer, source)
    assert (report.status, report.quarantined, report.size) == ("ok", (), 6)
    assert await region.shown(peer, "r2") == "Newer"


async def test_when_nothing_newer_explains_it_an_unserved_record_is_missing(region, peer):
    peer.put("a")
    digest = peer.put("b")
    body = peer.bodies.pop(digest)
    report = await region.harvest(peer)
    assert (report.status, codes(report), report.size) == ("ok", {1: "MISSING"}, 2)
    peer.bodies[digest] = body
    report = await region.harvest(peer)
    assert (report.accepted, codes(report)) == (1, {})
    assert await region.shown(peer, "b") == "Record b"


async def test_a_country_whose_server_is_down_is_harvested_from_a_mirror(region, peer):
    peer.put("a")
    report = await region.harvest(
        peer, PeerSource(peer, "home", down=True), PeerSource(peer, "mirror", is_origin=False)
    )
    assert (report.status, report.source, report.accepted) == ("ok", "mirror", 1)
    assert [finding.code for finding in report.findings] == ["UNREACHABLE"]


async def test_a_stale_mirror_is_passed_over_for_a_fresher_source(region, peer):
    peer.put("a")
    old = peer.copy()
    await region.harvest(peer)
    peer.put("b")
    await region.harvest(peer)
    peer.put("c")
    report = await region.harvest(peer, PeerSource(old, "mirror", is_origin=False), PeerSource(peer, "home"))
    assert (report.status, report.accepted, report.source) == ("ok", 1, "home")


async def test_only_stale_mirrors_mean_nothing_new(region, peer):
    peer.put("a")
    old = peer.copy()
    peer.put("b")
    await region.harvest(peer)
    report = await region.harvest(peer, PeerSource(old, "mirror", is_origin=False))
    assert (report.status, report.new, report.size) == ("ok", 0, 2)


async def test_batches_smaller_than_the_log_come_to_the_same_state(region, peer):
    for number in range(700):
        peer.put(f"r{number}")
    for number in range(0, 700, 7):
        peer.put(f"r{number}", peer.record(f"r{number}", title={"en": "Second"}))
    report = await small(region, batch_entries=256).harvest(peer)
    assert report.accepted == 700
    assert await region.shown(peer, "r7") == "Second"


async def test_records_quarantined_by_an_old_schema_come_in_with_the_new_one(region, peer):
    document = peer.record("a")
    del document["title"]
    peer.put("a", document | {"title": {}})
    assert codes(await region.harvest(peer)) == {0: "SCHEMA"}
    region.checking._schemas.titles = False
    assert (await region.harvest(peer)).accepted == 0
    assert (await region.harvest(peer, recheck=True)).accepted == 1


async def test_entries_proven_for_a_target_that_was_replaced_wait_for_their_own_checkpoint(region, peer):
    """Nothing is trusted under a checkpoint that is not its own, whatever order the failures came in."""
    for number in range(5):
        peer.put(f"r{number}")
    stale = peer.copy()
    await region.harvest(peer)
    for number in range(5, 10):
        peer.put(f"r{number}")
    ten = peer.copy()
    peer.lies.append(lambda path, answer: None if path.startswith("rec") else answer)
    assert (await region.harvest(peer)).status == "unreachable"
    peer.put("r10")
    peer.lies.append(lambda path, answer: None if path.startswith("tile/entries") else answer)
    assert (await region.harvest(peer)).status == "unreachable"
    report = await region.harvest(
        stale, PeerSource(stale, "mirror", is_origin=False), PeerSource(ten, "other", is_origin=False)
    )
    state = await region.state(peer)
    assert open_checkpoint(state.note, peer.origin, peer.member.log_keys).checkpoint.size == state.size
    report = await region.harvest(ten, PeerSource(ten, "mirror", is_origin=False))
    assert (report.status, report.size) == ("ok", 10)
    peer.lies.clear()
    assert (await region.harvest(peer)).size == 11
    assert await region.shown(peer, "r10") == "Record r10"


async def test_an_empty_log_that_never_grew_is_current(region, peer):
    await region.harvest(peer)
    report = await region.harvest(peer)
    assert (report.status, report.new, report.size) == ("ok", 0, 0)


async def test_a_held_text_with_a_newline_does_not_shift_the_lines_of_a_mirror(region, peer):
    peer.put_bytes("bad", b'{"a":\n1}', peer.record("bad"))
    peer.put("good")
    assert codes(await region.harvest(peer)) == {0: "CANONICAL"}
    answer = await serve(region.store, peer.origin, "records/000")
    assert answer.body.split(b"\n")[:2] == [b"", peer.bodies[list(peer.bodies)[1]]]
