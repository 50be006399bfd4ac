"""What the search index is promised by its tables (`chmnode.storage.documents`)."""

import asyncio

import numpy as np
import pytest

from chmnode.storage import (
    Coverage,
    Document,
    Documents,
    Endorsed,
    Endorsement,
    LogStore,
    Standing,
    Unindexed,
    open_database,
)
from chmnode.storage.documents import PACKED
from tests.contracts.material import ORIGIN, OTHER, Tree, accepted, iri, leaf

VERSION = 7


def packed(*numbers):
    return np.array(numbers, PACKED).tobytes()


def made(doc, words="alpha", *, idx=None, facets=(1,), **changes):
    """A document as the index writes it; at the place in the first log that has its number less one."""
    given = {"modified": 100 + doc, "closes": None, "ranking": doc * 3, "version": VERSION, "log": 1, **changes}
    return Document(
        doc,
        given["log"],
        doc - 1 if idx is None else idx,
        given["version"],
        packed(*facets),
        given["modified"],
        given["closes"],
        given["ranking"],
        words,
    )


@pytest.fixture
async def store(database):
    """Five records in force of one log, in this order."""
    store = LogStore(database, clock=lambda: 0)
    await Tree().harvest(store, [leaf(n, n) for n in range(5)], accepted=[accepted(n, n) for n in range(5)])
    return store


@pytest.fixture
def documents(database):
    return Documents(database.read)


async def write(database, new=(), replaced=()):
    """One change; its number."""
    async with database.transaction() as session:
        index = Documents(session)
        change = await index.begin()
        await index.write(change, list(new), list(replaced))
    return change


async def leave(database, *docs):
    async with database.transaction() as session:
        index = Documents(session)
        await index.leave(await index.begin(), docs)


async def holding(documents, *alternatives):
    return (await documents.holding([tuple(one.split()) for one in alternatives])).tolist()


async def test_changes_are_numbered_from_one(database, documents):
    assert await documents.change() == 0
    assert [await write(database), await write(database)] == [1, 2]
    assert await documents.change() == 2


async def test_a_change_that_fails_has_no_number(database, documents):
    async def fail():
        async with database.transaction() as session:
            await Documents(session).begin()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await documents.change() == 0
    assert await write(database) == 1


async def test_only_one_writer_is_within_a_change(database, database_url, folder):
    """So changes become visible in the order of their numbers."""
    order = []

    async def writer(where, name):
        async with where.transaction() as session:
            number = await Documents(session).begin()
            order.append(("begins", name, number))
            await asyncio.sleep(0.05)
            order.append(("ends", name, number))

    async with open_database(database_url, folder=folder) as second:
        await asyncio.gather(writer(database, "a"), writer(second, "b"))
    assert [word for word, *_ in order] == ["begins", "ends", "begins", "ends"]
    assert [number for *_, number in order] == [1, 1, 2, 2]


async def test_documents_are_numbered_without_gaps(database):
    async with database.transaction() as session:
        index = Documents(session)
        assert [await index.number(3), await index.number(1), await index.number(0), await index.number(2)] == [
            1,
            4,
            5,
            5,
        ]


async def test_values_of_facets_get_numbers_that_stay(database, documents):
    async with database.transaction() as session:
        numbers = await Documents(session).add_values([("type", "Need"), ("country", "KE")])
    assert numbers == {("type", "Need"): 1, ("country", "KE"): 2}
    async with database.transaction() as session:
        assert await Documents(session).add_values([("country", "=é ")]) == {("country", "=é "): 3}
    assert await documents.values(0) == [(1, "type", "Need"), (2, "country", "KE"), (3, "country", "=é ")]
    assert await documents.values(2) == [(3, "country", "=é ")]


async def test_numbers_of_a_failed_change_are_given_again(database):
    async def fail():
        async with database.transaction() as session:
            await Documents(session).add_values([("type", "Lost")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.transaction() as session:
        assert await Documents(session).add_values([("type", "Need")]) == {("type", "Need"): 1}


async def test_a_token_finds_the_documents_that_hold_it(store, database, documents):
    await write(database, [made(1, "alpha bravo"), made(2, "bravo charlie"), made(3, "")])
    assert await holding(documents, "bravo") == [1, 2]
    assert await holding(documents, "alpha") == [1]
    assert await holding(documents, "alph") == []
    assert await holding(documents, "delta") == []


async def test_a_sequence_finds_tokens_that_follow_each_other(store, database, documents):
    await write(database, [made(1, "alpha bravo charlie"), made(2, "bravo alpha"), made(3, "alpha ¦ bravo")])
    assert await holding(documents, "alpha bravo") == [1]
    assert await holding(documents, "alpha bravo charlie") == [1]
    assert await holding(documents, "alpha charlie") == []


async def test_alternatives_find_what_any_of_them_does(store, database, documents):
    await write(database, [made(1, "alpha"), made(2, "bravo"), made(3, "charlie delta"), made(4, "delta charlie")])
    assert await holding(documents, "alpha", "charlie delta") == [1, 3]


async def test_a_star_finds_every_token_that_begins_so(store, database, documents):
    await write(database, [made(1, "湿地 地保"), made(2, "湿"), made(3, "地湿"), made(4, "荒漠 湿地")])
    assert await holding(documents, "湿*") == [1, 2, 4]
    assert await holding(documents, "荒漠 湿*") == [4]
    assert await holding(documents, "湿") == [2]


@pytest.mark.parametrize(
    "token", ["or", "and", "not", "near", "é", "˙title", "содержание", "湿地", "ال", "a1b2", "123", "\u0e01\u0e34"]
)
async def test_any_token_is_found_as_it_was_written(store, database, documents, token):
    """Also those that are words of a query language, and marks that belong to a letter."""
    await write(database, [made(1, f"x {token} y"), made(2, f"{token}{token}")])
    assert await holding(documents, token) == [1]
    assert await holding(documents, f"x {token} y") == [1]


async def test_the_tables_hold_as_many_tokens_as_the_analysis_gives(store, database, documents):
    words = " ".join(["many"] * 250 + [f"word{number}" for number in range(15_000)])
    await write(database, [made(1, words)])
    assert await holding(documents, "word14999") == [1]
    assert await holding(documents, "word14998 word14999") == [1]
    assert await holding(documents, "many word0") == [1]


async def test_a_replaced_document_is_found_by_its_new_words_only(store, database, documents):
    await write(database, [made(1, "alpha"), made(2, "alpha")])
    await write(database, replaced=[made(1, "bravo", facets=(2, 3), modified=9, closes=5, ranking=4)])
    assert await holding(documents, "alpha") == [2]
    assert await holding(documents, "bravo") == [1]
    assert (await documents.block(1, 2)) == [Standing(1, packed(2, 3), 9, 5, 4)]


async def test_a_document_that_left_is_found_by_nothing_but_its_change(store, database, documents):
    await write(database, [made(1), made(2)])
    await leave(database, 1)
    assert await holding(documents, "alpha") == [2]
    assert [row.doc for row in await documents.block(1, 9)] == [2]
    assert await documents.places([(1, 0), (1, 1)]) == {(1, 1): 2}
    assert await documents.records([1, 2]) != {}
    assert list(await documents.records([1, 2])) == [2]
    assert await documents.facets([1, 2]) == {2: packed(1)}
    assert [(row.doc, row.facets) for row in await documents.changes(1, 2)] == [(1, None)]


async def test_the_place_of_a_document_that_left_is_free(store, database, documents):
    """A record that was withdrawn and comes back gets another document."""
    await write(database, [made(1)])
    await leave(database, 1)
    await write(database, [made(2, idx=0)])
    assert await documents.places([(1, 0)]) == {(1, 0): 2}


async def test_leaving_twice_or_never_having_been_there_is_no_error(store, database, documents):
    await write(database, [made(1)])
    await leave(database, 1, 1, 77)
    await leave(database, 1)
    await leave(database)
    assert await holding(documents, "alpha") == []


async def test_changes_tell_each_document_once_as_it_is_now_in_order(store, database, documents):
    await write(database, [made(1), made(2), made(3)])
    await write(database, replaced=[made(2, modified=1)])
    await write(database, [made(4)], [made(1, modified=2)])
    assert [row.doc for row in await documents.changes(0, 3)] == [3, 2, 1, 4]
    assert [row.doc for row in await documents.changes(1, 3)] == [2, 1, 4]
    assert [row.doc for row in await documents.changes(1, 2)] == [2]
    assert await documents.changes(3, 3) == []
    assert [await documents.changed(change) for change in range(4)] == [4, 3, 2, 0]


async def test_blocks_are_half_open_and_in_order(store, database, documents):
    await write(database, [made(3), made(1), made(2, closes=7)])
    assert await documents.block(1, 3) == [Standing(1, packed(1), 101, None, 3), Standing(2, packed(1), 102, 7, 6)]
    assert [row.doc for row in await documents.block(2, 100)] == [2, 3]
    assert await documents.newest() == 3


async def test_an_empty_index_answers(documents):
    assert await documents.newest() == 0
    assert await documents.block(1, 100) == await documents.changes(0, 9) == await documents.values(0) == []
    assert await holding(documents, "alpha") == []
    assert await documents.records([]) == await documents.facets([1]) == await documents.places([]) == {}
    assert await documents.coverage(VERSION) == Coverage(0, 0, 0)


async def test_other_facets_leave_the_words(store, database, documents):
    await write(database, [made(1), made(2)])
    async with database.transaction() as session:
        index = Documents(session)
        await index.refacet(await index.begin(), 1, packed(5, 6))
    assert await documents.facets([1, 2]) == {1: packed(5, 6), 2: packed(1)}
    assert await holding(documents, "alpha") == [1, 2]
    assert [row.doc for row in await documents.changes(1, 2)] == [1]


async def test_records_are_those_in_force_at_the_place_of_the_document(store, database, documents):
    await write(database, [made(1), made(3)])
    found = await documents.records([3, 1, 99])
    assert {doc: (record.iri, record.origin, record.index) for doc, record in found.items()} == {
        1: (iri(0), ORIGIN, 0),
        3: (iri(2), ORIGIN, 2),
    }
    assert found[1].document()["title"] == {"en": "Need 0, revision 1"}


async def test_a_document_of_a_revision_that_is_not_in_force_has_no_record(store, database, documents):
    await write(database, [made(9, idx=77)])
    assert await documents.records([9]) == {}


async def test_a_record_tells_its_document_and_the_hash_of_its_text(store, database, documents):
    await write(database, [made(2, facets=(4, 5))])
    assert await documents.standing_of(iri(1)) == (2, packed(4, 5), accepted(1, 1).sha256)
    assert await documents.standing_of(iri(0)) is None
    assert await documents.standing_of("https://elsewhere.example/records/1") is None


async def test_places_are_of_the_right_log(store, database, documents):
    await Tree().harvest(store, [leaf(0, 8, origin=OTHER)], accepted=[accepted(0, 8, origin=OTHER)], origin=OTHER)
    await write(database, [made(1), made(2, log=2, idx=0)])
    assert await documents.places([(1, 0), (2, 0), (2, 1)]) == {(1, 0): 1, (2, 0): 2}
    assert {doc: record.origin for doc, record in (await documents.records([1, 2])).items()} == {1: ORIGIN, 2: OTHER}


async def test_what_cannot_be_found_yet_is_told_before_what_another_analysis_made(store, database, documents):
    await write(database, [made(1, version=VERSION - 1), made(2), made(3)])
    missing = await documents.unindexed(VERSION, 10)
    assert [(one.doc, one.iri) for one in missing] == [(None, iri(3)), (None, iri(4))]
    assert [one.iri for one in await documents.unindexed(VERSION, 1)] == [iri(3)]
    await write(database, [made(4), made(5)])
    (stale,) = await documents.unindexed(VERSION, 10)
    one = accepted(0, 0)
    assert stale == Unindexed(1, iri(0), ORIGIN, 1, 0, "Need", one.modified, one.sha256, one.body)
    await write(database, replaced=[made(1)])
    assert await documents.unindexed(VERSION, 10) == []


async def test_coverage_counts_records_documents_and_those_of_this_analysis(store, database, documents):
    await write(database, [made(1), made(2, version=VERSION - 1), made(3)])
    assert await documents.coverage(VERSION) == Coverage(5, 3, 2)
    await leave(database, 3)
    assert await documents.coverage(VERSION) == Coverage(5, 2, 1)


def endorsement(number, target=1, government="KE", sha256="a"):
    return Endorsement(iri(number), iri(target), government, 1, sha256 * 64)


async def test_endorsements_are_kept_by_record_and_end(database, documents):
    async with database.transaction() as session:
        await Documents(session).endorse([endorsement(10), endorsement(11, government="UG"), endorsement(12, target=2)])
    found = await documents.endorsements_of([iri(1), iri(9)])
    assert sorted(found, key=lambda one: one.iri) == [endorsement(10), endorsement(11, government="UG")]
    async with database.transaction() as session:
        index = Documents(session)
        assert await index.unendorse([iri(10), iri(77)]) == [iri(1)]
        assert await index.unendorse([iri(10)]) == []
    assert await documents.endorsements_of([iri(1), iri(2)]) == [
        endorsement(11, government="UG"),
        endorsement(12, target=2),
    ]


async def test_an_endorsement_that_is_changed_replaces_itself(database, documents):
    async with database.transaction() as session:
        await Documents(session).endorse([endorsement(10)])
    async with database.transaction() as session:
        await Documents(session).endorse([endorsement(10, target=2, sha256="b")])
    assert await documents.endorsements_of([iri(1), iri(2)]) == [endorsement(10, target=2, sha256="b")]


async def test_the_endorsements_of_a_record_are_told_by_government_with_their_dates(store, database, documents):
    async with database.transaction() as session:
        await Documents(session).endorse([endorsement(4, government="UG"), endorsement(3), endorsement(99)])
    told = await documents.endorsed(iri(1))
    assert told == [
        Endorsed(iri(3), "KE", 1, "a" * 64, accepted(3, 3).modified),
        Endorsed(iri(4), "UG", 1, "a" * 64, accepted(4, 4).modified),
    ]


async def test_merging_changes_nothing_that_is_found_and_comes_to_an_end(store, database, documents):
    for doc in range(1, 60):
        await write(database, [made(doc, f"alpha word{doc}", idx=1000 + doc)])
    await leave(database, *range(1, 20))
    for pages in (500, -500):
        for _ in range(50):
            async with database.transaction() as session:
                if await Documents(session).merge(pages) < 2:
                    break
        else:
            pytest.fail("there is always something left to merge")
        assert await holding(documents, "alpha") == list(range(20, 60))
    async with database.transaction() as session:
        await Documents(session).check()


async def test_many_documents_come_in_order(store, database, documents):
    await write(database, [made(doc, "alpha", idx=1000 + doc) for doc in range(1, 3001)])
    assert await holding(documents, "alpha") == list(range(1, 3001))


async def test_a_failed_change_leaves_words_and_documents_as_they_were(store, database, documents):
    await write(database, [made(1, "alpha")])

    async def fail():
        async with database.transaction() as session:
            index = Documents(session)
            change = await index.begin()
            await index.write(change, [made(2, "alpha")], [made(1, "bravo")])
            await index.leave(change, [1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await holding(documents, "alpha") == [1]
    assert await holding(documents, "bravo") == []
    assert [row.doc for row in await documents.block(1, 9)] == [1]
