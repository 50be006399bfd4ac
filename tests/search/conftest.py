"""Nodes to search: the real records of the demonstration, on both databases, and empty ones."""

import pytest
import pytest_asyncio

from tests.search.demonstration import opened_pair
from tests.search.shelf import Shelf


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demonstration(postgres_url, worker_id, tmp_path_factory):
    """The 145 real records and two endorsements, the same on SQLite and on PostgreSQL."""
    url = f"{postgres_url}&schema=search_{worker_id}_demonstration"
    async with opened_pair(tmp_path_factory.mktemp("demonstration"), url) as pair:
        yield pair


@pytest.fixture
def shelf(database):
    """An empty index on each kind of database."""
    return Shelf(database)
