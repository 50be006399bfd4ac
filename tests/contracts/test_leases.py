"""Who may do what only one may (`chmnode.storage.leases`)."""

import asyncio

import pytest

from chmnode.storage import Leases


@pytest.fixture
def leases(database):
    return Leases(database)


async def test_a_lease_has_one_holder(leases):
    assert await leases.acquire("sequencer", "a", 60, now=100)
    assert not await leases.acquire("sequencer", "b", 60, now=159)
    assert await leases.acquire("harvest KE", "b", 60, now=100)


async def test_a_lease_that_ran_out_is_free(leases):
    assert await leases.acquire("sequencer", "a", 60, now=100)
    assert await leases.acquire("sequencer", "b", 60, now=160)
    assert not await leases.renew("sequencer", "a", 60, now=161)
    assert not await leases.acquire("sequencer", "a", 60, now=161)


async def test_a_holder_keeps_its_lease_by_renewing(leases):
    assert await leases.acquire("sequencer", "a", 60, now=100)
    assert await leases.renew("sequencer", "a", 60, now=150)
    assert not await leases.acquire("sequencer", "b", 60, now=200)
    assert await leases.acquire("sequencer", "a", 60, now=200)
    assert not await leases.acquire("sequencer", "b", 60, now=259)


async def test_a_lease_that_ran_out_cannot_be_renewed(leases):
    """Whoever slept too long must ask again, for somebody else may have acted."""
    await leases.acquire("sequencer", "a", 60, now=100)
    assert not await leases.renew("sequencer", "a", 60, now=160)
    assert not await leases.renew("nothing", "a", 60, now=160)


async def test_only_the_holder_gives_a_lease_back(leases):
    await leases.acquire("sequencer", "a", 60, now=100)
    await leases.release("sequencer", "b")
    assert not await leases.acquire("sequencer", "b", 60, now=101)
    await leases.release("sequencer", "a")
    assert await leases.acquire("sequencer", "b", 60, now=102)


async def test_of_many_who_ask_at_once_one_gets_it(leases):
    asked = [leases.acquire("sequencer", f"holder {n}", 60, now=100) for n in range(20)]
    assert sum(await asyncio.gather(*asked)) == 1
