"""What wears a harvester down: junk lines, clocks, sources that disagree, logs that never stand still."""

import contextlib
from dataclasses import replace

from chmsync.member import Until
from chmsync.mirror import Absence, serve
from chmsync.note import Note, Signature
from chmsync.simulator import Peer, PeerSource
from tests.federation.conftest import codes


def described(peer, **members):
    changed = replace(peer.member, **members)

    class Described(Peer):
        member = changed

    return Described(leaves=list(peer.leaves), bodies=dict(peer.bodies), lies=list(peer.lies))


def add_line(line):
    def lie(path, answer):
        return answer + (str(line) + "\n").encode() if path == "checkpoint" and answer else answer

    return lie


async def test_a_false_line_in_the_name_of_our_own_mirror_does_not_stop_the_log(region, peer):
    """Anybody on the way can append a line; it must neither crash the run nor wedge the log."""
    peer.put("a")
    ours = region.mirror.vkey
    bad = peer.copy()
    bad.lies.append(add_line(Signature(ours.name, ours.id, bytes(72))))
    report = await region.harvest(peer, PeerSource(bad, "mirror", is_origin=False))
    assert report.status in {"ok", "refused"}
    assert (await region.harvest(peer)).status == "ok"


async def test_the_honest_origin_mends_what_a_mirror_spoilt(region, peer):
    """Second half of the above: after one bad mirror the honest origin alone is asked."""
    peer.put("a")
    ours = region.mirror.vkey
    bad = peer.copy()
    bad.lies.append(add_line(Signature(ours.name, ours.id, bytes(72))))
    with contextlib.suppress(Exception):
        await region.harvest(peer, PeerSource(bad, "mirror", is_origin=False))
    report = await region.harvest(peer)
    assert (report.status, report.size) == ("ok", 1)


async def test_a_signature_line_repeated_64_times_is_not_kept(region, peer):
    peer.put("a")

    def repeat(path, answer):
        if path != "checkpoint":
            return answer
        note = Note.parse(answer)
        log_line = note.signatures[0]
        return Note(note.text, (log_line,) * 64).encode()

    bad = peer.copy()
    bad.lies.append(repeat)
    await region.harvest(peer, PeerSource(bad, "mirror", is_origin=False))
    served = (await serve(region.store, peer.origin, "checkpoint")).body
    assert len(Note.parse(served, max_signatures=1000).signatures) <= 20
    assert (await region.harvest(peer)).status == "ok"


async def test_a_line_kept_for_a_stranger_who_becomes_the_witness(region, peer):
    """A witness key is rotated; a junk line under the new name, kept as a stranger's, must not crash runs."""
    from chmsync.keys import COSIGNATURE, PrivateKey, Vkey

    new = Vkey("chm.example.ke/witness", COSIGNATURE, PrivateKey.from_seed(b"w" * 32).public)
    peer.put("a")
    bad = peer.copy()
    bad.lies.append(add_line(Signature(new.name, new.id, bytes(72))))
    await region.harvest(peer, PeerSource(bad, "mirror", is_origin=False))
    rotated = described(peer, witness_vkey=new)
    assert (await region.harvest(rotated)).status == "ok"


async def test_a_cosignature_from_the_far_future_does_not_hide_later_ones(region, peer):
    """Section 10: any from more than five minutes ahead is ignored; freshness must not be lost by it for ever."""
    peer.put("a")
    now = peer.clock
    peer.clock = now + 10**9
    await region.harvest(peer)
    peer.clock = now
    report = await region.harvest(peer)
    assert report.cosigned == now


async def test_a_log_that_nobody_ever_cosigned_in_time_is_frozen(region, peer):
    """One future cosignature hides the age: after eight days without any other the log must be FROZEN."""
    peer.put("a")
    now = peer.clock
    peer.clock = now + 10**9
    await region.harvest(peer)
    peer.clock = now
    await region.harvest(peer)
    region.now += 8 * 86_400
    assert (await region.harvest(peer)).frozen


async def test_a_descriptor_pinned_later_whose_root_is_not_ours_is_a_fork(region, peer):
    """Section 7: a tree that does not pass through `until` and `closed` is a FORK, also without news."""
    for number in range(5):
        peer.put(f"r{number}")
    await region.harvest(peer)
    report = await region.harvest(described(peer, closed=Until(5, b"\7" * 32)))
    assert report.code == "FORK"


async def test_another_root_at_our_size_is_a_fork_also_below_a_landmark(region, peer):
    for number in range(5):
        peer.put(f"r{number}")
    await region.harvest(peer)
    fork = peer.forked(4)
    fork.put("other")
    report = await region.harvest(described(fork, closed=Until(9, b"\7" * 32)))
    assert report.code == "FORK"


async def test_a_record_that_one_source_spoils_is_taken_from_another(region, peer):
    """Section 7: HASH is retried on every later harvest, from other sources too."""
    digest = peer.put("a")
    bad = peer.copy()
    bad.bodies[digest] = bad.bodies[digest].replace(b"Record a", b"Record X")

    def sources():
        return (PeerSource(bad, "mirror", is_origin=False), PeerSource(peer, "home"))

    await region.harvest(peer, *sources())
    for _ in range(3):
        await region.harvest(peer, *sources())
    assert await region.shown(peer, "a") == "Record a"


async def test_one_missing_record_that_now_fails_does_not_keep_the_others_out(region, peer):
    a, b = peer.put("a"), peer.put("b")
    kept = dict(peer.bodies)
    peer.bodies.clear()
    assert codes(await region.harvest(peer)) == {0: "MISSING", 1: "MISSING"}
    peer.bodies[b] = kept[b]
    peer.lies.append(lambda path, answer: b"x" * 300_000 if path == f"record/{a}" else answer)
    await region.harvest(peer)
    assert await region.shown(peer, "b") == "Record b"


async def test_a_busy_log_with_one_missing_record_is_trusted_all_the_same(region, peer):
    """Section 5: undecided until the newest checkpoint has been read; then a later entry closes it, or MISSING."""
    digest = peer.put("gone")
    del peer.bodies[digest]
    count = iter(range(10_000))

    def grow(path, answer):
        if path == "checkpoint":
            peer.put(f"n{next(count)}")
            return peer.checkpoint()
        return answer

    peer.lies.append(grow)
    report = await region.harvest(peer)
    assert (report.status, report.code) == ("ok", None)
    assert codes(report) == {0: "MISSING"}


async def test_text_that_was_erased_is_not_served_under_another_entry(region, peer):
    """`erase` demands that every holder delete the content; the same bytes named by a second entry are content."""
    digest = peer.put("a")
    peer.put_bytes("b", peer.bodies[digest], peer.record("a"))
    report = await region.harvest(peer)
    assert codes(report) == {1: "MISMATCH"}
    peer.remove("a", "erase")
    await region.harvest(peer)
    assert isinstance(await serve(region.store, peer.origin, f"record/{digest}"), Absence)
    assert b"Record a" not in (await serve(region.store, peer.origin, "records/000")).body


async def test_the_report_names_the_source_that_answered(region, peer):
    peer.put("a")
    first = await region.harvest(peer, PeerSource(peer, "mirror", is_origin=False))
    report = await region.harvest(
        peer, PeerSource(peer, "home", down=True), PeerSource(peer, "mirror", is_origin=False), tag=first.etag
    )
    assert (report.status, report.source) == ("ok", "mirror")


async def test_an_origin_that_shows_less_than_an_unproven_target_rolls_back_also_to_nothing(region, peer):
    empty = peer.copy()
    peer.put("a")
    peer.lies.append(lambda path, answer: None if path.startswith("tile/") else answer)
    assert (await region.harvest(peer)).status == "unreachable"
    assert (await region.harvest(empty)).code == "ROLLBACK"


async def test_a_clock_that_went_back_a_little_does_not_fail_a_harvest(region, peer):
    """A second's step of NTP between two cosignatures of the mirror is no reason to call the peer unreachable."""
    peer.put("a")
    await region.harvest(peer)
    peer.clock += 100
    region.now -= 2
    assert (await region.harvest(peer)).status == "ok"


async def test_an_entry_judged_again_and_not_served_is_missing_and_not_open_for_ever(region, peer):
    digest = peer.put("a")
    await region.harvest(peer, governments=())
    body = peer.bodies.pop(digest)
    from chmnode.storage.logs import Logs

    async with region.database.transaction() as session:
        await session.execute("quarantine_forget", log=1)
        await Logs(session, lambda: 0).rejudge(peer.origin)
        await session.script("delete from revision")
    assert codes(await region.harvest(peer)) == {0: "MISSING"}
    peer.bodies[digest] = body
    assert (await region.harvest(peer)).accepted == 1
