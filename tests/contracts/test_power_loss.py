"""Power loss at every step of a commit: `append` is all or nothing, and what it returned is durable (section 6).

The disk is `lossy_vfs`: the node's own SQLite settings, WAL, shared memory and three connections run on it as they are.
"""

import itertools
import shutil
from contextlib import suppress

import apsw
import pytest

from chmnode.errors import StorageError
from chmnode.storage import LogStore, NewEntry, Records, Staging, migrate
from chmnode.storage.sqlite import SQLiteDatabase
from tests.contracts import lossy_vfs
from tests.contracts.lossy_vfs import LossyDisk
from tests.contracts.material import ORIGIN, Tree, staged

STEPS = 4


def survivals(seed):
    """What the disk may have kept of writes that nobody synced."""
    yield from (lossy_vfs.nothing, lossy_vfs.everything, lossy_vfs.some(seed), lossy_vfs.some(-seed))


def life():
    """Batches that put, change, withdraw and erase; enough text for several pages."""
    yield [staged(0, number) for number in range(8)]
    yield [staged(0, 1, rev=2), staged(0, 2, "withdraw", 2), staged(0, 30)]
    yield [staged(0, 3, "erase", 2), *(staged(0, number) for number in range(40, 60))]
    yield [staged(0, 1, "erase", 3)]


async def publish(database, done):
    """Stage and append each batch; adds to `done` the size that each `append` has promised."""
    store, tree = LogStore(database), Tree()
    for batch in life():
        async with database.transaction() as session:
            entries = [NewEntry(made.iri, made.op, made.rev, made.leaf, made.sha256, made.body) for made in batch]
            await Staging(session, ORIGIN).stage(entries)
        await store.append(ORIGIN, tree.step(await store.staged(100)))
        done.append(tree.size)


def states():
    """What may be in force after 0, 1, ... steps: size and root of the log, and its records."""
    tree, in_force = Tree(), {}
    yield 0, tree.root, {}
    for batch in life():
        tree.step(batch)
        for made in batch:
            in_force[made.iri] = made.rev if made.op == "put" else None
        yield tree.size, tree.root, {name: rev for name, rev in in_force.items() if rev is not None}


async def survived(folder):
    """What a restarted node finds: a sound file, and a log that agrees with itself. (A LossyDisk does not wait.)"""
    async with SQLiteDatabase(folder / "chm.sqlite", connect=LossyDisk(folder).connect) as database:
        assert await database.read.select("pragma integrity_check", {}) == [("ok",)]
        assert await database.read.select("pragma foreign_key_check", {}) == []
        store = LogStore(database)
        state = await store.load(ORIGIN)
        assert {state.fetched, state.proven, state.judged, state.applied, state.frontier.size} == {state.size}
        assert len(await store.leaf_bytes(ORIGIN, 0, 1000)) == state.size
        assert await store.root_at(ORIGIN, state.size) == state.root == state.frontier.root()
        waiting = {(found.iri, found.rev) for found in await store.staged(100)}
        records = {record.iri: record.rev for record in await Records(database.read).page(limit=1000)}
        assert not waiting & {(name, rev) for name, newest in records.items() for rev in range(1, newest + 1)}
        return state.size, state.root, records


@pytest.fixture
async def prepared(folder):
    """A migrated, empty database."""
    (folder / "prepared").mkdir()
    async with SQLiteDatabase(folder / "prepared" / "chm.sqlite") as database:
        await migrate(database)
    return folder / "prepared"


@pytest.fixture(params=[None, 4], ids=["checkpoint at the end", "checkpoints all the time"])
def lossy(request, prepared, folder):
    """Makes a disk, and a database on it whose WAL is moved into the file that often."""
    serial = itertools.count()

    def make():
        disk = LossyDisk(shutil.copytree(prepared, folder / str(next(serial))))

        def connect(path):
            connection = disk.connect(path)
            if request.param:
                connection.wal_autocheckpoint(request.param)
            return connection

        return disk, SQLiteDatabase(disk.root / "chm.sqlite", connect=connect)

    return make


async def run(database, done):
    """The whole life of the process, until it ends or the power does."""
    try:
        async with database:
            await publish(database, done)
    except (StorageError, apsw.Error):
        return


async def test_append_is_all_or_nothing_and_durable_at_every_step(lossy, folder):
    """The power fails before each operation of the disk in turn, from opening the file to closing it."""
    disk, database = lossy()
    await run(database, done := [])
    possible, names = list(states()), itertools.count()
    assert len(done) == STEPS
    for count in range(1, len(disk.operations) + 1):
        disk, database = lossy()
        disk.fail_after(count)
        await run(database, done := [])
        assert not disk.powered
        for survival in survivals(count):
            found = await survived(disk.lose_power(folder / f"after {next(names)}", survival))
            assert found in possible[len(done) : len(done) + 2], f"{disk.operations[-1]} was the last, {done} promised"


async def test_a_whole_run_survives_whole(lossy, folder):
    disk, database = lossy()
    await run(database, [])
    assert await survived(disk.lose_power(folder / "after")) == list(states())[-1]


async def test_each_append_syncs_the_wal_last(lossy):
    """Nothing but a sync makes a promise: after the last write of an append comes one."""
    disk, database = lossy()
    async with database:
        await publish(database, [])
        wal = [operation.kind for operation in disk.operations if operation.file == "chm.sqlite-wal"]
        writes = [kind for kind in wal if kind != "truncate"]  # which follows an erasure
        assert writes[-1] == "sync"
        assert writes.count("sync") >= 2 * STEPS


def test_the_disk_forgets_what_nobody_synced(folder):
    """The measure itself: with `synchronous = off` the same disk loses a commit."""
    disk = LossyDisk(folder / "disk")
    connection = disk.connect(str(disk.root / "x.sqlite"))
    connection.execute("pragma journal_mode = wal; pragma synchronous = full; create table t (a)").fetchall()
    connection.execute("pragma synchronous = off; insert into t values (1)").fetchall()
    for name, survival, rows in (("none", lossy_vfs.nothing, []), ("all", lossy_vfs.everything, [(1,)])):
        after = apsw.Connection(str(disk.lose_power(folder / name, survival) / "x.sqlite"))
        assert after.execute("select a from t").fetchall() == rows
        after.close()
    with suppress(apsw.Error):
        connection.close()


def test_nothing_works_without_power(folder):
    disk = LossyDisk(folder / "disk")
    connection = disk.connect(str(disk.root / "x.sqlite"))
    connection.execute("create table t (a)")
    disk.fail_after(1)
    for _ in range(2):
        with pytest.raises(apsw.Error):
            connection.execute("insert into t values (1)")
    connection.close()
    assert not disk.powered
    assert {operation.kind for operation in disk.operations} >= {"write", "sync"}
