"""An exported log of our own, for verifiers that other people wrote."""

import pytest

from tests.federation.publisher import Publisher


@pytest.fixture
def database_url():
    """One kind of database is enough here: what is exported is the same."""
    return "sqlite:///chm.sqlite"


@pytest.fixture
def publisher(database):
    return Publisher(database)
