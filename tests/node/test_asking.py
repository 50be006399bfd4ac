"""A search and its address say the same: what was written is read back, whatever an address holds."""

from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmnode.search import asking
from chmnode.search.model import FACETS, Ask, Sort

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)
DAYS = st.none() | st.dates(date(1, 1, 1)).map(date.isoformat)
VALUES = st.lists(TEXT, min_size=1, max_size=3, unique=True).map(tuple)
TERMS = st.lists(TEXT.map(asking.folded_term).filter(bool), max_size=3, unique=True).map(tuple)
ASKS = st.builds(
    Ask,
    text=st.just("") | TEXT,
    chosen=st.dictionaries(st.sampled_from(FACETS), VALUES, max_size=4),
    concepts=st.just(()) | VALUES,
    plain=TERMS.filter(lambda terms: all(asking.folded_term(term) == term for term in terms)),
    wide=st.booleans(),
    since=DAYS,
    until=DAYS,
    sort=st.sampled_from(Sort),
    after=st.none() | TEXT,
    lang=st.sampled_from(["en", "ar", "zh"]),
    limit=st.integers(1, asking.MOST_HITS),
)


@given(ASKS)
def test_what_is_written_into_an_address_is_read_back(ask):
    address = urlencode(asking.write(ask))
    assert asking.read(parse_qsl(address), ask.lang) == asking.Asked(ask)


@given(ASKS)
def test_a_search_has_one_address(ask):
    """The order of what was chosen first counts; the order of the names does not."""
    pairs = asking.write(ask)
    turned = sorted(pairs, key=lambda pair: pair[0], reverse=True)
    assert asking.write(asking.read(turned, ask.lang).ask) == pairs


@given(st.lists(st.tuples(st.sampled_from([*FACETS, "q", "concept", "plain", "from", "to", "sort", "x"]), st.text())))
def test_no_address_makes_reading_fail(query):
    asked = asking.read(query, "en")
    assert asking.read(asking.write(asked.ask), "en") == asking.Asked(asked.ask)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("to", "2026"),
        ("to", "٢٠٢٦-٠١-٠١"),
        ("sort", "best"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "many"),
        ("after", "x" * 2000),
    ],
)
def test_what_cannot_be_read_is_named_with_its_mend_and_left_out(name, value):
    asked = asking.read([("q", "reef"), (name, value)], "en")
    assert asked.ask == Ask(text="reef")
    (fault,) = asked.faults
    assert (fault.name, fault.value) == (name, value)
    assert f"`{name}`" in fault.mend


def test_unknown_values_are_kept_so_that_they_can_be_shown_and_taken_off():
    ask = asking.read([("country", "ATLANTIS"), ("concept", "no:such")], "en").ask
    assert ask.chosen == {"country": ("ATLANTIS",)}
    assert ask.concepts == ("no:such",)


def test_an_address_cannot_ask_without_bounds():
    ask = asking.read([("q", "reef " * 500), *(("country", f"C{n}") for n in range(1000))], "en").ask
    assert len(ask.text) <= asking.MOST_TEXT
    assert len(ask.chosen["country"]) == asking.MOST_VALUES
    assert asking.read([("country", "x" * 5000)], "en").ask == Ask()


@given(ASKS, st.sampled_from(FACETS), TEXT)
def test_a_choice_can_be_taken_off_again_and_begins_at_the_first_page(ask, facet, value):
    chosen = asking.choosing(ask, facet, value)
    assert value in chosen.chosen[facet]
    assert chosen.after is None
    assert value not in asking.leaving(chosen, facet, value).chosen.get(facet, ())
    assert facet not in asking.leaving(chosen, facet).chosen


def test_a_choice_leaves_the_others_as_they_were():
    ask = Ask(text="reef", chosen={"country": ("KE", "TV"), "type": ("Need",)}, sort=Sort.NEWEST)
    assert asking.leaving(ask, "country", "KE").chosen == {"country": ("TV",), "type": ("Need",)}
    assert asking.leaving(ask, "language", "fr") == ask
    assert asking.cleared(replace(ask, concepts=("regions:002",))) == Ask(text="reef", sort=Sort.NEWEST)


def test_a_term_can_be_taken_literally_and_understood_again():
    ask = asking.literally(Ask(text="Forêt tropicale"), "Forêt tropicale")
    assert ask.plain == ("forêt tropicale",)
    assert asking.understood(ask, "forêt tropicale") == Ask(text="Forêt tropicale")


@pytest.mark.parametrize(
    ("text", "term", "left"),
    [
        ("training in Georgia for rangers", "georgia", "training in for rangers"),
        ("Georgia", "Georgia", ""),
        ("rangers", "Georgia", "rangers"),
    ],
)
def test_choosing_one_meaning_replaces_the_term_by_the_concept(text, term, left):
    ask = asking.meaning(Ask(text=text), term, "countries:GE")
    assert (ask.text, ask.concepts) == (left, ("countries:GE",))


def test_a_concept_is_added_once_and_taken_off():
    ask = asking.with_concept(asking.with_concept(Ask(), "regions:002"), "regions:002")
    assert ask.concepts == ("regions:002",)
    assert asking.without_concept(ask, "regions:002") == Ask()
