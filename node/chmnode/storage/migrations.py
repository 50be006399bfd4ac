"""Numbered steps from an empty database to this software's tables (`sql/migrations/NNN.<dialect>.sql`).

Each step is one transaction that also writes its number, so that a kill leaves a whole version. Two processes may start
together: the second waits, and finds the work done. Refuses a database that a newer release has written, and to take
an empty one for one that has been lost.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from chmnode.errors import DatabaseDamaged, DatabaseVersion
from chmnode.storage.database import Database, Dialect, Session

_SQLITE: Final = "sqlite:///"
_LOST: Final = "the database is missing or empty: put back a backup"


@cache
def steps(dialect: Dialect) -> tuple[str, ...]:
    """The scripts of a dialect; the first makes version 1."""
    found = [
        (int(path.name.partition(".")[0]), path.read_text("utf-8"))
        for path in files("chmnode.storage").joinpath("sql", "migrations").iterdir()
        if path.name.endswith(f".{dialect}.sql")
    ]
    return tuple(text for _, text in sorted(found))


async def version(session: Session) -> int:
    """The version of the tables; 0 for an empty database."""
    if await session.fetch_one("meta_exists") is None:
        return 0
    row = await session.fetch_one("meta_get", key="version")
    return int(row[0]) if row else 0


async def migrate(database: Database) -> int:
    """Bring the tables to this software's version, which is returned; doing it again changes nothing."""
    scripts = steps(database.dialect)
    found = await version(database.read)
    _refuse_newer(found, len(scripts))
    for number, script in enumerate(scripts[found:], found + 1):
        async with database.migration() as session:
            if await version(session) < number:
                await session.script(script)
                await session.execute("meta_set", key="version", value=str(number))
    return len(scripts)


def require_there(url: str, folder: Path) -> None:
    """Refuse an SQLite file that is missing or empty, before opening makes one; a server tells by itself."""
    if not url.startswith(_SQLITE):
        return
    path = folder / unquote(url.removeprefix(_SQLITE))
    if not path.exists() or not path.stat().st_size:
        raise DatabaseDamaged(f"{_LOST} of {path}")


async def require_current(database: Database) -> None:
    """Refuse to work on tables of another version, or on none."""
    found, newest = await version(database.read), len(steps(database.dialect))
    _refuse_newer(found, newest)
    if not found:
        raise DatabaseDamaged(_LOST)
    if found < newest:
        raise DatabaseVersion(f"this database has version {found}, this chm needs {newest}: run `chm migrate`")


def _refuse_newer(found: int, newest: int) -> None:
    if found > newest:
        raise DatabaseVersion(
            f"this database was written by a newer chm (version {found}, this one knows {newest}): upgrade"
        )
