"""Reading records, own and harvested (`chmnode.storage.records`)."""

import pytest

from chmnode.storage import Count, Cursor, LogStore, Records
from tests.contracts.material import ORIGIN, OTHER, Tree, accepted, iri, leaf, staged


@pytest.fixture
def records(database):
    return Records(database.read)


@pytest.fixture
async def store(database):
    """Five records of our own log, two of another one."""
    store = LogStore(database)
    await store.append(ORIGIN, Tree().step([staged(number, number) for number in range(5)]))
    theirs = [accepted(0, 8, origin=OTHER, type="Offer"), accepted(1, 9, origin=OTHER)]
    leaves = [leaf(0, 8, origin=OTHER), leaf(1, 9, origin=OTHER)]
    await Tree().harvest(store, leaves, accepted=theirs, origin=OTHER)
    return store


async def everything(records, limit, **only):
    """All pages, one after the other."""
    after, found = None, []
    while page := await records.page(after=after, limit=limit, **only):
        found += page
        after = Cursor.parse(str(page[-1].cursor))
    return [(record.origin, record.index) for record in found]


async def test_a_record_is_found_by_its_iri_and_its_identifier(store, records):
    record = await records.get(iri(3))
    assert record == await records.by_identifier("CHM-BBR-KE-3")
    assert record.document()["title"] == {"en": "Need 3, revision 1"}
    assert await records.get(iri(77)) is None
    assert await records.by_identifier("CHM-BBR-KE-77") is None


async def test_our_own_record_comes_first_when_another_claims_its_identifier(store, records):
    claim = accepted(2, 6, origin=OTHER, identifier="CHM-BBR-KE-3")
    tree = Tree()
    tree.growth.add([leaf(0, 8, origin=OTHER).leaf, leaf(1, 9, origin=OTHER).leaf])
    await tree.harvest(store, [leaf(2, 6, origin=OTHER)], accepted=[claim], origin=OTHER)
    assert (await records.by_identifier("CHM-BBR-KE-3")).origin == ORIGIN


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_show_every_record_once_newest_first(store, records, limit):
    assert await everything(records, limit) == [(OTHER, 1), (OTHER, 0), *((ORIGIN, n) for n in (4, 3, 2, 1, 0))]


async def test_pages_can_be_of_one_type_or_one_log(store, records):
    assert await everything(records, 2, kind="Offer") == [(OTHER, 0)]
    assert await everything(records, 2, origin=OTHER) == [(OTHER, 1), (OTHER, 0)]
    assert await everything(records, 2, kind="Need", origin=OTHER) == [(OTHER, 1)]
    assert await everything(records, 2, kind="Nothing") == []


async def test_records_of_the_same_date_are_not_lost_between_pages(database, records):
    store = LogStore(database)
    same = [accepted(n, n, modified="2026-11-20T00:00:00Z") for n in range(5)]
    await Tree().harvest(store, [leaf(n, n) for n in range(5)], accepted=same)
    assert await everything(records, 2) == [(ORIGIN, n) for n in (4, 3, 2, 1, 0)]


async def test_records_are_counted_by_type_and_log(store, records):
    assert await records.counts() == [Count("Need", ORIGIN, 5), Count("Need", OTHER, 1), Count("Offer", OTHER, 1)]


async def test_the_history_of_a_record_keeps_what_is_past(database, records):
    store, tree = LogStore(database), Tree()
    life = [staged(1, 1), staged(2, 2), staged(3, 1, rev=2), staged(4, 1, "withdraw", 3)]
    await store.append(ORIGIN, tree.step(life[:3]))
    assert [entry.in_force for entry in await records.history(iri(1))] == [False, True]
    await store.append(ORIGIN, tree.step(life[3:]))
    history = await records.history(iri(1))
    assert [(entry.index, entry.op, entry.rev) for entry in history] == [
        (0, "put", 1),
        (2, "put", 2),
        (3, "withdraw", 3),
    ]
    assert not any(entry.in_force for entry in history)
    assert await records.entry_of(iri(1)) == history[-1]
    assert await records.revision(iri(1), 1) == accepted(0, 1).body
    assert await records.revision(iri(1), 3) is None
    assert await records.history(iri(9)) == []


@pytest.mark.parametrize("text", ["", "1.2", "a.b.c", "1.x.2026"])
def test_a_cursor_is_one_that_we_wrote(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any sentence will do
        Cursor.parse(text)
