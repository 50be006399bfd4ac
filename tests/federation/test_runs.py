"""Runs over many peers: none stops another, nothing is remembered that did not happen."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from chmnode.errors import DatabaseBusy
from chmnode.federation import harvesting, pin
from chmnode.node import found, open_node
from chmnode.storage import Leases, LogStore, Peers, Records
from chmnode.worker import Worker
from chmsync.checking import Checking
from chmsync.errors import Conflict
from chmsync.harvester import Harvester
from chmsync.simulator import Peer, PeerSource
from tests.contracts.material import ORIGIN, Tree, leaf
from tests.federation.conftest import Examples

NOW = 1_775_000_000
HOME = "https://chm.example.org/eu"


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def node(folder, clock):
    home = folder / "node"
    await found(home, clock=clock, name="R", base_url=HOME, governments=(), languages=("en",))
    async with open_node(home, clock=clock) as opened:
        opened.federation.checking._schemas = Examples()
        yield opened


@pytest.fixture
def served(monkeypatch):
    """Simulated peers stand where HTTP sources would."""
    sources = {}
    monkeypatch.setattr(harvesting, "sources_of", lambda peer, client, meter: [sources[peer.origin]])
    return sources


async def add(node, peer, served, source=None, governments=("KE",)):
    served[peer.origin] = source or PeerSource(peer)
    async with node.database.transaction() as session:
        await pin(session, node.member, peer.member.encode(), governments=governments, now=NOW)


UG = "https://chm.example.ug"


class Slow(PeerSource):
    async def checkpoint(self, etag):
        await asyncio.sleep(3600)


async def test_a_slow_peer_does_not_keep_the_others_from_their_next_harvest(node, served, clock, monkeypatch):
    """Section 7: a failure of the log stops this peer and only this peer; section 10: own schedule."""
    import chmnode.worker

    monkeypatch.setattr(chmnode.worker, "_HARVEST_SECONDS", 0.1)
    slow, good = Peer(), Peer(UG, governments=("UG",))
    good.put("a")
    await add(node, slow, served, Slow(slow))
    await add(node, good, served, governments=("UG",))
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(node).run(stop))
    await asyncio.sleep(1.5)
    assert (await node.logs.load(good.origin)).size == 1
    good.put("b")
    clock.now += 10_000  # long due again
    await asyncio.sleep(1.5)
    size = (await node.logs.load(good.origin)).size
    stop.set()
    await running
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0.2)
    assert size == 2


async def test_an_unexpected_exception_in_one_peer_leaves_the_others_alone(node, served):
    class Broken(PeerSource):
        async def checkpoint(self, etag):
            raise KeyError("a bug that one peer's bytes found")

    bad, good = Peer(), Peer(UG, governments=("UG",))
    good.put("a")
    await add(node, bad, served, Broken(bad))
    await add(node, good, served, governments=("UG",))
    reports = await node.federation.harvest()
    assert [report.status == "ok" for report in reports] == [False, True]


async def test_a_busy_database_for_one_peers_lease_leaves_the_others_alone(node, served, monkeypatch):
    bad, good = Peer(), Peer(UG, governments=("UG",))
    good.put("a")
    await add(node, bad, served)
    await add(node, good, served, governments=("UG",))
    true = Leases.acquire

    async def acquire(self, name, *rest):
        if bad.origin in name:
            raise DatabaseBusy("in use")
        return await true(self, name, *rest)

    monkeypatch.setattr(Leases, "acquire", acquire)
    reports = await node.federation.harvest()
    assert [report.status == "ok" for report in reports] == [False, True]


async def test_one_descriptor_that_cannot_be_read_leaves_the_others_alone(node, served):
    bad, good = Peer(), Peer(UG, governments=("UG",))
    good.put("a")
    await add(node, bad, served)
    await add(node, good, served, governments=("UG",))
    async with node.database.transaction() as session:
        await Peers(session).put(bad.origin, b"{}", governments=[], prefixes=[], now=NOW)
    await node.federation.harvest()
    assert (await node.logs.load(good.origin)).size == 1


async def test_a_failure_of_our_own_backs_off_like_any_other(node, served, clock):
    """Worker looks every 5 s; a run that ends in SyncError/NodeError must not be due again at once."""
    peer = Peer()
    peer.put("a")

    class Odd(PeerSource):
        async def checkpoint(self, etag):
            raise Conflict("somebody else")

    await add(node, peer, served, Odd(peer))
    await node.federation.harvest(await node.federation.due(10))
    assert await Peers(node.database.read).due(NOW, 10) == []


async def test_a_recheck_is_not_lost_when_the_peer_was_down_just_then(node, served):
    """Section 7: quarantine is retried when schemas change: also when the first run after that fails."""
    peer = Peer()
    peer.put("a", peer.record("a", title={}))
    source = PeerSource(peer)
    await add(node, peer, served, source)
    assert (await node.federation.harvest())[0].quarantined
    newer = replace(node.federation, ruleset="another release")
    node.federation.checking._schemas.titles = False
    source.down = True
    assert (await newer.harvest())[0].status == "unreachable"
    source.down = False
    assert (await newer.harvest())[0].accepted == 1


async def test_judging_again_takes_text_from_what_we_hold(node, served):
    """More governments were accepted; nothing of the log changed, and the source has lost a text that we hold."""
    peer = Peer()
    peer.put("a")
    await add(node, peer, served)
    await node.federation.harvest()
    await add(node, peer, served, governments=("KE", "UG"))
    peer.bodies.clear()
    report = (await node.federation.harvest())[0]
    assert report.status == "ok", report
    assert not report.quarantined, report
    assert await Records(node.database.read).get(peer.iri("a")) is not None


async def test_judging_again_does_not_fetch_the_whole_log_again(node, served):
    peer = Peer()
    for number in range(300):
        peer.put(f"r{number}")
    source = PeerSource(peer)
    await add(node, peer, served, source)
    await node.federation.harvest()
    await add(node, peer, served, source, governments=("KE", "UG"))
    source.asked.clear()
    await node.federation.harvest()
    assert not [path for path in source.asked if path.startswith("record")]


async def test_quarantine_is_retried_when_a_peer_was_removed_and_added_with_more_authority(node, served):
    peer = Peer()
    peer.put("a")
    await add(node, peer, served, governments=())
    await node.federation.harvest()
    async with node.database.transaction() as session:
        await Peers(session).remove(peer.origin)
    await add(node, peer, served, governments=("KE",))
    assert (await node.federation.harvest())[0].accepted == 1


async def test_prefixes_are_judged_again_when_a_peer_was_removed_and_added(node, served):
    peer = Peer()
    old = "https://old.example.ke/records/a"
    peer.put("a", peer.record("a", id=old), id=old)
    await add(node, peer, served)
    await node.federation.harvest()
    moved = replace(peer.member, id_prefixes=(*peer.member.id_prefixes, "https://old.example.ke/records"))
    async with node.database.transaction() as session:
        await Peers(session).remove(peer.origin)
        await pin(session, node.member, moved.encode(), governments=("KE",), now=NOW)
    assert (await node.federation.harvest())[0].accepted == 1


async def test_two_runs_in_one_process_do_not_harvest_one_peer_at_once(node, served):
    """The lease excludes other processes only: its holder is the process."""
    peer = Peer()
    peer.put("a")
    inside = 0
    most = 0

    class Watched(PeerSource):
        async def checkpoint(self, etag):
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.3)
            inside -= 1
            return await PeerSource.checkpoint(self, etag)

    await add(node, peer, served, Watched(peer))
    await asyncio.gather(node.federation.harvest(), node.federation.harvest(), return_exceptions=True)
    assert most == 1


async def test_a_clock_that_was_wrong_once_does_not_stop_harvests_for_years(node, served, clock):
    peer = Peer()
    peer.put("a")
    await add(node, peer, served)
    clock.now = NOW + 10 * 365 * 86_400
    await node.federation.harvest(await node.federation.due(10))
    clock.now = NOW
    peer.put("b")
    clock.now = NOW + 86_400
    await node.federation.harvest(await node.federation.due(10))
    assert (await node.logs.load(peer.origin)).size == 2


async def test_what_is_remembered_of_a_run_is_bounded(node, served):
    """20,000 entries `{}` cost a peer 80 kB; the peer's row is read every five seconds for every peer."""
    peer = Peer()
    peer.leaves = [b"{}"] * 20_000
    await add(node, peer, served)
    report = (await node.federation.harvest())[0]
    assert report.status == "ok", report
    (row,) = await Peers(node.database.read).list()
    assert len(row.schedule.run) < 500_000


# -- storage ---------------------------------------------------------------------------------------------------------


async def test_a_proof_is_of_the_target_it_was_made_for(database):
    """Two runs on one log: the note kept as proof must be the one whose size was proven."""
    store = LogStore(database)
    tree = Tree()
    await store.retarget(ORIGIN, b"note of 3", 3)
    await tree.save(store, [leaf(index, index) for index in range(3)])
    await store.retarget(ORIGIN, b"note of 2", 2)
    with pytest.raises(Conflict):
        await store.prove(ORIGIN, 3)


async def test_the_mirror_never_cosigns_a_checkpoint_that_was_not_proven(database):
    """The same, whole: a second run retargets to a forked checkpoint just before the first proves its own."""
    peer = Peer()
    for number in range(3):
        peer.put(f"r{number}")
    fork = peer.forked(1)
    fork.put("other")  # a signed checkpoint of size 2 with another root
    forked_note = fork.checkpoint()

    class Racing(LogStore):
        async def prove(self, origin, size):
            await super().retarget(origin, forked_note, 2)  # what the other run does now
            await super().prove(origin, size)

    from chmsync.keys import PrivateKey
    from chmsync.log import Cosigner

    mirror = Cosigner("region.example.org/mirror", PrivateKey.from_seed(b"m" * 32))
    checking = Checking(Examples)
    store = Racing(database)
    with contextlib.suppress(Conflict):
        await Harvester(store, checking, lambda: NOW, mirror).harvest(peer.member.allowing(["KE"]), [PeerSource(peer)])
    checking.close()
    note = (await store.load(peer.origin)).note
    assert (
        note is None
        or b"region.example.org/mirror" not in note
        or not note.startswith(forked_note.partition(b"\n\n")[0])
    )
