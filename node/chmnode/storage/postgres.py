"""PostgreSQL by psycopg 3: a pool, one schema per node, every commit synced.

Owns the connections. Where SQLite has its one write lock, row locks order the writers here (`log_lock`), and migrations
hold an advisory lock. Refuses to wait for a lock for ever.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import lru_cache
from typing import Final, Self, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from chmnode.errors import ConstraintBroken, DatabaseBusy, DatabaseDamaged, DatabaseUnreachable, StorageError
from chmnode.storage.database import Dialect, Row, Value
from chmnode.storage.queries import load, to_pyformat

_Connected: TypeAlias = AsyncConnection[Row]

CONNECTIONS = 8
CONNECT_SECONDS = 10
LOCK_SECONDS = 20


class PostgresDatabase:
    """One schema of one PostgreSQL database.

    Args:
        url: as libpq reads it, and besides `schema=NAME` among its parameters (default `chm`).
    """

    dialect: Dialect = "postgres"

    def __init__(self, url: str) -> None:
        server, _, query = url.partition("?")
        options = dict(parse_qsl(query))
        self._schema = options.pop("schema", "chm")
        self._conninfo = f"{server}?{urlencode(options, quote_via=quote)}"
        self.read = _Session(self._connection)

    async def open(self) -> None:
        """Connect once to learn what is wrong, if something is, then fill the pool."""
        with translated():
            await (await psycopg.AsyncConnection.connect(self._conninfo, connect_timeout=CONNECT_SECONDS)).close()
            self._pool = AsyncConnectionPool(
                self._conninfo,
                kwargs={"autocommit": True},
                configure=self._configure,
                min_size=1,
                max_size=CONNECTIONS,
                timeout=LOCK_SECONDS,
                open=False,
            )
            await self._pool.open(wait=True, timeout=CONNECT_SECONDS)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def forget(self) -> None:
        """Nothing here: what is deleted goes with the next vacuum, which is PostgreSQL's own business."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Session"]:
        """One connection for the block, committed at its end."""
        with translated():
            async with self._pool.connection() as connection, connection.transaction():
                yield _Session(lambda: nullcontext(connection))

    @asynccontextmanager
    async def migration(self) -> AsyncIterator["_Session"]:
        """Wait for the advisory lock of this schema, and make the schema if it is not there."""
        with translated():
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(
                    "select pg_advisory_xact_lock(hashtextextended('chm-migration ' || %s, 0))", [self._schema]
                )
                found = await connection.execute("select from pg_namespace where nspname = %s", [self._schema])
                if not found.rowcount:
                    await connection.execute(sql.SQL("create schema {}").format(sql.Identifier(self._schema)))
                yield _Session(lambda: nullcontext(connection))

    def _connection(self) -> AbstractAsyncContextManager[_Connected]:
        return self._pool.connection()

    async def _configure(self, connection: _Connected) -> None:
        path = sql.Identifier(self._schema).as_string(connection)
        settings = {"search_path": path, "synchronous_commit": "on", "lock_timeout": f"{LOCK_SECONDS}s"}
        for name, value in settings.items():
            await connection.execute("select set_config(%s, %s, false)", [name, value])


@lru_cache(maxsize=256)
def _translation(text: str) -> bytes:
    return to_pyformat(text).encode()


class _Session:
    """Named queries on a connection from the pool, or on that of a transaction."""

    dialect: Dialect = "postgres"
    _queries: Final = load("postgres")

    def __init__(self, connection: Callable[[], AbstractAsyncContextManager[_Connected]]) -> None:
        self._connection = connection

    async def fetch_all(self, query: str, /, *, heavy: bool = False, **params: Value) -> list[Row]:
        return await self.select(self._queries[query], params, heavy=heavy)

    async def fetch_one(self, query: str, /, **params: Value) -> Row | None:
        rows = await self.select(self._queries[query], params)
        return rows[0] if rows else None

    async def select(self, text: str, params: Mapping[str, Value], *, heavy: bool = False) -> list[Row]:
        del heavy  # the server has its own processes
        with translated():
            async with self._connection() as connection:
                cursor = await connection.execute(_translation(text), params, binary=True)
                return await cursor.fetchall()

    async def execute(self, query: str, /, **params: Value) -> int:
        with translated():
            async with self._connection() as connection:
                cursor = await connection.execute(_translation(self._queries[query]), params)
                return cursor.rowcount

    async def execute_many(self, query: str, rows: Iterable[Mapping[str, Value]]) -> None:
        with translated():
            async with self._connection() as connection, connection.cursor() as cursor:
                await cursor.executemany(_translation(self._queries[query]), rows)

    async def script(self, text: str) -> None:
        with translated():
            async with self._connection() as connection:
                await connection.execute(text.encode())


@contextmanager
def translated() -> Iterator[None]:
    """Say in our words what PostgreSQL reports."""
    try:
        yield
    except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
        raise DatabaseDamaged(f"PostgreSQL reports damage ({error}): restore a backup") from error
    except (
        PoolTimeout,
        psycopg.errors.LockNotAvailable,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.SerializationFailure,
    ) as error:
        raise DatabaseBusy(f"PostgreSQL is busy ({error}): try again") from error
    except psycopg.IntegrityError as error:
        raise ConstraintBroken(str(error)) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"PostgreSQL cannot be reached ({error}): is it running, is the URL right?"
        ) from error
    except psycopg.Error as error:
        raise StorageError(f"PostgreSQL: {error}") from error
