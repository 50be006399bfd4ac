"""What a sequencer is promised by its store (`chmsync.ports.SequencerStore`, CHM-Sync 1 section 6)."""

import asyncio

import pytest

from chmnode.storage import LogStore, NewEntry, Records, Staging, migrate, open_database
from chmsync.errors import Conflict
from chmsync.merkle import EMPTY_ROOT
from tests.contracts.material import ORIGIN, Tree, accepted, entry, iri, staged


@pytest.fixture
def store(database):
    return LogStore(database)


def new(number, op="put", rev=1):
    made = staged(0, number, op, rev)
    return NewEntry(made.iri, op, rev, made.leaf, made.sha256, made.body)


async def publish(database, store, tree, *entries):
    """Stage and sequence, as an edit and the sequencer after it."""
    async with database.transaction() as session:
        await Staging(session, ORIGIN).stage(entries)
    step = tree.step(await store.staged(1000))
    await store.append(ORIGIN, step)
    return step


async def test_an_empty_log_has_a_checkpoint_of_size_zero(store):
    tree = Tree()
    await store.append(ORIGIN, tree.step([]))
    state = await store.load(ORIGIN)
    assert (state.note, state.size, state.root) == (b"note 0", 0, EMPTY_ROOT)
    assert await store.origins() == [ORIGIN]


async def test_staged_entries_come_oldest_first_and_no_more_than_asked(database, store):
    async with database.transaction() as session:
        await Staging(session, ORIGIN).stage([new(3), new(1), new(2)])
        assert await Staging(session, ORIGIN).count() == 3
    assert [found.iri for found in await store.staged(2)] == [iri(3), iri(1)]


async def test_a_step_moves_everything_at_once(database, store):
    """Entries, texts, records in force, tree, note and every position; the staged rows are gone."""
    tree = Tree()
    step = await publish(database, store, tree, new(1), new(2))
    state = await store.load(ORIGIN)
    assert (state.note, state.size, state.root, state.frontier) == (step.note, 2, tree.root, step.frontier)
    assert (state.fetched, state.proven, state.judged, state.applied) == (2, 2, 2, 2)
    assert state.proven_frontier == step.frontier
    assert await store.leaf_bytes(ORIGIN, 0, 2) == [entry(1).encode(), entry(2).encode()]
    assert await store.bodies(ORIGIN, 0, 2, 2) == [accepted(0, 1).body, accepted(1, 2).body]
    assert await store.root_at(ORIGIN, 2) == tree.root
    assert await store.staged(10) == []
    record = await Records(database.read).get(iri(2))
    assert (record.origin, record.index, record.type, record.government) == (ORIGIN, 1, "Need", "KE")
    assert (record.identifier, record.body) == ("CHM-BBR-KE-2", accepted(1, 2).body)


async def test_a_step_from_an_old_size_changes_nothing(database, store):
    tree = Tree()
    await publish(database, store, tree, new(1))
    before = await store.load(ORIGIN)
    with pytest.raises(Conflict):
        await store.append(ORIGIN, Tree().step([staged(9, 2)]))
    assert await store.load(ORIGIN) == before
    assert await store.leaf_bytes(ORIGIN, 0, 9) == [entry(1).encode()]


async def test_of_two_sequencers_at_the_same_size_one_appends(database, store):
    """A log never forks, even when two processes believe that they hold the lease."""
    await store.append(ORIGIN, Tree().step([]))
    steps = [Tree().step([staged(seq, seq)]) for seq in (1, 2)]
    ended = await asyncio.gather(*(store.append(ORIGIN, step) for step in steps), return_exceptions=True)
    assert {type(end) for end in ended} == {type(None), Conflict}
    assert (await store.load(ORIGIN)).size == 1
    assert len(await store.leaf_bytes(ORIGIN, 0, 9)) == 1


async def test_the_sequencer_waits_for_an_edit_that_has_asked_for_its_revision(database, store):
    """Else the edit could stage a revision that the log has been given meanwhile."""
    tree = Tree()
    await publish(database, store, tree, new(1))
    async with database.transaction() as session:
        assert await Staging(session, ORIGIN).next_rev(iri(1)) == 2
        append = asyncio.create_task(store.append(ORIGIN, tree.step([staged(9, 2)])))
        await asyncio.sleep(0.1)
        assert not append.done()
        await Staging(session, ORIGIN).stage([new(1, rev=2)])
    await append
    assert (await store.load(ORIGIN)).size == 2


async def test_a_newer_revision_replaces_the_older(database, store):
    tree = Tree()
    await publish(database, store, tree, new(1))
    await publish(database, store, tree, new(1, rev=2))
    assert (await Records(database.read).get(iri(1))).rev == 2
    assert [head.index for head in (await store.heads(ORIGIN, [iri(1)])).values()] == [1]
    assert await store.bodies(ORIGIN, 0, 2, 2) == [None, accepted(1, 1, 2).body]
    assert await store.bodies(ORIGIN, 0, 1, 1) == [accepted(0, 1).body]


async def test_one_step_may_hold_a_whole_life(database, store):
    """Put, changed, withdrawn and erased within one batch: nothing is in force and no text remains."""
    tree = Tree()
    life = [new(1), new(1, rev=2), new(1, "withdraw", 3), new(1, "erase", 4), new(2)]
    await publish(database, store, tree, *life)
    assert await Records(database.read).get(iri(1)) is None
    assert await store.bodies(ORIGIN, 0, 5, 5) == [None, None, None, None, accepted(0, 2).body]
    for rev in (1, 2):
        assert await store.body(ORIGIN, accepted(0, 1, rev).sha256) == (None, True)
    assert (await Records(database.read).entry_of(iri(1))).op == "erase"


async def test_a_withdrawn_record_may_return(database, store):
    tree = Tree()
    await publish(database, store, tree, new(1))
    await publish(database, store, tree, new(1, "withdraw", 2))
    assert await Records(database.read).get(iri(1)) is None
    assert await store.body(ORIGIN, accepted(0, 1).sha256) == (accepted(0, 1).body, False)
    await publish(database, store, tree, new(1, rev=3))
    assert (await Records(database.read).get(iri(1))).rev == 3


async def test_erased_text_is_nowhere_in_the_file(folder):
    """On SQLite the freed pages are overwritten, and the WAL is emptied when the database is closed."""
    async with open_database("sqlite:///chm.sqlite", folder=folder) as database:
        await migrate(database)
        store, tree = LogStore(database), Tree()
        await publish(database, store, tree, new(1))
        assert any(b"Need 1, revision 1" in path.read_bytes() for path in folder.iterdir())
        await publish(database, store, tree, new(1, "erase", 2))
    assert [path.name for path in folder.iterdir()] == ["chm.sqlite"]
    assert b"Need 1, revision 1" not in (folder / "chm.sqlite").read_bytes()


async def test_newer_cosignatures_are_kept_only_for_the_same_checkpoint(database, store):
    tree = Tree()
    await publish(database, store, tree, new(1))
    await store.cosigned(ORIGIN, 1, b"note 1 and a cosignature")
    with pytest.raises(Conflict):
        await store.cosigned(ORIGIN, 0, b"of another size")
    state = await store.load(ORIGIN)
    assert (state.note, state.size) == (b"note 1 and a cosignature", 1)


async def test_the_next_revision_follows_what_is_staged_and_what_is_logged(database, store):
    tree = Tree()
    async with database.transaction() as session:
        assert await Staging(session, ORIGIN).next_rev(iri(1)) == 1
    await publish(database, store, tree, new(1))
    async with database.transaction() as session:
        staging = Staging(session, ORIGIN)
        assert await staging.next_rev(iri(1)) == 2
        await staging.stage([new(1, rev=2), new(1, "withdraw", 3), new(2)])
        assert await staging.next_rev(iri(1)) == 4
        assert await staging.newest([iri(1), iri(2), iri(9)]) == {iri(1): (3, "withdraw"), iri(2): (1, "put")}


async def test_one_revision_is_staged_once(database, store):
    async with database.transaction() as session:
        await Staging(session, ORIGIN).stage([new(1)])
    with pytest.raises(Conflict):
        async with database.transaction() as session:
            await Staging(session, ORIGIN).stage([new(2), new(1)])
    assert [found.iri for found in await store.staged(10)] == [iri(1)]


async def test_numbers_of_a_series_do_not_repeat(database):
    async with database.transaction() as session:
        staging = Staging(session, ORIGIN)
        assert list(await staging.next_numbers("BBR", 3)) == [1, 2, 3]
        assert list(await staging.next_numbers("BBO")) == [1]
    async with database.transaction() as session:
        assert list(await Staging(session, ORIGIN).next_numbers("BBR", 2)) == [4, 5]


async def test_what_follows_from_records_changes_in_the_same_transaction(database):
    """`on_change` sees what came into force and what left, and its failure undoes the step."""
    seen = []

    async def note(session, change):
        seen.append((change.origin, [record.iri for record in change.in_force], list(change.left)))
        if len(seen) == 3:
            raise RuntimeError("the index is broken")
        await session.execute("meta_set", key="seen", value=str(len(seen)))

    store, tree = LogStore(database, on_change=note), Tree()
    await publish(database, store, tree, new(1), new(2))
    await publish(database, store, tree, new(1, "withdraw", 2), new(3))
    assert seen == [(ORIGIN, [iri(1), iri(2)], []), (ORIGIN, [iri(3)], [iri(1)])]
    with pytest.raises(RuntimeError):
        await publish(database, store, tree, new(4))
    assert await database.read.fetch_one("meta_get", key="seen") == ("2",)
    assert (await store.load(ORIGIN)).size == 4
    assert [found.iri for found in await store.staged(10)] == [iri(4)]
