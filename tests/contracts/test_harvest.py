"""What a harvester is promised by its store (`chmsync.ports.HarvestStore`, CHM-Sync 1 section 7)."""

import pytest

from chmnode.errors import ForeignRecord
from chmnode.storage import LogStore, Records
from chmsync.errors import Conflict, LogDamaged, RecordCode
from chmsync.merkle import EMPTY_ROOT, leaf_hash, root_of
from chmsync.ports import Applied, Batch, Head, Leaf, LogState, Refusal
from tests.contracts.material import ORIGIN, OTHER, Tree, accepted, document, iri, leaf

BAD_SHAPE = Leaf(1, b"\xff not JSON \x00", None, None, None, "not UTF-8 at byte 0")


@pytest.fixture
def store(database):
    return LogStore(database, clock=lambda: 1_800_000_000)


def leaves(first, last):
    return [leaf(index, index) for index in range(first, last)]


async def in_force(database, number):
    return await Records(database.read).get(iri(number))


async def test_an_unknown_log_is_fresh(store):
    assert await store.load(ORIGIN) == LogState(origin=ORIGIN)
    assert await store.root_at(ORIGIN, 0) == EMPTY_ROOT
    assert await store.origins() == []


async def test_entries_are_pending_until_they_are_proven(store):
    tree = Tree()
    await store.retarget(ORIGIN, b"target", 3)
    await tree.save(store, leaves(0, 3))
    state = await store.load(ORIGIN)
    assert (state.target_note, state.target_size, state.fetched, state.proven) == (b"target", 3, 3, 0)
    assert state.frontier == tree.growth.frontier
    assert await store.leaves(ORIGIN, 1, 9) == leaves(1, 3)
    await store.prove(ORIGIN, 3)
    assert (await store.load(ORIGIN)).proven_frontier == tree.growth.frontier


async def test_a_leaf_of_bad_shape_is_stored_as_it_is(store):
    tree = Tree()
    await tree.save(store, [leaf(0, 0), BAD_SHAPE])
    assert await store.leaves(ORIGIN, 0, 2) == [leaf(0, 0), BAD_SHAPE]


async def test_entries_must_continue_where_the_log_ends(store):
    tree = Tree()
    await tree.save(store, leaves(0, 2))
    before = await store.load(ORIGIN)
    with pytest.raises(Conflict):
        await store.save_entries(ORIGIN, leaves(0, 2), [], tree.growth.frontier)
    with pytest.raises(Conflict):
        await store.save_entries(ORIGIN, leaves(2, 4), [], tree.growth.frontier)
    with pytest.raises(Conflict):
        await store.prove(ORIGIN, 3)
    assert await store.load(ORIGIN) == before


async def test_discarding_leaves_exactly_what_is_proven(store):
    """Also the hashes of tiles that became full above it, so that other entries can take their place."""
    tree = Tree()
    await tree.save(store, leaves(0, 300))
    await tree.prove(store)
    proven = await store.load(ORIGIN)
    await store.retarget(ORIGIN, b"lies", 600)
    liar = Tree(tree.growth)
    await liar.save(store, [leaf(index, index, rev=7) for index in range(300, 600)])
    await store.discard_pending(ORIGIN)
    state = await store.load(ORIGIN)
    assert (state.fetched, state.frontier, state.target_note, state.target_size) == (300, proven.frontier, None, 0)
    assert await store.leaves(ORIGIN, 0, 700) == leaves(0, 300)
    assert len(await store.nodes(ORIGIN, 1, 0, 9)) == 1
    honest = Tree()
    honest.growth.add([made.leaf for made in leaves(0, 300)])
    await honest.save(store, leaves(300, 600))
    assert await store.root_at(ORIGIN, 600) == honest.root
    assert len(await store.nodes(ORIGIN, 1, 0, 9)) == 2


async def test_the_root_of_every_size_is_that_of_a_naive_tree(store):
    everything = leaves(0, 600)
    await Tree().save(store, everything)
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 513, 600):
        assert await store.root_at(ORIGIN, size) == root_of(leaf_hash(found.leaf) for found in everything[:size])
    with pytest.raises(LogDamaged):
        await store.root_at(ORIGIN, 601)


async def test_heads_are_the_newest_judged_well_formed_entries(store):
    tree = Tree()
    entries = [leaf(0, 1), leaf(1, 2), leaf(2, 1, rev=2), leaf(3, 2, rev=9), leaf(4, 3)]
    await tree.save(store, entries)
    await tree.prove(store)
    await store.judge(ORIGIN, 4, [Refusal(3, iri(2), RecordCode.REV, "revision 9 where 2 must follow")], [(0, 2)])
    heads = await store.heads(ORIGIN, [iri(1), iri(2), iri(3), iri(4)])
    assert heads == {iri(1): Head(iri(1), 2, 2, "put"), iri(2): Head(iri(2), 1, 1, "put")}
    assert await store.heads(ORIGIN, []) == {}
    assert [found.index for found in await store.living(ORIGIN, 0, 9)] == [1, 2]
    assert (await store.load(ORIGIN)).judged == 4


async def test_a_verdict_covers_proven_entries_in_order(store):
    tree = Tree()
    await tree.save(store, leaves(0, 4))
    with pytest.raises(Conflict):
        await store.judge(ORIGIN, 4, [], [])
    await tree.prove(store)
    await store.judge(ORIGIN, 2, [], [])
    for end, refused, superseded in (
        (1, [], []),
        (5, [], []),
        (4, [Refusal(1, None, RecordCode.ENTRY, "late")], []),
        (4, [], [(0, 1)]),
    ):
        with pytest.raises(Conflict):
            await store.judge(ORIGIN, end, refused, superseded)
    assert (await store.load(ORIGIN)).judged == 2
    assert await store.quarantined(ORIGIN) == []


async def test_accepted_records_are_in_force(database, store):
    tree = Tree()
    applied = await tree.harvest(store, leaves(0, 3), accepted=[accepted(index, index) for index in range(3)])
    assert applied == Applied(accepted=3)
    record = await in_force(database, 2)
    assert (record.origin, record.index, record.rev, record.body) == (ORIGIN, 2, 1, accepted(2, 2).body)
    state = await store.load(ORIGIN)
    assert (state.note, state.size, state.root, state.applied) == (b"note", 3, tree.root, 3)
    assert await store.origins() == [ORIGIN]


async def test_applying_a_batch_again_changes_nothing(database, store):
    tree = Tree()
    await tree.harvest(store, leaves(0, 2), accepted=[accepted(0, 0)], undecided=[1])
    before = await store.load(ORIGIN)
    again = await store.apply(ORIGIN, Batch(0, 2, accepted=[accepted(0, 0)], undecided=[1]))
    assert again == Applied()
    assert await store.load(ORIGIN) == before
    assert await store.undecided(ORIGIN) == [1]
    assert (await in_force(database, 0)).index == 0


async def test_a_batch_beyond_the_position_is_refused(store):
    tree = Tree()
    await tree.save(store, leaves(0, 3))
    await tree.prove(store)
    await store.judge(ORIGIN, 2, [], [])
    for start, end in ((1, 2), (0, 3)):
        with pytest.raises(Conflict):
            await store.apply(ORIGIN, Batch(start, end))
    assert (await store.load(ORIGIN)).applied == 0


async def test_a_newer_revision_replaces_and_is_counted(database, store):
    tree = Tree()
    await tree.harvest(store, leaves(0, 2), accepted=[accepted(0, 0), accepted(1, 1)])
    applied = await tree.harvest(store, [leaf(2, 1, rev=2)], superseded=[(1, 2)], accepted=[accepted(2, 1, 2)])
    assert applied == Applied(accepted=1)
    assert (await in_force(database, 1)).rev == 2
    assert await store.apply(ORIGIN, Batch(0, 2, accepted=[accepted(1, 1)])) == Applied()
    assert (await in_force(database, 1)).rev == 2


async def test_a_refused_newer_revision_takes_the_record_out_of_force(database, store):
    """In force is only a record whose newest well-formed entry passes (section 4)."""
    tree = Tree()
    await tree.harvest(store, [leaf(0, 0)], accepted=[accepted(0, 0)])
    refusal = Refusal(1, iri(0), RecordCode.SCHEMA, "`title` is missing")
    held = [(1, accepted(1, 0, 2).sha256, accepted(1, 0, 2).body)]
    await tree.harvest(store, [leaf(1, 0, rev=2)], superseded=[(0, 1)], held=held)
    assert await in_force(database, 0) is not None
    await store.apply(ORIGIN, Batch(1, 2, refused=[refusal], held=held))
    assert await in_force(database, 0) is None
    assert await store.quarantined(ORIGIN) == [refusal]
    assert await store.bodies(ORIGIN, 0, 2, 2) == [None, accepted(1, 0, 2).body]
    entry = await Records(database.read).entry_of(iri(0))
    assert (entry.index, entry.in_force, entry.code, entry.detail) == (1, False, "SCHEMA", refusal.detail)


async def test_quarantine_ends_when_the_record_passes_or_is_superseded(database, store):
    tree = Tree()
    refused = [Refusal(index, iri(index), RecordCode.MISSING, "not served") for index in (0, 1)]
    await tree.save(store, leaves(0, 2))
    await tree.prove(store)
    await store.judge(ORIGIN, 2, [], [])
    await store.apply(ORIGIN, Batch(0, 2, refused=refused))
    assert await store.quarantined(ORIGIN) == refused
    assert await store.apply(ORIGIN, Batch(0, 1, accepted=[accepted(0, 0)])) == Applied(accepted=1)
    assert await store.quarantined(ORIGIN) == refused[1:]
    await tree.harvest(store, [leaf(2, 1, rev=2)], superseded=[(1, 2)], accepted=[accepted(2, 1, 2)])
    assert await store.quarantined(ORIGIN) == []
    assert (await store.load(ORIGIN)).applied == 3


async def test_entries_refused_by_shape_iri_or_sequence_are_quarantined_and_never_live(store):
    tree = Tree()
    refused = [
        Refusal(1, None, RecordCode.ENTRY, "not UTF-8 at byte 0"),
        Refusal(2, iri(2), RecordCode.FOREIGN_IRI, "\ud800 is quoted, and \0 too"),
    ]
    await tree.harvest(store, [leaf(0, 0), BAD_SHAPE, leaf(2, 2)], refused=refused)
    first, second = await store.quarantined(ORIGIN)
    assert first == refused[0]
    assert (second.index, second.code, second.detail) == (2, RecordCode.FOREIGN_IRI, "? is quoted, and \ufffd too")
    assert [found.index for found in await store.living(ORIGIN, 0, 3)] == [0]


async def test_undecided_entries_stay_until_something_is_decided(store):
    tree = Tree()
    await tree.harvest(store, leaves(0, 4), undecided=[3, 1, 2, 0])
    assert await store.undecided(ORIGIN) == [0, 1, 2, 3]
    missing = Refusal(1, iri(1), RecordCode.MISSING, "not served")
    await store.apply(ORIGIN, Batch(0, 4, accepted=[accepted(0, 0)], refused=[missing], undecided=[3]))
    assert await store.undecided(ORIGIN) == [2, 3]
    await tree.harvest(store, [leaf(4, 2, rev=2)], superseded=[(2, 4)], accepted=[accepted(4, 2, 2)])
    assert await store.undecided(ORIGIN) == [3]


async def test_withdrawing_and_erasing_count_what_really_left(database, store):
    tree = Tree()
    await tree.harvest(store, leaves(0, 3), accepted=[accepted(index, index) for index in range(3)])
    ends = [leaf(3, 0, "withdraw", 2), leaf(4, 1, "erase", 2), leaf(5, 7, "withdraw"), leaf(6, 8, "erase")]
    applied = await tree.harvest(
        store, ends, superseded=[(0, 3), (1, 4)], withdrawn=[iri(0), iri(7)], erased=[iri(1), iri(8)]
    )
    assert applied == Applied(withdrawn=1, erased=1)
    assert [await in_force(database, number) is None for number in range(3)] == [True, True, False]
    assert await store.body(ORIGIN, accepted(0, 0).sha256) == (accepted(0, 0).body, False)
    assert await store.body(ORIGIN, accepted(1, 1).sha256) == (None, True)


async def test_erasure_deletes_every_revision_for_good(store):
    """Also when an old batch with the text is applied again afterwards."""
    tree = Tree()
    await tree.harvest(store, [leaf(0, 0)], accepted=[accepted(0, 0)])
    await tree.harvest(store, [leaf(1, 0, rev=2)], superseded=[(0, 1)], accepted=[accepted(1, 0, 2)])
    await tree.harvest(store, [leaf(2, 0, "erase", 3)], superseded=[(1, 2)], erased=[iri(0)])
    held = [(0, accepted(0, 0).sha256, accepted(0, 0).body)]
    await store.apply(ORIGIN, Batch(0, 1, held=held))
    for rev in (1, 2):
        assert await store.body(ORIGIN, accepted(0, 0, rev).sha256) == (None, True)
    assert await store.body(ORIGIN, "0" * 64) == (None, False)


async def test_a_record_belongs_to_one_log(database, store):
    """Another log can neither replace nor remove it, whatever it says."""
    await Tree().harvest(store, [leaf(0, 0)], accepted=[accepted(0, 0)])
    other = Tree()
    with pytest.raises(ForeignRecord, match="overlap"):
        await other.harvest(store, [leaf(0, 0)], accepted=[accepted(0, 0)], origin=OTHER)
    assert (await store.load(OTHER)).applied == 0
    refusal = Refusal(0, iri(0), RecordCode.PROOF, "signed by nobody we know")
    applied = await store.apply(OTHER, Batch(0, 1, refused=[refusal], withdrawn=[iri(0)], erased=[iri(0)]))
    assert applied == Applied()
    assert (await in_force(database, 0)).origin == ORIGIN
    assert await store.body(ORIGIN, accepted(0, 0).sha256) == (accepted(0, 0).body, False)


async def test_a_checkpoint_is_trusted_when_everything_below_it_is_applied(store):
    tree = Tree()
    await tree.save(store, leaves(0, 2))
    await tree.prove(store)
    await store.judge(ORIGIN, 2, [], [])
    with pytest.raises(Conflict):
        await store.trust(ORIGIN, b"note", 2, tree.root)
    await store.apply(ORIGIN, Batch(0, 2))
    await store.trust(ORIGIN, b"note", 2, tree.root)
    await store.trust(ORIGIN, b"note with cosignatures", 2, tree.root)
    assert (await store.load(ORIGIN)).note == b"note with cosignatures"


async def test_evidence_of_a_fork_stays_until_it_is_lifted(store):
    await store.freeze(ORIGIN, "two notes")
    assert (await store.load(ORIGIN)).evidence == "two notes"
    await store.freeze(ORIGIN, None)
    assert (await store.load(ORIGIN)).evidence is None


async def test_logs_do_not_mix(store):
    await Tree().harvest(store, leaves(0, 2), accepted=[accepted(0, 0)], undecided=[1])
    mine = leaf(0, 5, origin=OTHER)
    await Tree().harvest(store, [mine], accepted=[accepted(0, 5, origin=OTHER)], origin=OTHER)
    assert await store.leaf_bytes(OTHER, 0, 9) == [mine.leaf]
    assert await store.undecided(OTHER) == []
    assert await store.bodies(OTHER, 0, 1, 1) == [accepted(0, 5, origin=OTHER).body]
    assert await store.body(OTHER, accepted(0, 0).sha256) == (None, False)
    assert await store.origins() == [ORIGIN, OTHER]


async def test_an_entry_with_the_longest_possible_iri_is_harvested(database, store):
    """The format allows an id of nearly 4,096 bytes, more than an index of PostgreSQL takes."""
    name = f"https://chm.example.ke/records/{''.join(f'{n * 7919 % 9973:04}' for n in range(950))}"
    found = Leaf(0, b"{}", name, "put", 1)
    record = accepted(0, 0)
    long = record._replace(iri=name)
    await Tree().harvest(store, [found], accepted=[long])
    assert (await Records(database.read).get(name)).iri == name
    assert list(await store.heads(ORIGIN, [name])) == [name]


async def test_a_record_of_an_unknown_type_may_hold_anything(database, store):
    """What is no identifier or date is not indexed as one; the record itself is as it was."""
    odd = accepted(0, 0, identifier={"a": 1}, modified="\0" * 9, title="x\0y")
    long = accepted(1, 1, identifier="i" * 9000)
    await Tree().harvest(store, leaves(0, 2), accepted=[odd, long])
    first, second = await in_force(database, 0), await in_force(database, 1)
    assert (first.identifier, first.modified, first.body) == (None, "", odd.body)
    assert second.identifier is None
    assert first.document() == document(0, identifier={"a": 1}, modified="\0" * 9, title="x\0y")
