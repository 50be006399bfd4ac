"""What the server of logs is promised by its store (`chmsync.ports.LogReader`, CHM-Sync 1 section 3)."""

import pytest

from chmnode.storage import LogStore
from chmsync.mirror import Absence, read_tiles, serve
from chmsync.ports import Resource
from chmsync.tiles import authenticate, bundles_of, decode_bundle, tiles_of
from tests.contracts.material import ORIGIN, Tree, accepted, leaf


@pytest.fixture
def store(database):
    return LogStore(database)


async def test_every_tile_of_a_stored_log_leads_to_its_root(store):
    tree = Tree()
    await tree.save(store, [leaf(index, index) for index in range(700)])
    found = await read_tiles(store, ORIGIN, tuple(tiles_of(700)))
    authenticate(700, tree.root, found)


async def test_a_mirrored_log_is_served_whole(store):
    """Checkpoint, entry bundles, record bundles, single records: as the harvested log had them."""
    tree, size = Tree(), 300
    leaves = [leaf(index, index) for index in range(size)]
    await tree.harvest(store, leaves, accepted=[accepted(index, index) for index in range(size)])
    assert (await serve(store, ORIGIN, "checkpoint")).body == b"note"
    read = []
    for bundle in bundles_of(0, size):
        resource = await serve(store, ORIGIN, bundle.path())
        read += decode_bundle(resource.body, bundle.width)
    assert read == [found.leaf for found in leaves]
    lines = (await serve(store, ORIGIN, "records/001")).body.split(b"\n")
    assert lines == [*(accepted(index, index).body for index in range(256, size)), b""]
    record = await serve(store, ORIGIN, f"record/{accepted(7, 7).sha256}")
    assert isinstance(record, Resource)
    assert record.body == accepted(7, 7).body
    assert await serve(store, ORIGIN, f"record/{'0' * 64}") is Absence.UNKNOWN


async def test_a_record_line_is_empty_once_a_later_entry_is_served(store):
    """Superseded above the served size it is still there: a mirror may be behind its own harvest (section 5)."""
    tree = Tree()
    await tree.harvest(store, [leaf(0, 0), leaf(1, 1)], accepted=[accepted(0, 0), accepted(1, 1)])
    await tree.harvest(
        store,
        [leaf(2, 0, rev=2), leaf(3, 1, "withdraw", 2)],
        superseded=[(0, 2), (1, 3)],
        accepted=[accepted(2, 0, 2)],
    )
    first, second = accepted(0, 0).body, accepted(1, 1).body
    assert await store.bodies(ORIGIN, 0, 2, 2) == [first, second]
    assert await store.bodies(ORIGIN, 0, 3, 3) == [None, second, accepted(2, 0, 2).body]
    assert await store.bodies(ORIGIN, 0, 4, 4) == [None, None, accepted(2, 0, 2).body, None]
