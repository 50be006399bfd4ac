"""What the index holds of a record: words, values, dates; within limits, whatever the record is."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chmnode.analysis import GAP, TITLE, Analyzer, Indexer
from chmnode.analysis.records import MOST_OF_ONE, MOST_TOKENS, MOST_VALUES
from chmnode.concepts import Concepts
from chmnode.resources import folder
from tests.node.strategies import CATALOGUE, TYPES, records

CONCEPTS = Concepts.load(folder("vocab"))
ANALYZER = Analyzer(CONCEPTS)
INDEXER = Indexer(CATALOGUE, CONCEPTS, ANALYZER)
NEED = {
    "type": "Need",
    "schema": CATALOGUE.types["Need"].schema_id,
    "languages": ["fr", "pt-BR"],
    "title": {"fr": "Lutte contre l’érosion", "pt-BR": "Combate à erosão"},
    "problem": {"fr": "Les mangroves du Cameroun reculent."},
    "government": "CM",
    "countries": ["CM"],
    "regions": ["017"],
    "assistanceTypes": ["CHM-ASSIST-TRAINING"],
    "cbdSubjects": ["CBD-SUBJECT-IAS"],
    "gbfTargets": ["GBF-TARGET-06"],
    "issued": "2026-03-01T10:00:00Z",
    "validUntil": "2026-12-31",
}


def values(record, facet):
    return {value.partition("=")[2] for value in INDEXER.document(record).values if value.startswith(f"{facet}=")}


def phrase(record, text, lang):
    """Whether a phrase is found in the words of a record."""
    words = f" {INDEXER.document(record).words} "
    return any(f" {' '.join(asked)} " in words for asked in ANALYZER.phrases(text, lang))


def test_texts_are_indexed_in_their_languages_with_gaps_between():
    assert INDEXER.document(NEED).words == (
        f"lutt contr eros {GAP} le mangrov du cameroun reculent {GAP} combate a erosao "
        f"{GAP} {TITLE}lutt {TITLE}contr {TITLE}eros {GAP} {TITLE}combate {TITLE}a {TITLE}erosao"
    )


def test_no_phrase_is_found_across_texts():
    assert phrase(NEED, "contre l'erosion", "fr")
    assert phrase(NEED, "les mangroves du cameroun", "fr")
    assert not phrase(NEED, "érosion les mangroves", "fr")
    assert not phrase(NEED, "reculent combate", "fr")


def test_codes_are_values_of_their_facets():
    assert values(NEED, "type") == {"Need"}
    assert values(NEED, "government") == values(NEED, "country") == {"CM"}
    assert values(NEED, "area") == {"017"}
    assert values(NEED, "target") == {"GBF-TARGET-06"}
    assert values(NEED, "subject") == {"CBD-SUBJECT-IAS"}
    assert values(NEED, "help") == {"CHM-ASSIST-TRAINING"}
    assert values(NEED, "language") == {"fr", "pt"}
    assert {"countries:CM", "regions:017", "gbf-targets:GBF-TARGET-06"} <= values(NEED, "concept")


def test_a_place_brings_all_regions_and_groups_above_it():
    expected = {each.notation for each in CONCEPTS.sets_of("CM")} | {"017", "202", "002", "001"}
    assert expected <= values(NEED, "region")
    assert "019" not in values(NEED, "region")
    assert values({**NEED, "countries": [], "regions": ["017"]}, "region") == {"017", "202", "002", "001"}


def test_the_identifier_of_a_group_is_the_same_in_any_case():
    (group,) = [each for each in CONCEPTS.scheme("groups").concepts.values() if "CM" in each.members][:1]
    assert values({**NEED, "regions": [group.notation.lower()]}, "area") == {group.notation}


def test_concepts_read_in_a_text_are_told_from_those_that_the_author_chose():
    text = {"fr": "Le Kenya et le Cameroun"}
    assert "countries:KE" in values({**NEED, "problem": text}, "text")
    assert "countries:CM" not in values({**NEED, "problem": text}, "text")


def test_who_may_ask_is_a_value_of_its_own():
    offer = {
        "type": "Offer",
        "title": {"en": "Help"},
        "countries": [],
        "eligibility": {"countries": ["KE"], "regions": ["002"], "conditions": {"en": "Speak Swahili"}},
    }
    assert values(offer, "eligible") == {"KE", "002"}
    assert values(offer, "country") == values(offer, "region") == set()
    assert phrase(offer, "speak swahili", "en")


@pytest.mark.parametrize(
    ("kind", "members", "closes"),
    [
        ("Need", {"validUntil": "2026-12-31"}, "2026-12-31"),
        ("Offer", {"validUntil": "2026-12-31", "applicationDeadline": "2026-06-30"}, "2026-06-30"),
        ("Offer", {"validUntil": "2026-12-31", "applicationDeadline": "soon"}, "2026-12-31"),
        ("Provider", {}, None),
        ("Unheard", {"validUntil": "2026-12-31"}, "2026-12-31"),
    ],
)
def test_a_record_closes_on_the_first_date_that_its_type_names(kind, members, closes):
    assert INDEXER.document({"type": kind, **members}).closes == closes


def test_the_day_of_issue_is_kept():
    assert INDEXER.document(NEED).issued == "2026-03-01"
    assert INDEXER.document({**NEED, "issued": 5}).issued is None


def test_all_texts_of_an_unknown_type_are_indexed():
    record = {
        "type": "Reef",
        "title": {"en": "Coral gardens"},
        "nested": {"deeper": [{"note": {"fr": "Les récifs du Kenya"}}]},
        "proof": {"note": {"en": "secret"}},
        "countries": ["KE"],
    }
    indexed = INDEXER.document(record)
    assert phrase(record, "les récifs", "fr")
    assert f"{TITLE}coral {TITLE}garden" in indexed.words
    assert "secret" not in indexed.words
    assert {"type=Reef", "country=KE"} <= set(indexed.values)


def test_an_unknown_member_of_a_known_type_is_indexed():
    assert phrase({**NEED, "remark": {"en": "Mind the tide"}}, "mind the tide", "en")


def test_a_text_without_a_language_is_read_in_that_of_the_record_or_as_it_seems():
    assert phrase({"type": "Need", "languages": ["fr"], "title": "Forêts"}, "foret", "fr")
    assert "lutt" in INDEXER.document({"title": {"und": "La lutte pour les forêts"}}).words.split()


def test_a_record_has_at_most_so_many_tokens_and_so_many_of_one():
    many = " ".join(f"word{number}" for number in range(40_000))
    tokens = INDEXER.document({**NEED, "problem": {"fr": many}}).words.split()
    assert len(tokens) <= MOST_TOKENS
    assert f"{TITLE}lutt" in tokens
    tokens = INDEXER.document({**NEED, "problem": {"fr": "récif corail " * 5000}}).words.split()
    assert Counter(tokens).most_common(1) == [("recif", MOST_OF_ONE)]


def test_a_record_has_at_most_so_many_values_and_keeps_the_facets():
    codes = sorted(CONCEPTS.scheme("countries").concepts)
    record = {**NEED, "countries": codes, "eligibility": {"countries": codes}, "unknown": codes}
    indexed = INDEXER.document(record)
    assert len(indexed.values) == MOST_VALUES
    assert "target=GBF-TARGET-06" in indexed.values
    assert values(record, "country") == set(codes)


@pytest.mark.parametrize("code", ["x" * 65, "a\x1fb", "a\nb", "", "\ud800", 5, None, [["KE"]]])
def test_a_code_that_cannot_be_shown_is_no_value(code):
    assert INDEXER.document({"type": "Need", "languages": [code], "government": code}).values == ("type=Need",)


def test_values_are_sorted_and_each_stands_once():
    indexed = INDEXER.document({**NEED, "countries": ["KE", "CM", "KE"]})
    assert list(indexed.values) == sorted(set(indexed.values))


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=15)
@given(st.data())
def test_every_title_of_a_valid_record_is_found_in_it(name, data):
    record = data.draw(records(CATALOGUE, name))
    words = INDEXER.document(record).words
    for lang, title in record["title"].items():
        assert " ".join(f"{TITLE}{token}" for token in ANALYZER.tokens(title, lang)) in words


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["KE", "fr", "002"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["en", "fr", "zh-Hans", "countries", "x", "\ud800", ""]), inner, max_size=4)
    ),
    max_leaves=12,
)
MEMBERS = sorted({member for kind in CATALOGUE.types.values() for member in kind.by_name} | {"unknown"})


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=8), st.sampled_from([*TYPES, "Unheard", None]))
def test_no_record_is_too_odd_to_be_indexed(record, kind):
    indexed = INDEXER.document({**record, "type": kind})
    json.dumps([indexed.words, indexed.values]).encode()
    assert "\x00" not in indexed.words
    indexed.words.encode()
    assert all(value.isprintable() for value in indexed.values)


def test_a_deep_record_is_not_followed_to_its_end():
    record = inner = {"type": "Unheard"}
    for _ in range(50_000):
        inner["x"] = inner = {}
    inner["note"] = {"en": "bottom"}
    assert INDEXER.document(record).words == ""


def test_the_same_record_is_indexed_alike_by_another_indexer():
    assert Indexer(CATALOGUE, CONCEPTS).document(NEED) == INDEXER.document(NEED)


@pytest.mark.parametrize(("kind", "member"), [("BestPractice", "subjects"), ("Organization", "thematicAreas")])
def test_a_subject_counts_whatever_its_member_is_called(kind, member):
    assert values({"type": kind, member: ["CBD-SUBJECT-ILC"]}, "subject") == {"CBD-SUBJECT-ILC"}


def test_an_event_is_in_the_country_where_it_takes_place():
    event = {"type": "Event", "country": "DE", "countries": ["KE"]}
    assert values(event, "country") == {"DE", "KE"}
    assert "155" in values(event, "region")


def test_the_seat_of_an_organization_counts_only_if_it_names_no_country():
    assert values({"type": "Organization", "country": "DE"}, "country") == {"DE"}
    assert values({"type": "Organization", "country": "DE", "countries": ["KE"]}, "country") == {"KE"}
    assert "countries:DE" in values({"type": "Organization", "country": "DE", "countries": ["KE"]}, "concept")


def test_a_token_is_counted_however_its_spellings_differ():
    spellings = ["récif", "récif,", "(récif)", "l’récif", "récif-corail", "récif/eau", "—"]
    tokens = INDEXER.document({**NEED, "problem": {"fr": " ".join(spellings * 60)}}).words.split()
    assert Counter(tokens)["recif"] == MOST_OF_ONE
