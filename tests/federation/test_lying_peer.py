"""A lying peer never changes what we trust, and its lie is named by its code (CHM-Sync 1 sections 7 and 10)."""

import json
from dataclasses import replace

import pytest

from chmsync.canonical import encode
from chmsync.keys import ED25519, PrivateKey, Vkey, to_multikey
from chmsync.member import LogKey, RecordKey, Until
from chmsync.mirror import serve
from chmsync.note import Note, sign
from chmsync.simulator import Peer, PeerSource
from chmsync.tiles import decode_bundle, encode_bundle
from tests.federation.conftest import codes, small

STRANGER = PrivateKey.from_seed(b"s" * 32)


@pytest.fixture
async def trusted(region, peer):
    """A peer of whom five records are trusted; the state must survive every lie that follows."""
    for number in range(5):
        peer.put(f"r{number}")
    await region.harvest(peer)
    return await region.state(peer)


async def refused(region, peer, trusted, code, *sources):
    """The lie is refused with its code, and what was trusted is as before."""
    report = await region.harvest(peer, *sources)
    after = await region.state(peer)
    assert (report.status, report.code) == ("unreachable" if code == "UNREACHABLE" else "refused", code)
    assert (after.note, after.size, after.root) == (trusted.note, trusted.size, trusted.root)
    assert await region.shown(peer, "r0") == "Record r0"
    return report


def on(prefix, change):
    """A lie about every path with this prefix."""
    return lambda path, answer: change(answer) if path.startswith(prefix) and answer is not None else answer


def changed_entry(answer):
    """An entry bundle in which one letter of the last entry differs."""
    leaves = decode_bundle(answer, _count(answer))
    leaves[-1] = leaves[-1].replace(b'"rev":1', b'"rev":2')
    return encode_bundle(leaves)


def _count(answer):
    count = at = 0
    while at < len(answer):
        at += 2 + int.from_bytes(answer[at : at + 2])
        count += 1
    return count


# -- the log ---------------------------------------------------------------------------------------------------------


async def test_a_checkpoint_signed_by_a_stranger(region, peer, trusted):
    peer.put("new")
    text = Note.parse(peer.checkpoint()).text
    forged = Note(text, (sign(text, peer.origin, STRANGER),)).encode()
    peer.lies.append(on("checkpoint", lambda _: forged))
    await refused(region, peer, trusted, "BAD_SIGNATURE")


async def test_a_checkpoint_with_one_changed_digit(region, peer, trusted):
    peer.put("new")
    peer.lies.append(on("checkpoint", lambda note: note.replace(b"\n6\n", b"\n7\n")))
    await refused(region, peer, trusted, "BAD_SIGNATURE")


@pytest.mark.parametrize("note", [b"", b"<html>", b"chm.example.ke/log\n1\n", b"\xff\xfe\n\n", b"a\n" * 9])
async def test_a_checkpoint_that_is_no_note(region, peer, trusted, note):
    peer.lies.append(on("checkpoint", lambda _: note))
    await refused(region, peer, trusted, "BAD_NOTE")


async def test_the_checkpoint_of_another_log(region, peer, trusted):
    other = Peer("https://chm.example.ug")
    peer.lies.append(on("checkpoint", lambda _: other.checkpoint()))
    await refused(region, peer, trusted, "BAD_NOTE")


async def test_a_false_cosignature_of_the_peers_own_witness(region, peer, trusted):
    peer.put("new")
    peer.lies.append(
        on("checkpoint", lambda note: note[:-6] + b"AAA==\n" if note.endswith(b"==\n") else note[:-5] + b"AAA=\n")
    )
    report = await region.harvest(peer)
    assert report.code in {"BAD_SIGNATURE", "BAD_NOTE"}
    assert (await region.state(peer)).note == trusted.note


async def test_a_rollback_by_the_origin(region, peer, trusted):
    old = peer.forked(3)
    await refused(region, peer, trusted, "ROLLBACK", PeerSource(old))


async def test_another_tree_of_the_same_size(region, peer, trusted):
    fork = peer.forked(4)
    fork.put("other")
    report = await refused(region, peer, trusted, "FORK", PeerSource(fork))
    evidence = json.loads((await region.state(peer)).evidence)
    assert len(evidence["notes"]) == 2
    assert "resume" not in report.detail
    again = await region.harvest(peer)
    assert (again.code, "peer resume" in again.detail) == ("FORK", True)


async def test_another_tree_of_a_smaller_size(region, peer, trusted):
    fork = peer.forked(2)
    fork.put("other")
    await refused(region, peer, trusted, "FORK", PeerSource(fork))


async def test_rewritten_history_under_a_larger_tree(region, peer, trusted):
    fork = peer.forked(2)
    for number in range(8):
        fork.put(f"other{number}")
    await refused(region, peer, trusted, "FORK", PeerSource(fork))
    assert "tiles" in json.loads((await region.state(peer)).evidence)


async def test_rewritten_history_far_back_in_a_large_log(region, peer):
    for number in range(700):
        peer.put(f"r{number}")
    await region.harvest(peer)
    trusted = await region.state(peer)
    fork = peer.forked(700)
    fork.leaves[13] = fork.leaves[13].replace(b'"rev":1', b'"rev":3')
    for number in range(300):
        fork.put(f"more{number}")
    await refused(region, peer, trusted, "FORK", PeerSource(fork))


async def test_a_fork_stays_refused_until_an_operator_resumes(region, peer, trusted):
    fork = peer.forked(4)
    fork.put("other")
    await region.harvest(peer, PeerSource(fork))
    assert (await region.harvest(peer)).code == "FORK"
    await region.store.freeze(peer.origin, None)
    assert (await region.harvest(peer)).status == "ok"


@pytest.mark.parametrize(
    "change",
    [
        changed_entry,
        lambda data: data[:-1],
        lambda data: data + b"\0\0",
        lambda _: b"",
        lambda data: b"\xff\xff" + data,
    ],
    ids=["changed", "short", "long", "empty", "nonsense"],
)
async def test_a_bad_entry_bundle(region, peer, trusted, change):
    peer.put("new")
    peer.lies.append(on("tile/entries/", change))
    await refused(region, peer, trusted, "BAD_BUNDLE")


async def test_a_bad_bundle_from_a_mirror_is_made_good_by_the_origin(region, peer, trusted):
    peer.put("new")
    bad = peer.copy()
    bad.lies.append(on("tile/entries/", changed_entry))
    report = await region.harvest(peer, PeerSource(bad, "mirror", is_origin=False), PeerSource(peer, "home"))
    assert (report.status, report.accepted) == ("ok", 1)
    assert [(finding.source, finding.code) for finding in report.findings] == [("mirror", "BAD_BUNDLE")]


async def test_hash_tiles_that_lead_nowhere_do_not_frame_the_origin(region, peer, trusted):
    peer.put("new")
    peer.lies += [on("tile/entries/", changed_entry), on("tile/0/", lambda data: bytes(len(data)))]
    await refused(region, peer, trusted, "BAD_BUNDLE")


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/", "records/"])
async def test_an_answer_over_its_limit(region, peer, trusted, path):
    peer.put("new")
    if path == "records/":
        for number in range(300):
            peer.put(f"more{number}")
    peer.lies.append(on(path, lambda answer: answer + b"x" * 70_000_000))
    await refused(region, peer, trusted, "LIMIT")


async def test_more_entries_than_we_keep_unproven(region, peer, trusted):
    for number in range(20):
        peer.put(f"more{number}")
    await refused(small(region, pending_entries=10), peer, trusted, "LIMIT")


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/", "records/"])
async def test_a_resource_that_is_not_there(region, peer, trusted, path):
    peer.put("new")
    peer.lies.append(lambda asked, answer: None if asked.startswith(path) else answer)
    await refused(region, peer, trusted, "UNREACHABLE")


async def test_a_suspended_member(region, peer, trusted):
    class Suspended(Peer):
        @property
        def member(self):
            return replace(super().member, status="suspended")

    await refused(region, Suspended(leaves=peer.leaves, bodies=peer.bodies), trusted, "NOT_A_MEMBER")


async def test_a_log_key_that_has_ended(region, peer, trusted):
    """A key stolen after its end signs nothing that counts."""
    (key,) = peer.member.vkeys
    ended = replace(peer.member, vkeys=(LogKey(key.vkey, 0, Until(5, trusted.root)),))
    peer.put("new")

    class Ended(Peer):
        member = ended

    await refused(region, Ended(leaves=peer.leaves, bodies=peer.bodies), trusted, "BAD_SIGNATURE")


def with_member(peer, **members):
    """The same peer under another descriptor."""
    changed = replace(peer.member, **members)

    class Described(Peer):
        member = changed

    return Described(leaves=list(peer.leaves), bodies=dict(peer.bodies))


async def test_a_fork_after_entries_were_proven_but_not_yet_applied(region, peer, trusted):
    """What was proven stays the measure, also when its records could not be had."""
    fork = peer.forked(5)
    peer.put("new")
    peer.lies.append(on("rec", lambda _: b"x" * 70_000_000))
    assert (await region.harvest(peer)).code == "LIMIT"
    for number in range(3):
        fork.put(f"other{number}")
    fork.lies.append(on("rec", lambda _: b"x" * 70_000_000))
    await region.harvest(peer, PeerSource(fork))
    peer.lies.clear()
    fork.lies.clear()
    await region.harvest(peer)
    await refused(region, peer, await region.state(peer), "FORK", PeerSource(fork))


@pytest.mark.parametrize("end", ["a log key", "a record key", "the log"])
async def test_a_tree_that_does_not_pass_through_a_root_of_the_descriptor(region, peer, trusted, end):
    """A stolen key cannot serve newcomers another history."""
    until = Until(3, b"\x07" * 32)
    keys = {
        "a log key": {"vkeys": (*peer.member.vkeys, LogKey(Vkey(peer.origin, ED25519, STRANGER.public), 0, until))},
        "a record key": {"record_keys": (*peer.member.record_keys, stranger_key(peer, until))},
        "the log": {"closed": until},
    }
    peer.put("new")
    await refused(region, with_member(peer, **keys[end]), trusted, "FORK")


def stranger_key(peer, until):
    name = f"{peer.member.did}#{to_multikey(STRANGER.public)}"
    return RecordKey(name, STRANGER.public, 0, until)


async def test_an_origin_that_offers_less_than_its_descriptor_names(region, peer):
    """To a newcomer, too, it is a rollback; from a mirror it is an old copy."""
    peer.put("a")
    closed = with_member(peer, closed=Until(4, b"\x07" * 32))
    assert (await region.harvest(closed)).code == "ROLLBACK"
    report = await region.harvest(closed, PeerSource(closed, "mirror", is_origin=False))
    assert (report.status, report.size) == ("ok", 0)


async def test_a_tree_that_passes_through_the_roots_of_the_descriptor(region, peer, trusted):
    peer.put("new")
    report = await region.harvest(with_member(peer, closed=Until(5, trusted.root)))
    assert (report.status, report.size) == ("ok", 6)


# -- the records -----------------------------------------------------------------------------------------------------


async def quarantined(region, peer, trusted, expected, **options):
    """The bad entry is quarantined with its code, and its neighbour is accepted all the same."""
    index = len(peer.leaves) - 1
    peer.put("good")
    report = await region.harvest(peer, **options)
    assert (report.status, codes(report)) == ("ok", {index: expected})
    assert await region.shown(peer, "good") == "Record good"
    return report


async def test_a_changed_record(region, peer, trusted):
    digest = peer.put("bad")
    peer.bodies[digest] = peer.bodies[digest].replace(b"Record bad", b"Record BAD")
    await quarantined(region, peer, trusted, "HASH")
    assert await region.shown(peer, "bad") is None


async def test_a_changed_record_is_right_again_at_the_next_harvest(region, peer, trusted):
    digest = peer.put("bad")
    true = peer.bodies[digest]
    peer.bodies[digest] = true.replace(b"Record bad", b"Record BAD")
    await quarantined(region, peer, trusted, "HASH")
    peer.bodies[digest] = true
    report = await region.harvest(peer)
    assert (report.accepted, report.quarantined) == (1, ())
    assert await region.shown(peer, "bad") == "Record bad"


async def test_a_record_for_a_foreign_government(region, peer, trusted):
    peer.put("bad", peer.record("bad", government="FR"))
    await quarantined(region, peer, trusted, "AUTHORITY")


async def test_a_peer_is_believed_for_no_government_by_default(region, peer):
    peer.put("bad")
    peer.put("reference", peer.record("reference", government=None))
    report = await region.harvest(peer, governments=())
    assert codes(report) == {0: "AUTHORITY"}
    assert await region.shown(peer, "reference") == "Record reference"


async def test_authority_is_judged_before_anybody_asks_for_the_text(region, peer, trusted):
    digest = peer.put("bad", peer.record("bad", government="FR"))
    del peer.bodies[digest]
    await quarantined(region, peer, trusted, "AUTHORITY")


async def test_a_foreign_iri(region, peer, trusted):
    other = Peer("https://chm.example.ug")
    peer.put("bad", peer.record("bad", id=other.iri("bad")), id=other.iri("bad"))
    await quarantined(region, peer, trusted, "FOREIGN_IRI")


async def test_an_iri_that_only_begins_like_a_prefix(region, peer, trusted):
    peer.put("bad", id="https://chm.example.ke/recordsandmore/bad")
    await quarantined(region, peer, trusted, "FOREIGN_IRI")


@pytest.mark.parametrize("rev", [2, 7])
async def test_a_gap_in_the_revisions(region, peer, trusted, rev):
    peer.put("bad", rev=rev)
    await quarantined(region, peer, trusted, "REV")


async def test_a_repeated_revision_leaves_the_first_in_force(region, peer, trusted):
    peer.put("r1", peer.record("r1", title={"en": "Again"}, revision=1), rev=1)
    await quarantined(region, peer, trusted, "REV")
    assert await region.shown(peer, "r1") == "Record r1"


@pytest.mark.parametrize(
    "leaf",
    [
        b"not json",
        b"{}",
        b'{ "v":1}',
        b'{"v":1,"v":1}',
        b"\xff",
        b'{"at":"2026-01-01T00:00:00Z","countries":[],"id":"https://chm.example.ke/records/x","op":"sell","regions":[],"rev":1,"type":"Need","v":1}',
        b'{"a":"' + b"x" * 5000 + b'"}',
    ],
    ids=["text", "empty", "blank", "doubled", "bytes", "unknown-op", "long"],
)
async def test_an_entry_of_bad_shape(region, peer, trusted, leaf):
    peer.append(leaf)
    await quarantined(region, peer, trusted, "ENTRY")


def text_of(peer, slug="bad"):
    return encode(peer.sign(peer.record(slug)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b" " + body,
        lambda body: body[:-1] + b',"a":1}',
        lambda body: body.replace(b'"countries":["KE"]', b'"countries":["KE"],"countries":["KE"]'),
        lambda body: body.replace(b'"revision":1', b'"revision":1.0'),
        lambda body: body.replace(b'"revision":1', b'"revision":1,"rewards":1.5'),
        lambda body: body.replace(b'"revision":1', b'"revision":1,"rewards":9007199254740993'),
        lambda body: body.replace(b'"Record bad"', b'"Record \\ud800"'),
        lambda body: body.replace(b'"Record bad"', b'"' + b"\xff" + b'"'),
        lambda body: body.replace(b'"Record bad"', b"[" * 40 + b"]" * 40),
        lambda body: b"[" + body + b"]",
    ],
    ids=["blank", "order", "doubled", "whole-float", "float", "big", "surrogate", "utf8", "deep", "array"],
)
async def test_a_record_that_is_not_canonical(region, peer, trusted, spoil):
    peer.put_bytes("bad", spoil(text_of(peer)), peer.record("bad"))
    await quarantined(region, peer, trusted, "CANONICAL")


@pytest.mark.parametrize(
    "member",
    [
        {"id": "https://chm.example.ke/records/other"},
        {"type": "Other"},
        {"countries": []},
        {"regions": ["001"]},
        {"revision": 2},
        {"revision": True},
        {"publisher": "did:web:chm.example.ug"},
        {"government": None},
    ],
    ids=str,
)
async def test_a_record_that_says_other_than_its_entry(region, peer, trusted, member):
    document = peer.record("bad")
    body = encode(peer.sign(peer.record("bad", **member)))
    peer.put_bytes("bad", body, document)
    await quarantined(region, peer, trusted, "MISMATCH")


@pytest.mark.parametrize("context", ["https://example.org/evil.jsonld", ["https://w3id.org/chm/context/v1"], {}, None])
async def test_a_record_with_a_context_that_we_do_not_ship(region, peer, trusted, context):
    peer.put("bad", peer.record("bad", **{"@context": context}))
    await quarantined(region, peer, trusted, "CONTEXT")


async def test_a_record_signed_by_a_stranger(region, peer, trusted):
    peer.put("bad", peer.sign(peer.record("bad"), STRANGER))
    await quarantined(region, peer, trusted, "PROOF")


async def test_a_record_without_a_proof(region, peer, trusted):
    body = encode(peer.record("bad"))
    peer.put_bytes("bad", body, peer.record("bad"))
    await quarantined(region, peer, trusted, "PROOF")


async def test_a_record_changed_after_its_signature(region, peer, trusted):
    document = peer.sign(peer.record("bad"))
    peer.put("bad", document | {"title": {"en": "Changed"}})
    await quarantined(region, peer, trusted, "PROOF")


async def test_a_record_that_fails_its_schema_is_held_but_not_shown(region, peer, trusted):
    digest = peer.put("bad", peer.record("bad", title={}))
    await quarantined(region, peer, trusted, "SCHEMA")
    assert await region.shown(peer, "bad") is None
    assert (await serve(region.store, peer.origin, f"record/{digest}")).body == peer.bodies[digest]


async def test_a_quarantined_revision_takes_the_one_before_it_out_of_force(region, peer, trusted):
    """So that every harvester of one log comes to the same state, whenever it came."""
    peer.put("r1", peer.record("r1", title={}))
    report = await quarantined(region, peer, trusted, "SCHEMA")
    assert report.accepted == 1
    assert await region.shown(peer, "r1") is None


async def test_a_put_beyond_the_quota(region, peer, trusted):
    peer.put("bad")
    member = peer.member
    bounded = replace(member, authority=replace(member.authority, quota=5))

    class Bounded(Peer):
        member = bounded

    report = await region.harvest(Bounded(leaves=peer.leaves, bodies=peer.bodies))
    assert codes(report) == {5: "AUTHORITY"}


async def test_a_type_that_was_not_granted(region, peer, trusted):
    peer.put("bad", peer.record("bad", type="Decision"), type="Decision")
    member = peer.member
    bounded = replace(member, authority=replace(member.authority, types=("Example",)))

    class Bounded(Peer):
        member = bounded

    report = await region.harvest(Bounded(leaves=peer.leaves, bodies=peer.bodies))
    assert codes(report) == {5: "AUTHORITY"}


async def test_two_harvesters_come_to_the_same_state_whenever_they_came(region, peer):
    """Harvesting step by step, or all at once later, leaves the same records in force."""
    later = Peer("https://chm.example.ug", governments=("KE",))
    for one in (peer, later):
        for number in range(4):
            one.put(f"r{number}")
        if one is peer:
            await region.harvest(one)
        one.put("r0", one.record("r0", title={}))
        one.put("r1", one.record("r1", title={"en": "Second"}))
        one.remove("r2")
        one.put("r3", rev=9)
        if one is peer:
            await region.harvest(one)
        one.put("r2")
        one.put("r0", one.record("r0", title={"en": "Good again"}))
        await region.harvest(one)
    shown = [[await region.shown(one, f"r{number}") for number in range(4)] for one in (peer, later)]
    assert shown[0] == shown[1] == ["Good again", "Second", "Record r2", "Record r3"]
