"""From an empty database to this software's tables (`chmnode.storage.migrations`)."""

import asyncio

import pytest

from chmnode.errors import DatabaseDamaged, DatabaseVersion, StorageError
from chmnode.storage import migrate, migrations, open_database, require_current

#: Tables that an engine keeps in its own way: its own ones, and the index of words.
OWN = ("sqlite_", "document_words")
ADDED = "create table later (x integer)"


@pytest.fixture
async def empty(database_url, folder):
    async with open_database(database_url, folder=folder) as database:
        yield database


@pytest.fixture
def newer(monkeypatch):
    """A release with one more step; give it the script."""

    def release(script):
        known = {dialect: migrations.steps(dialect) for dialect in ("sqlite", "postgres")}
        monkeypatch.setattr(migrations, "steps", lambda dialect: (*known[dialect], script))

    return release


async def test_an_empty_database_is_lost_or_brought_to_the_newest_version(empty):
    with pytest.raises(DatabaseDamaged, match="missing or empty: put back a backup"):
        await require_current(empty)
    assert await migrate(empty) == len(migrations.steps(empty.dialect))
    await require_current(empty)


async def test_migrating_again_changes_nothing(empty):
    await migrate(empty)
    async with empty.transaction() as session:
        await session.execute("meta_set", key="mine", value="kept")
    await migrate(empty)
    assert await empty.read.fetch_one("meta_get", key="mine") == ("kept",)


async def test_two_that_start_together_migrate_once(database_url, folder):
    async with open_database(database_url, folder=folder) as one, open_database(database_url, folder=folder) as other:
        await asyncio.gather(migrate(one), migrate(other))
        await require_current(one)
        await require_current(other)


async def test_an_older_database_gets_the_steps_it_lacks(empty, newer):
    first = await migrate(empty)
    newer(ADDED)
    with pytest.raises(DatabaseVersion):
        await require_current(empty)
    assert await migrate(empty) == first + 1
    assert await empty.read.select("select x from later", {}) == []


async def test_a_step_that_fails_leaves_the_version_before(empty, newer, monkeypatch):
    first = await migrate(empty)
    newer(f"{ADDED}; create table broken (")
    with pytest.raises(StorageError):
        await migrate(empty)
    monkeypatch.undo()
    assert await migrate(empty) == first
    with pytest.raises(StorageError):
        await empty.read.select("select x from later", {})


async def test_a_database_of_a_newer_release_is_refused(empty):
    await migrate(empty)
    async with empty.transaction() as session:
        await session.execute("meta_set", key="version", value="999")
    for step in (migrate, require_current):
        with pytest.raises(DatabaseVersion, match="newer chm"):
            await step(empty)


async def test_both_dialects_have_the_same_tables_and_columns(folder, postgres_url, worker_id):
    found = []
    for url, statement in (
        (
            "sqlite:///chm.sqlite",
            "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'",
        ),
        (
            f"{postgres_url}&schema=columns_{worker_id}",
            "select table_name, column_name from information_schema.columns where table_schema = current_schema()",
        ),
    ):
        async with open_database(url, folder=folder) as database:
            await migrate(database)
            rows = await database.read.select(statement, {})
            found.append({tuple(map(str, row)) for row in rows if not row[0].startswith(OWN)})
    assert found[0] == found[1]
