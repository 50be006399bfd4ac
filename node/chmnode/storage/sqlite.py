"""SQLite by apsw: one writer thread, reads in the event loop, WAL, every commit synced.

Owns three connections to one file. Writes are serialised here by a lock and between processes by `BEGIN IMMEDIATE`, so
an import may run beside a server. A point read takes about 10 microseconds and stays in the event loop; `heavy` ones
have a thread of their own. Refuses a file that is not a database, and a transaction within a transaction.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar

import apsw

from chmnode.errors import ConstraintBroken, DatabaseBusy, DatabaseDamaged, DatabaseUnreachable, StorageError
from chmnode.storage.database import Dialect, Row, Value
from chmnode.storage.queries import load

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]

#: How long another process may hold the write lock.
BUSY_MILLISECONDS = 20_000
#: `secure_delete` makes an erasure an erasure: freed pages are overwritten.
_PRAGMAS = """
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma secure_delete = on;
    pragma cache_size = -16384;
    pragma wal_autocheckpoint = 8192;
    pragma journal_size_limit = 67108864;
"""


class _Place(Protocol):
    """Where work on a connection is done."""

    def __call__(self, work: Work[T], /) -> Awaitable[T]: ...


class SQLiteDatabase:
    """One SQLite file.

    Args:
        path: of the file; made if it is not there.
        connect: opens it; tests give one that uses another VFS.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, connect: Callable[[str], apsw.Connection] = apsw.Connection) -> None:
        self._path = path
        self._connect = connect
        self._turn = asyncio.Lock()
        self._inside: asyncio.Task[object] | None = None

    async def open(self) -> None:
        """Connect three times; the writer first, for it may have to recover the WAL."""
        _make_private(self._path)
        self._writer = await _Thread.start("chm-write", self._connected)
        self._heavy = await _Thread.start("chm-read", self._connected)
        self._reader = self._connected()
        for connection in (self._heavy.connection, self._reader):
            connection.pragma("query_only", True)
        self.read = _Session(self._path, self._inline, self._heavy.run)
        self._write = _Session(self._path, self._writer.run, self._writer.run)

    async def close(self) -> None:
        """Disconnect; the last one to leave moves the WAL into the file."""
        self._reader.close()
        await self._heavy.stop()
        await self._writer.stop()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Session"]:
        """Take the write lock, commit at the end; cancelled or failed, nothing is kept."""
        if self._inside is asyncio.current_task():
            raise RuntimeError("a transaction within a transaction would wait for itself for ever")
        async with self._turn:
            self._inside = asyncio.current_task()
            try:
                with translated(self._path):
                    await self._writer.run(_begin)
                    yield self._write
                    await self._writer.run(_commit)
            except BaseException:
                await asyncio.shield(self._writer.run(_roll_back))
                raise
            finally:
                self._inside = None

    async def forget(self) -> None:
        """Move the WAL into the file, which overwrites what is deleted, and empty it; a reader may hold up a part."""
        with translated(self._path), suppress(apsw.BusyError):
            await self._writer.run(_empty_wal)

    #: `BEGIN IMMEDIATE` already lets in one process at a time.
    migration = transaction

    def _connected(self) -> apsw.Connection:
        with translated(self._path):
            connection = self._connect(str(self._path))
            connection.set_busy_timeout(BUSY_MILLISECONDS)
            connection.execute(_PRAGMAS).fetchall()  # apsw goes on to the next statement only when asked for rows
            connection.execute("select count(*) from sqlite_master").fetchall()  # is it a database?
            return connection

    async def _inline(self, work: Work[T], /) -> T:
        return work(self._reader)


class _Thread:
    """A connection that only its own thread uses."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)
        self.connection: apsw.Connection

    @classmethod
    async def start(cls, name: str, connect: Callable[[], apsw.Connection]) -> Self:
        thread = cls(name)
        try:
            thread.connection = await asyncio.get_running_loop().run_in_executor(thread._executor, connect)
        except BaseException:
            thread._executor.shutdown(wait=False)
            raise
        return thread

    async def run(self, work: Work[T], /) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, self.connection)

    async def stop(self) -> None:
        with suppress(apsw.Error):  # a disk that fails now has failed a statement before
            await self.run(apsw.Connection.close)
        self._executor.shutdown()


def _make_private(path: Path) -> None:
    """Make a new file for its owner alone; SQLite gives its companions the same mode. What fails here fails again."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _begin(connection: apsw.Connection) -> None:
    connection.execute("begin immediate")


def _commit(connection: apsw.Connection) -> None:
    connection.execute("commit")


def _empty_wal(connection: apsw.Connection) -> None:
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _roll_back(connection: apsw.Connection) -> None:
    if connection.in_transaction:
        with suppress(apsw.Error):  # the error that brought us here says more
            connection.execute("rollback")


class _Session:
    """Named queries, done at one place, or at another when they are heavy."""

    dialect: Dialect = "sqlite"
    _queries: Final = load("sqlite")

    def __init__(self, path: Path, light: _Place, heavy: _Place) -> None:
        self._path = path
        self._light = light
        self._heavy = heavy

    async def fetch_all(self, query: str, /, *, heavy: bool = False, **params: Value) -> list[Row]:
        return await self.select(self._queries[query], params, heavy=heavy)

    async def fetch_one(self, query: str, /, **params: Value) -> Row | None:
        rows = await self.select(self._queries[query], params)
        return rows[0] if rows else None

    async def select(self, text: str, params: Mapping[str, Value], *, heavy: bool = False) -> list[Row]:
        place = self._heavy if heavy else self._light
        with translated(self._path):
            return await place(lambda connection: connection.execute(text, params).fetchall())

    async def execute(self, query: str, /, **params: Value) -> int:
        text = self._queries[query]

        def work(connection: apsw.Connection) -> int:
            before = connection.total_changes()
            connection.execute(text, params).fetchall()
            return connection.total_changes() - before

        with translated(self._path):
            return await self._light(work)

    async def execute_many(self, query: str, rows: Iterable[Mapping[str, Value]]) -> None:
        text, many = self._queries[query], list(rows)
        if many:
            with translated(self._path):
                await self._light(lambda connection: connection.executemany(text, many))

    async def script(self, text: str) -> None:
        with translated(self._path):
            await self._light(lambda connection: connection.execute(text).fetchall())


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say in our words what SQLite reports."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise DatabaseDamaged(
            f"{path} is damaged or no database ({error}): keep a copy of it, then put a backup of the file in its place"
        ) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise DatabaseBusy(f"{path} is in use by another process: try again when it is done") from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.ReadOnlyError, apsw.AuthError) as error:
        raise DatabaseUnreachable(
            f"{path} cannot be opened for writing ({error}): does its folder exist, and is it yours?"
        ) from error
    except (apsw.FullError, apsw.IOError) as error:
        raise DatabaseUnreachable(f"{path} cannot be written ({error}): is the disk full or failing?") from error
    except apsw.ConstraintError as error:
        raise ConstraintBroken(str(error)) from error
    except apsw.Error as error:
        raise StorageError(f"{path}: {error}") from error
