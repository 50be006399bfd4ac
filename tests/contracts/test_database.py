"""What `Database` and `Session` promise on both engines, and how each reports what is wrong."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from chmnode.errors import ConstraintBroken, DatabaseBusy, DatabaseDamaged, DatabaseUnreachable, StorageError
from chmnode.storage import LogStore, migrate, open_database, sqlite
from chmnode.storage.sqlite import SQLiteDatabase
from chmsync.ports import Batch
from tests.contracts.material import ORIGIN, Tree, accepted, leaf

COUNTER = """
import asyncio, sys
from pathlib import Path
from chmnode.storage import Staging, migrate, open_database

async def main(url, folder, times):
    async with open_database(url, folder=Path(folder)) as database:
        await migrate(database)
        for _ in range(int(times)):
            async with database.transaction() as session:
                numbers = await Staging(session, "chm.example.ke/log").next_numbers("shared")
                await session.execute("meta_set", key=str(numbers[0]), value="taken")

asyncio.run(main(*sys.argv[1:]))
"""


async def put(session, key, value="x"):
    await session.execute("meta_set", key=key, value=value)


async def got(database, key):
    return await database.read.fetch_one("meta_get", key=key)


async def test_a_transaction_is_seen_when_it_is_committed(database):
    async with database.transaction() as session:
        await put(session, "a")
        assert await session.fetch_one("meta_get", key="a") == ("x",)
        assert await got(database, "a") is None
    assert await got(database, "a") == ("x",)


async def test_a_failed_transaction_leaves_nothing(database):

    async def fail():
        async with database.transaction() as session:
            await put(session, "a")
            await session.select("select nothing from nowhere", {})

    with pytest.raises(StorageError):
        await fail()
    assert await got(database, "a") is None
    async with database.transaction() as session:
        await put(session, "b")
    assert await got(database, "b") == ("x",)


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database):
    started = asyncio.Event()

    async def slow():
        async with database.transaction() as session:
            await put(session, "a")
            started.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(slow())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as session:
        await put(session, "b")
    assert (await got(database, "a"), await got(database, "b")) == (None, ("x",))


async def test_cancelling_at_any_moment_leaves_all_or_nothing(database):
    """Whatever statement is under way, also the commit."""
    for hops in range(12):

        async def both(number=hops):
            async with database.transaction() as session:
                await put(session, f"{number} one")
                await put(session, f"{number} two")

        task = asyncio.create_task(both())
        for _ in range(hops):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.transaction() as session:  # waits for whatever is still under way
            await put(session, "after")
        assert await got(database, f"{hops} one") == await got(database, f"{hops} two")


async def test_transactions_of_many_tasks_do_not_disturb_each_other(database):
    async def add(number):
        async with database.transaction() as session:
            await session.fetch_one("counter_add", name="n", count=1)
            await asyncio.sleep(0)
            await put(session, str(number))

    await asyncio.gather(*map(add, range(50)))
    assert await database.read.select("select value from counter", {}) == [(50,)]
    assert await database.read.select("select count(*) from meta where value = :x", {"x": "x"}) == [(50,)]


async def test_many_rows_are_written_in_order_and_none_is_no_work(database):
    async with database.transaction() as session:
        await session.execute_many("meta_set", [])
        await session.execute_many("meta_set", [{"key": "k", "value": str(n)} for n in range(500)])
    assert await got(database, "k") == ("499",)


@pytest.mark.parametrize("heavy", [False, True])
async def test_values_return_as_they_were(database, heavy):
    """Bytes as bytes, big integers, any text; a heavy query answers as a light one does."""
    text = "Ünïcode العربية 中文 🌍 %s :name"
    async with database.transaction() as session:
        await put(session, "t", text)
        await session.execute("staged_add", iri="i", op="put", rev=2**53, leaf=b"\x00\xff", sha256=None, body=b"")
    assert await database.read.select("select value from meta where key = :k", {"k": "t"}, heavy=heavy) == [(text,)]
    rows = await database.read.fetch_all("staged_list", heavy=heavy, limit=5)
    assert [row[1:] for row in rows] == [("i", "put", 2**53, b"\x00\xff", None, b"")]


async def test_how_many_rows_were_changed_is_told(database):
    async with database.transaction() as session:
        await put(session, "a")
        assert await session.execute("log_own", log=77) == 0
        assert await session.execute("lease_acquire", name="n", holder="h", expires=5, now=0) == 1
        assert await session.execute("lease_acquire", name="n", holder="g", expires=9, now=4) == 0


async def test_a_broken_constraint_is_named_and_undoes_the_transaction(database):
    row = {"iri": "i", "op": "put", "rev": 1, "leaf": b"", "sha256": None, "body": None}

    async def fail():
        async with database.transaction() as session:
            await put(session, "a")
            await session.execute_many("staged_add", [row, row])

    with pytest.raises(ConstraintBroken):
        await fail()
    assert await got(database, "a") is None


async def test_a_wrong_statement_is_a_storage_error(database):
    with pytest.raises(StorageError):
        await database.read.select("select nothing from nowhere", {})


async def test_two_processes_share_a_database(database_url, folder):
    """An import runs beside a server: both migrate an empty database, then take numbers; none is lost or doubled."""
    command = [sys.executable, "-c", COUNTER, database_url, str(folder), "40"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [await asyncio.create_subprocess_exec(*command, env=environment) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]
    async with open_database(database_url, folder=folder) as database:
        assert await database.read.select("select value from counter", {}) == [(80,)]
        taken = await database.read.select("select count(*) from meta where value = :taken", {"taken": "taken"})
        assert taken == [(80,)]


# SQLite alone.


async def opened(path):
    async with open_database(f"sqlite:///{path}", folder=Path("/")) as database:
        await migrate(database)
        return await database.read.select("pragma integrity_check", {})


async def test_every_commit_of_sqlite_is_synced(folder):
    async with open_database("sqlite:///chm.sqlite", folder=folder) as database:
        assert await database.read.select("pragma journal_mode", {}) == [("wal",)]
        async with database.transaction() as session:
            full = 2
            assert await session.select("pragma synchronous", {}) == [(full,)]
            assert await session.select("pragma foreign_keys", {}) == [(1,)]
            assert await session.select("pragma secure_delete", {}) == [(1,)]


async def test_readers_of_sqlite_cannot_write(folder):
    async with open_database("sqlite:///chm.sqlite", folder=folder) as database:
        await migrate(database)
        for heavy in (False, True):
            with pytest.raises(StorageError):
                await database.read.select("delete from meta", {}, heavy=heavy)


async def test_a_file_that_is_no_database_is_refused_with_the_mend(folder):
    path = folder / "chm.sqlite"
    path.write_bytes(b"not a database at all " * 100)
    with pytest.raises(DatabaseDamaged, match=r"chm\.sqlite .* put a backup"):
        await opened(path)


async def test_a_damaged_file_is_reported_when_it_is_met(folder):
    path = folder / "chm.sqlite"
    assert await opened(path) == [("ok",)]
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xaa" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(DatabaseDamaged):
        await opened(path)


async def test_a_missing_folder_is_named(folder):
    with pytest.raises(DatabaseUnreachable, match=r"does its folder exist"):
        await opened(folder / "nowhere" / "chm.sqlite")


async def test_a_database_held_too_long_is_busy(folder, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_MILLISECONDS", 50)
    url = "sqlite:///chm.sqlite"
    async with open_database(url, folder=folder) as one, open_database(url, folder=folder) as other:
        await migrate(one)
        async with one.transaction():
            with pytest.raises(DatabaseBusy) as caught:
                async with other.transaction():
                    pass
        assert caught.value.retry
        async with other.transaction() as session:
            await put(session, "a")


async def test_a_transaction_within_a_transaction_is_a_mistake_not_a_standstill(folder):
    async with open_database("sqlite:///chm.sqlite", folder=folder) as database, database.transaction():
        with pytest.raises(RuntimeError, match="within"):
            async with database.transaction():
                pass


async def test_a_relative_path_lies_in_the_folder_and_an_absolute_one_where_it_says(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "with space.sqlite"
    for url in ("sqlite:///a.sqlite", f"sqlite:///{str(elsewhere).replace(' ', '%20')}"):
        async with open_database(url, folder=folder):
            pass
    assert (folder / "a.sqlite").exists()
    assert elsewhere.exists()


# PostgreSQL alone.


async def test_every_commit_of_postgres_is_synced(postgres_url, folder):
    async with open_database(postgres_url, folder=folder) as database:
        assert await database.read.select("show synchronous_commit", {}) == [("on",)]


async def test_schemas_of_one_server_are_databases_of_their_own(postgres_url, folder, worker_id):
    urls = [f"{postgres_url}&schema=own_{worker_id}_{name}" for name in ("A-b", "c")]
    async with open_database(urls[0], folder=folder) as one, open_database(urls[1], folder=folder) as other:
        await migrate(one)
        await migrate(other)
        async with one.transaction() as session:
            await put(session, "a")
        assert await got(other, "a") is None


async def test_a_server_that_is_not_there_is_unreachable(folder):
    with pytest.raises(DatabaseUnreachable, match="is it running") as caught:
        await open_database("postgresql:///postgres?host=/nowhere", folder=folder).open()
    assert caught.value.retry


def test_another_kind_of_database_is_refused(folder):
    with pytest.raises(DatabaseUnreachable, match="mysql"):
        open_database("mysql://localhost/chm", folder=folder)


async def test_erased_text_is_in_no_file_of_a_running_node(folder):
    """Not in the write-ahead log either, which a running node keeps."""
    async with SQLiteDatabase(folder / "chm.sqlite") as database:
        await migrate(database)
        store = LogStore(database)
        secret = accepted(0, 0, title="the-secret-text")
        await Tree().harvest(store, [leaf(0, 0)], accepted=[secret])
        files = [path for path in folder.iterdir() if path.name.startswith("chm.sqlite")]
        assert any(b"the-secret-text" in path.read_bytes() for path in files)
        await store.apply(ORIGIN, Batch(-1, -1, erased=[secret.iri]))
        assert not [path for path in files if path.exists() and b"the-secret-text" in path.read_bytes()]
