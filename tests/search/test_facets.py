"""Facets: each value says how many hits it has, exactly, leaving out what is chosen in its own facet.

A recount by hand stands beside the arrays: over corpora and choices that hypothesis makes, and over the real records.
"""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chmnode.search import facets
from chmnode.search.columns import Columns, Dictionary
from chmnode.search.facets import OPEN, SOON, Narrower
from chmnode.search.model import FACETS, Ask
from chmnode.storage import Standing
from chmnode.storage.documents import PACKED
from tests.search.shelf import NOW, concepts, indexer

TODAY = NOW // 86_400
HIDDEN = "Endorsement"
VALUES = {
    "type": ("Need", "Offer", "Event", HIDDEN),
    "country": ("KE", "UG", "CR", "FR"),
    "area": ("014", "002", "001", "029"),
    "region": ("014", "002", "001", "029"),
    "government": ("KE", "CR"),
    "target": ("GBF-TARGET-06", "GBF-TARGET-17"),
    "language": ("en", "fr", "zh"),
    "endorsed": ("yes", "KE"),
}
DOCUMENT = st.fixed_dictionaries(
    {facet: st.sets(st.sampled_from(values), max_size=2) for facet, values in VALUES.items()}
).flatmap(
    lambda chosen: st.tuples(
        st.just(chosen),
        st.one_of(st.none(), st.integers(TODAY - 40, TODAY + 60), st.just(10**9)),
        st.integers(0, NOW),
        st.booleans(),
    )
)
CHOSEN = st.fixed_dictionaries(
    {},
    optional={
        **{
            facet: st.lists(st.sampled_from((*values, "nothing")), unique=True, max_size=2)
            for facet, values in VALUES.items()
            if facet != "area"
        },
        "open": st.lists(st.sampled_from((*OPEN, "nothing")), unique=True, max_size=2),
        "subject": st.just(["CBD-SUBJECT-IAS"]),
    },
)


def columns_of(documents):
    """The arrays of these documents; those that left are gone."""
    pairs = sorted({(facet, value) for chosen, *_ in documents for facet, values in chosen.items() for value in values})
    numbers = {pair: number for number, pair in enumerate(pairs, 1)}
    dictionary = Dictionary().with_values([(number, *pair) for pair, number in numbers.items()])
    rows = []
    for doc, (chosen, closes, modified, alive) in enumerate(documents, 1):
        packed = sorted(numbers[facet, value] for facet, values in chosen.items() for value in values)
        rows.append(Standing(doc, np.array(packed, PACKED).tobytes() if alive else None, modified, closes, doc))
    return Columns().changed(rows, dictionary, 1)


def states(closes, today):
    """The values of `open` that a document has."""
    if closes is None:
        return {"open", "undated"}
    if closes < today:
        return {"closed"}
    return {"open", "soon"} if closes <= today + SOON else {"open"}


def has(document, facet, values, *, wide=False, today=TODAY):
    """Whether a document has one of these values, by hand."""
    chosen, closes, *_ = document
    if facet == "open":
        return bool(states(closes, today) & set(values))
    if facet == "country" and wide and chosen.get("area", set()) & {area for code in values for area in covering(code)}:
        return True
    return bool(chosen.get(facet, set()) & set(values))


def covering(country):
    """Regions and groups that hold a country, by way of the countries that each of them holds."""
    held = (concepts().scheme(name).concepts.values() for name in ("regions", "groups"))
    return {one.notation for each in held for one in each if country in concepts().countries_in(one.notation)}


def hidden(document, chosen):
    """Endorsements are told with what they endorse, unless somebody asks for them."""
    return HIDDEN in document[0].get("type", ()) and HIDDEN not in chosen.get("type", ())


def recounted(documents, chosen, *, wide=False, today=TODAY):
    """Hits and counts of every facet, by hand: {facet: {value: count}}."""
    living = [document for document in documents if document[3]]

    def fits(document, without=None):
        others = {facet: values for facet, values in chosen.items() if values and facet != without}
        return all(has(document, facet, values, wide=wide, today=today) for facet, values in others.items())

    counts = {}
    for facet in FACETS:
        found = counts.setdefault(facet, {})
        for document in living:
            if fits(document, without=facet):
                values = states(document[1], today) if facet == "open" else document[0].get(facet, set())
                for value in values:
                    found[value] = found.get(value, 0) + 1
    return sum(map(fits, living)), counts


@given(st.lists(DOCUMENT, max_size=25), CHOSEN)
def test_counts_are_those_of_a_recount_by_hand(documents, chosen):
    documents = [({**one[0], "type": one[0]["type"] - {HIDDEN}}, *one[1:]) for one in documents]
    columns = columns_of(documents)
    narrowed = facets.choose(columns, chosen, Narrower(concepts(), TODAY, wide=False))
    total, counts = recounted(documents, chosen)
    assert int(np.count_nonzero(narrowed.mask)) == total
    for facet in narrowed.counted(columns.alive):
        assert {one.value: one.records for one in facet.values if one.records} == counts[facet.name], facet.name
        assert {one.value for one in facet.values if one.chosen} == set(chosen.get(facet.name, ()))


@given(st.lists(DOCUMENT, max_size=25), st.sampled_from(("KE", "UG", "CR", "FR")))
def test_a_wide_country_finds_what_a_recount_by_hand_does(documents, country):
    documents = [({**one[0], "type": one[0]["type"] - {HIDDEN}}, *one[1:]) for one in documents]
    columns = columns_of(documents)
    chosen = {"country": (country,)}
    narrowed = facets.choose(columns, chosen, Narrower(concepts(), TODAY, wide=True))
    assert int(np.count_nonzero(narrowed.mask)) == recounted(documents, chosen, wide=True)[0]


@given(st.lists(DOCUMENT, max_size=25), st.dates(date(1970, 1, 1), date(2027, 1, 1)), st.integers(0, 4000))
def test_dates_leave_what_was_changed_within_them(documents, since, days):
    columns = columns_of(documents)
    until = min(since + timedelta(days), date(2030, 1, 1))
    mask, ignored = facets.between(columns, Ask(since=since.isoformat(), until=until.isoformat()))
    epoch = date(1970, 1, 1)
    wanted = [
        doc
        for doc, (_, _, modified, alive) in enumerate(documents, 1)
        if alive and since <= epoch + timedelta(seconds=modified) <= until
    ]
    assert (np.flatnonzero(mask).tolist(), ignored) == (wanted, [])


def real(demonstration_records):
    """The real records as the recount wants them."""
    epoch = date(1970, 1, 1)
    for name, record, marks in demonstration_records:
        indexed = indexer().document(record)
        chosen = {"node": {"demo.chm.example.org/log"}, "endorsed": marks}
        for value in indexed.values:
            facet, _, code = value.partition("=")
            chosen.setdefault(facet, set()).add(code)
        closes = (date.fromisoformat(indexed.closes) - epoch).days if indexed.closes else None
        yield name, (chosen, closes, 0, True)


@pytest.mark.asyncio(loop_scope="session")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    chosen=st.fixed_dictionaries(
        {},
        optional={
            "type": st.lists(
                st.sampled_from(("Need", "Offer", "Resource", HIDDEN)), unique=True, min_size=1, max_size=2
            ),
            "country": st.lists(st.sampled_from(("KE", "CM", "KG", "MX")), unique=True, min_size=1, max_size=2),
            "region": st.lists(st.sampled_from(("002", "029", "142")), unique=True, min_size=1, max_size=2),
            "target": st.lists(st.sampled_from(("GBF-TARGET-06", "GBF-TARGET-21")), unique=True, min_size=1),
            "help": st.just(["CHM-ASSIST-TRAINING"]),
            "language": st.lists(st.sampled_from(("en", "fr", "zh")), unique=True, min_size=1, max_size=2),
            "open": st.lists(st.sampled_from(OPEN), unique=True, min_size=1, max_size=2),
            "endorsed": st.just(["yes"]),
        },
    ),
    wide=st.booleans(),
)
async def test_counts_of_the_real_records_are_those_of_a_recount_by_hand(demonstration, chosen, wide):
    documents = dict(real(await demonstration.records()))
    seen = {name: one for name, one in documents.items() if not hidden(one, chosen)}
    today = int(demonstration.sqlite.clock()) // 86_400
    total, counts = recounted(seen.values(), chosen, wide=wide, today=today)
    asked = Ask(chosen={facet: tuple(values) for facet, values in chosen.items()}, wide=wide, limit=500)
    for node in (demonstration.sqlite, demonstration.postgres):
        found = await node.search.find(asked)
        assert found.total == total
        names = {
            name for name, one in seen.items() if all(has(one, f, v, wide=wide, today=today) for f, v in chosen.items())
        }
        assert set(demonstration.names_of(found)) == names
        for facet in found.facets:
            told = {one.value: one.records for one in facet.values if one.records}
            if facet.name != "type":  # where endorsements were asked for, or not
                assert told == counts[facet.name], facet.name


async def test_counts_leave_out_the_choice_of_their_own_facet(shelf):
    await shelf.put("need")
    await shelf.put("offer", type="Offer", countries=["KE"])
    chosen = {"type": ("Need",)}
    assert await shelf.counts("type", chosen=chosen) == {"Need": 1, "Offer": 1}
    assert await shelf.counts("country", chosen=chosen) == {}
    assert await shelf.counts("type", chosen={**chosen, "country": ("KE",)}) == {"Offer": 1, "Need": 0}


async def test_a_chosen_value_that_nothing_has_is_listed_with_none(shelf):
    await shelf.put("need")
    assert await shelf.counts("country", chosen={"country": ("ZZ",)}) == {"ZZ": 0}
    assert await shelf.found(chosen={"country": ("ZZ",)}) == []
    assert await shelf.found(chosen={"type": ("",)}) == []


async def test_values_are_listed_with_most_records_first(shelf):
    await shelf.put_all({f"r{number}": {"countries": ["UG"] + ["KE"] * (number > 1)} for number in range(4)})
    await shelf.put("x", countries=["CR", "AO"])
    assert list((await shelf.counts("country")).items()) == [("UG", 4), ("KE", 2), ("AO", 1), ("CR", 1)]


async def test_counts_are_of_the_hits_of_the_text_and_the_dates(shelf):
    await shelf.put("a", title={"en": "Sponge"}, countries=["KE"])
    await shelf.put("b", title={"en": "Kelp"}, countries=["UG"])
    await shelf.put("c", title={"en": "Sponge"}, countries=["CR"], modified="2026-01-01T00:00:00Z")
    assert await shelf.counts("country", text="sponge") == {"KE": 1, "CR": 1}
    assert await shelf.counts("country", text="sponge", since="2026-02-01") == {"KE": 1}


async def test_every_page_tells_the_counts_of_the_whole(shelf):
    await shelf.put_all({f"r{number}": {"countries": ["KE"]} for number in range(5)})
    first = await shelf.search.find(Ask(limit=2))
    last = await shelf.search.find(Ask(limit=2, after=first.more))
    assert first.facets == last.facets


async def test_an_endorsement_is_found_only_when_endorsements_are_asked_for(shelf):
    await shelf.put("need")
    await shelf.endorse("yes", "need", "KE")
    assert await shelf.found() == ["need"]
    assert await shelf.found(chosen={"type": ("Endorsement",)}) == ["yes"]
    assert await shelf.found("type:endorsement") == ["yes"]
    assert set(await shelf.found(chosen={"type": ("Endorsement", "Need")})) == {"need", "yes"}


async def test_a_government_that_endorses_a_record_twice_is_counted_once(shelf):
    """Two endorsements that were there before the record's text came back to what they name."""
    await shelf.put("need")
    await shelf.endorse("first", "need", "KE")
    await shelf.endorse("second", "need", "KE")
    assert await shelf.counts("endorsed") == {"yes": 1, "KE": 1}
    await shelf.put("need", title={"en": "Another"})
    await shelf.put("need")
    assert await shelf.counts("endorsed") == {"yes": 1, "KE": 1}


async def test_subjects_of_every_type_are_in_the_facet_of_subjects(shelf):
    await shelf.put("need", cbdSubjects=["CBD-SUBJECT-IAS"])
    await shelf.put("practice", type="BestPractice", subjects=["CBD-SUBJECT-IAS"])
    await shelf.put("centre", type="Organization", thematicAreas=["CBD-SUBJECT-IAS"])
    assert await shelf.counts("subject") == {"CBD-SUBJECT-IAS": 3}
