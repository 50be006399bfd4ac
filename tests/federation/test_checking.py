"""Records are checked in processes when there are many; the verdicts are the same, and a dead process stops nothing."""

import os
import signal

import pytest

from chmsync.checking import MANY, Checking
from chmsync.ports import Accepted, Refusal
from chmsync.simulator import Peer
from tests.federation.conftest import Examples


@pytest.fixture
def checking():
    made = Checking(Examples, cores=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def material():
    """Five good records, one changed, one foreign, one bad by its schema; and whose they are."""
    peer = Peer()
    for number in range(5):
        peer.put(f"r{number}", peer.record(f"r{number}", identifier=f"CHM-{number}", modified="2026-01-01T00:00:00Z"))
    peer.put("foreign", peer.record("foreign", government="FR"))
    peer.put("bad", peer.record("bad", title={}))
    bodies = list(peer.bodies.values())
    items = [(index, leaf, bodies[index]) for index, leaf in enumerate(peer.leaves)]
    items[4] = (4, items[4][1], items[4][2].replace(b"Record", b"RECORD"))
    return peer.member, items


async def test_processes_come_to_the_same_verdicts_as_threads(checking, material):
    member, items = material
    here = await checking.check(member, items, of=len(items))
    await checking.started()
    there = await checking.check(member, items, of=MANY)
    assert here == there
    assert [type(verdict) for verdict in here] == [Accepted] * 4 + [Refusal] * 3
    assert [str(verdict.code) for verdict in here[4:]] == ["HASH", "AUTHORITY", "SCHEMA"]
    assert (here[1].identifier, here[1].modified) == ("CHM-1", "2026-01-01T00:00:00Z")


async def test_few_records_start_no_process(checking, material):
    await checking.check(*material, of=MANY - 1)
    assert checking._processes is None


async def test_a_checking_process_that_dies_stops_nothing(checking, material):
    member, items = material
    await checking.started()
    for pid in list(checking._processes._processes):
        os.kill(pid, signal.SIGKILL)
    verdicts = await checking.check(member, items, of=MANY)
    assert [type(verdict) for verdict in verdicts] == [Accepted] * 4 + [Refusal] * 3
    assert await checking.check(member, items, of=MANY) == verdicts


async def test_while_processes_start_the_work_goes_on(checking, material):
    member, items = material
    verdicts = await checking.check(member, items, of=MANY)
    assert checking._processes is not None
    await checking.started()
    assert await checking.check(member, items, of=MANY) == verdicts
