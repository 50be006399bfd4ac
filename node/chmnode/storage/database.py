"""What the node asks of a database: two small promises, and the choice of engine by URL.

Owns the words `Database` and `Session`. Statements are named queries (`queries.py`); the few that must be composed at
run time go through `select`. Refuses URLs of any other engine. Column types are integer, text, bytes; JSON is text;
times are POSIX seconds.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeAlias
from urllib.parse import unquote

from chmnode.errors import DatabaseUnreachable

Value: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[Any, ...]
Dialect: TypeAlias = Literal["sqlite", "postgres"]


class Session(Protocol):
    """Runs statements, each by its name in `sql/` and with its parameters as keywords.

    Outside a transaction every statement sees what was committed before it. Errors are `StorageError`s.
    """

    #: Which engine, for the few who write SQL of their own.
    dialect: Dialect

    async def fetch_all(self, query: str, /, *, heavy: bool = False, **params: Value) -> list[Row]:
        """All rows. `heavy` keeps a large answer from holding up the event loop."""

    async def fetch_one(self, query: str, /, **params: Value) -> Row | None:
        """The first row, if there is one."""

    async def execute(self, query: str, /, **params: Value) -> int:
        """Change rows; how many were changed."""

    async def execute_many(self, query: str, rows: Iterable[Mapping[str, Value]]) -> None:
        """Run one statement for each of these sets of parameters, in order."""

    async def select(self, text: str, params: Mapping[str, Value], *, heavy: bool = False) -> list[Row]:
        """Rows of a statement composed at run time from fixed parts, parameters as `:name`."""

    async def script(self, text: str) -> None:
        """Run several statements without parameters; for migrations."""


class Database(Protocol):
    """One node's database. Several tasks share it, and other processes may have it open too."""

    #: Which engine, for the few who write SQL of their own.
    dialect: Dialect

    @property
    def read(self) -> Session:
        """For reading outside a transaction."""

    async def forget(self) -> None:
        """Make sure that deleted text is in no file of the database any more, as far as others' readings allow."""

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """All or nothing, durable (fsync) when the block ends. Transactions do not nest."""

    def migration(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that only one process at a time is in."""

    async def open(self) -> None:
        """Connect, or raise DatabaseUnreachable or DatabaseDamaged."""

    async def close(self) -> None:
        """Disconnect."""

    async def __aenter__(self) -> Self:
        """Open."""

    async def __aexit__(self, *error: object) -> None:
        """Close."""


def open_database(url: str, *, folder: Path) -> Database:
    """Choose the engine; nothing is opened yet.

    Args:
        url: `sqlite:///FILE`, relative to the folder, `sqlite:////PATH`, or `postgresql://...[?schema=NAME]`.
        folder: the node's.
    """
    # Each node loads only the driver that it uses.
    if url.startswith("sqlite:///"):
        from chmnode.storage.sqlite import SQLiteDatabase

        return SQLiteDatabase(folder / unquote(url.removeprefix("sqlite:///")))
    if url.startswith(("postgresql://", "postgres://")):
        from chmnode.storage.postgres import PostgresDatabase

        return PostgresDatabase(url)
    raise DatabaseUnreachable(
        f"{url.partition(':')[0]!r} is no known kind of database: write sqlite:///FILE or postgresql://..."
    )
