"""The sequencer never signs two inconsistent checkpoints, whatever fails, and never goes on from a damaged state."""

import itertools
import shutil

import apsw
import pytest

from chmnode.errors import StorageError
from chmnode.storage import LogStore, NewEntry, Staging, migrate
from chmnode.storage.sqlite import SQLiteDatabase
from chmsync.checkpoint import open_checkpoint
from chmsync.errors import Conflict, LogDamaged
from chmsync.keys import PrivateKey
from chmsync.log import ClockBehind, Cosigner, Sequencer
from chmsync.merkle import leaf_hash, root_of
from chmsync.note import Note, cosignatures
from chmsync.simulator import Peer
from tests.contracts import lossy_vfs
from tests.contracts.lossy_vfs import LossyDisk

NOW = 1_767_225_600


class Publisher:
    """A node's own log over a database, with a clock that can be set."""

    def __init__(self, database, batch=1024):
        self.peer = Peer()
        self.database = database
        self.store = LogStore(database)
        self.now = NOW
        self.witness = Cosigner("chm.example.ke/witness", PrivateKey.from_seed(b"w" * 32))
        keys = [self.peer.log_key]
        self.sequencer = Sequencer(self.peer.origin, keys, self.witness, self.store, lambda: self.now, batch)

    async def stage(self, *slugs):
        """Stage one new revision of each record."""
        entries = []
        for slug in slugs:
            digest = self.peer.put(slug)
            leaf, body = self.peer.leaves[-1], self.peer.bodies[digest]
            rev = int(leaf.partition(b'"rev":')[2].partition(b",")[0])
            entries.append(NewEntry(self.peer.iri(slug), "put", rev, leaf, digest, body))
        async with self.database.transaction() as session:
            await Staging(session, self.peer.origin).stage(entries)

    async def note(self):
        return (await self.store.load(self.peer.origin)).note

    async def opened(self):
        return open_checkpoint(await self.note(), self.peer.origin, self.peer.member.log_keys)


@pytest.fixture
def publisher(database):
    return Publisher(database)


async def test_a_new_log_begins_with_a_signed_empty_checkpoint(publisher):
    await publisher.sequencer.recover()
    assert (await publisher.opened()).checkpoint.size == 0


async def test_staged_entries_get_their_places_in_order_under_one_signature(publisher):
    await publisher.sequencer.recover()
    await publisher.stage("a", "b", "c")
    assert await publisher.sequencer.sequence() == 3
    signed = await publisher.opened()
    assert signed.checkpoint.size == 3
    assert signed.checkpoint.root == root_of([leaf_hash(leaf) for leaf in publisher.peer.leaves])
    assert await publisher.store.leaf_bytes(publisher.peer.origin, 0, 3) == publisher.peer.leaves


async def test_nothing_staged_signs_nothing(publisher):
    await publisher.sequencer.recover()
    before = await publisher.note()
    assert await publisher.sequencer.sequence() == 0
    assert await publisher.note() == before


async def test_a_log_grows_over_many_tiles(database):
    publisher = Publisher(database, batch=200)
    await publisher.sequencer.recover()
    await publisher.stage(*(f"r{number}" for number in range(700)))
    while await publisher.sequencer.sequence():
        pass
    signed = await publisher.opened()
    assert signed.checkpoint.root == root_of([leaf_hash(leaf) for leaf in publisher.peer.leaves])
    assert len(await publisher.store.nodes(publisher.peer.origin, 1, 0, 2)) == 2


async def test_the_heartbeat_renews_our_cosignature_once_an_hour(publisher):
    await publisher.sequencer.recover()
    publisher.now += 1800
    assert not await publisher.sequencer.heartbeat(3600)
    publisher.now += 1800
    assert await publisher.sequencer.heartbeat(3600)
    (given,) = cosignatures(Note.parse(await publisher.note()), [publisher.witness.vkey])
    assert given.time == NOW + 3600


@pytest.mark.parametrize("step", ["recover", "sequence", "heartbeat"])
async def test_a_clock_behind_our_newest_cosignature_is_refused(publisher, step):
    await publisher.sequencer.recover()
    await publisher.stage("a")
    before = await publisher.note()
    publisher.now -= 60
    arguments = [0] if step == "heartbeat" else []
    said = r"signed on \d{4}-\d\d-\d\d \d\d:\d\d UTC, .*set the clock; .*`chm key rotate witness`"
    with pytest.raises(ClockBehind, match=said):
        await getattr(publisher.sequencer, step)(*arguments)
    assert await publisher.note() == before


async def test_two_sequencers_at_once_cannot_fork_the_log(publisher):
    """Both read size 0; the second to write is told, and writes nothing."""
    await publisher.sequencer.recover()
    await publisher.stage("a")
    late = await publisher.store.load(publisher.peer.origin)
    staged = await publisher.store.staged(10)
    await publisher.sequencer.sequence()
    signed = await publisher.note()
    with pytest.raises(Conflict):
        await publisher.sequencer._append(staged, late)
    assert await publisher.note() == signed


@pytest.mark.parametrize(
    "damage",
    [
        "update log set note = cast('x' as {blob})",
        "update log set size = 1",
        "update log set frontier = cast('12345678901234567890123456789012' as {blob})",
        "update entry set leaf = cast('{{}}' as {blob}) where idx = 1",
    ],
)
async def test_a_damaged_log_is_not_gone_on_from(publisher, damage):
    await publisher.sequencer.recover()
    await publisher.stage("a", "b", "c")
    await publisher.sequencer.sequence()
    blob = "blob" if publisher.database.dialect == "sqlite" else "bytea"
    async with publisher.database.transaction() as session:
        await session.script(damage.format(blob=blob))
    with pytest.raises(LogDamaged):
        await publisher.sequencer.recover()


async def test_a_log_signed_by_another_key_is_not_ours(publisher):
    await publisher.sequencer.recover()
    stranger = Sequencer(
        publisher.peer.origin, [PrivateKey.generate()], publisher.witness, publisher.store, lambda: NOW
    )
    with pytest.raises(LogDamaged, match="not signed by a log key"):
        await stranger.recover()


async def test_while_keys_overlap_both_sign_and_either_is_enough(publisher):
    await publisher.sequencer.recover()
    old, new = publisher.peer.log_key, PrivateKey.generate()
    both = Sequencer(publisher.peer.origin, [old, new], publisher.witness, publisher.store, lambda: NOW + 1)
    await both.recover()
    only_new = Sequencer(publisher.peer.origin, [new], publisher.witness, publisher.store, lambda: NOW + 2)
    await only_new.recover()
    assert len(Note.parse(await publisher.note()).signatures) == 3


# -- power loss ------------------------------------------------------------------------------------------------------


async def life(publisher, served):
    """Everything a publisher does, remembering each note that anybody could have been served."""
    await publisher.sequencer.recover()
    served.append(await publisher.note())
    for batch in (["a", "b"], ["a", "c", "d"], ["e"]):
        await publisher.stage(*batch)
        await publisher.sequencer.sequence()
        served.append(await publisher.note())
        publisher.now += 1


def consistent(notes, leaves):
    """Whether all these checkpoints are of one growing list of entries."""
    for note in notes:
        lines = note.decode().split("\n")
        size = int(lines[1])
        import base64

        if base64.b64decode(lines[2]) != root_of([leaf_hash(leaf) for leaf in leaves[:size]]):
            return False
    return True


@pytest.fixture
async def prepared(folder):
    (folder / "prepared").mkdir()
    async with SQLiteDatabase(folder / "prepared" / "chm.sqlite") as database:
        await migrate(database)
    return folder / "prepared"


async def test_no_loss_of_power_ever_yields_two_inconsistent_checkpoints(prepared, folder):
    """The power fails before each operation of the disk in turn; what was served before and after fits together."""
    names = itertools.count()

    def disk_of():
        return LossyDisk(shutil.copytree(prepared, folder / str(next(names))))

    async def lived(disk, served):
        try:
            async with SQLiteDatabase(disk.root / "chm.sqlite", connect=disk.connect) as database:
                await life(Publisher(database), served)
        except (StorageError, apsw.Error):
            return

    disk = disk_of()
    await lived(disk, [])
    steps = len(disk.operations)
    assert steps > 20
    for count in range(1, steps + 1):
        disk = disk_of()
        disk.fail_after(count)
        await lived(disk, before := [])
        for survival in (lossy_vfs.nothing, lossy_vfs.everything, lossy_vfs.some(count)):
            after = disk.lose_power(folder / f"after {next(names)}", survival)
            async with SQLiteDatabase(after / "chm.sqlite") as database:
                publisher = Publisher(database)
                publisher.now += 10
                await publisher.sequencer.recover()
                notes = [await publisher.note()]
                for slug in ("x", "y"):  # another life than the one that was lost
                    publisher.peer.leaves = await publisher.store.leaf_bytes(publisher.peer.origin, 0, 100)
                    await publisher.stage(f"{slug}{count}")
                    while await publisher.sequencer.sequence():
                        pass
                    notes.append(await publisher.note())
                leaves = await publisher.store.leaf_bytes(publisher.peer.origin, 0, 100)
                assert consistent([note for note in before if note] + notes, leaves), f"power lost at step {count}"
