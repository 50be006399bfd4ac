"""The peers of a node and their schedule (`chmnode.storage.peers`)."""

from dataclasses import replace

import pytest

from chmnode.storage import Peers, Schedule

KE, UG = "chm.example.ke/log", "chm.example.ug/log"


@pytest.fixture
async def peers(database):
    async with database.transaction() as session:
        yield Peers(session)


async def test_a_pinned_peer_is_due_at_once(peers):
    await peers.put(KE, b'{"name":"Kenya"}', governments=["KE"], prefixes=["https://mirror.example/ke"], now=100)
    peer = await peers.get(KE)
    assert (peer.descriptor, peer.governments, peer.prefixes) == (
        b'{"name":"Kenya"}',
        ("KE",),
        ("https://mirror.example/ke",),
    )
    assert (peer.added, peer.schedule) == (100, Schedule())
    assert await peers.due(now=100, limit=10) == [peer]
    assert await peers.get(UG) is None


async def test_pinning_again_replaces_the_descriptor_and_keeps_the_schedule(peers):
    await peers.put(KE, b"{}", governments=["KE"], prefixes=[], now=100)
    schedule = Schedule(due=500, failures=2, last_try=90, code="UNREACHABLE", detail="time-out", run="{}")
    await peers.save(KE, schedule)
    await peers.put(KE, b'{"v":2}', governments=[], prefixes=[], now=200)
    peer = await peers.get(KE)
    assert (peer.descriptor, peer.governments, peer.added, peer.schedule) == (b'{"v":2}', (), 100, schedule)


async def test_due_are_those_whose_time_has_come_longest_waiting_first(peers):
    for origin, due, not_before in (("a/log", 30, 0), ("b/log", 10, 0), ("c/log", 10, 60), ("d/log", 70, 0)):
        await peers.put(origin, b"{}", governments=[], prefixes=[], now=0)
        await peers.save(origin, Schedule(due=due, not_before=not_before))
    assert [peer.origin for peer in await peers.due(now=50, limit=10)] == ["b/log", "a/log"]
    assert [peer.origin for peer in await peers.due(now=60, limit=2)] == ["b/log", "c/log"]
    assert await peers.due(now=5, limit=10) == []


async def test_every_column_of_the_schedule_is_kept(peers):
    await peers.put(KE, b"{}", governments=[], prefixes=[], now=0)
    full = Schedule(
        due=1,
        failures=2,
        not_before=3,
        last_try=4,
        last_ok=5,
        code="FORK",
        detail="two notes",
        etag='"x"',
        etag_source="https://chm.example.ke/log",
        run='{"new":1}',
        cosigned=6,
    )
    await peers.save(KE, full)
    assert (await peers.get(KE)).schedule == full
    await peers.save(KE, replace(full, code=None))
    assert (await peers.get(KE)).schedule.code is None


async def test_a_removed_peer_is_gone_and_stays_gone(peers):
    for origin in (UG, KE):
        await peers.put(origin, b"{}", governments=[], prefixes=[], now=0)
    assert [peer.origin for peer in await peers.list()] == [KE, UG]
    assert await peers.remove(KE)
    assert not await peers.remove(KE)
    await peers.save(KE, Schedule(due=1))
    assert [peer.origin for peer in await peers.list()] == [UG]
