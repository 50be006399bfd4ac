"""Completion of drafts, and the texts of records for their readers."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chmnode.records.authoring import DraftRefused, Imprint, complete
from chmnode.records.text import Text, is_machine, text
from chmnode.records.validation import check
from tests.node.strategies import CATALOGUE, any_records

IMPRINT = Imprint(
    publisher="did:web:chm.example.org",
    node_code="CENTRAL",
    id="https://chm.example.org/records/0190f3a2",
    number=12,
    revision=1,
    now="2026-11-20T12:00:00Z",
)
DRAFT = {
    "type": "Need",
    "title": {"fr": "Détecter les espèces envahissantes"},
    "languages": ["fr"],
    "countries": ["UG", "KE", "UG"],
    "problem": {"fr": "Les agents manquent de moyens."},
    "assistanceTypes": ["CHM-ASSIST-TRAINING"],
    "cbdSubjects": ["CBD-SUBJECT-IAS"],
    "contactPoint": "https://chm.example.org/contact/1",
    "summary": None,
}


def test_the_node_fills_in_the_envelope():
    whole = complete(DRAFT, IMPRINT, CATALOGUE)
    assert whole == {
        **{name: value for name, value in DRAFT.items() if value is not None},
        "@context": "https://w3id.org/chm/context/v1",
        "id": "https://chm.example.org/records/0190f3a2",
        "schema": "https://w3id.org/chm/schemas/need/1.0",
        "identifier": "CHM-BBR-CENTRAL-12",
        "countries": ["KE", "UG"],
        "regions": [],
        "issued": "2026-11-20T12:00:00Z",
        "modified": "2026-11-20T12:00:00Z",
        "publisher": "did:web:chm.example.org",
        "revision": 1,
    }
    assert [problem.path for problem in check(whole, CATALOGUE)] == ["$.proof"]


def test_a_national_record_is_numbered_under_its_government():
    assert complete({**DRAFT, "government": "KE"}, IMPRINT, CATALOGUE)["identifier"] == "CHM-BBR-KE-12"


def test_an_update_keeps_its_first_date_and_its_identifier():
    imprint = Imprint(
        publisher=IMPRINT.publisher,
        node_code="CENTRAL",
        id=IMPRINT.id,
        number=99,
        revision=3,
        now="2027-01-01T00:00:00Z",
        issued="2026-11-20T12:00:00Z",
        identifier="CHM-BBR-KE-12",
    )
    whole = complete({**DRAFT, "id": IMPRINT.id}, imprint, CATALOGUE)
    assert (whole["issued"], whole["modified"]) == ("2026-11-20T12:00:00Z", "2027-01-01T00:00:00Z")
    assert (whole["identifier"], whole["revision"]) == ("CHM-BBR-KE-12", 3)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("proof", {"proofValue": "z1"}),
        ("publisher", "did:web:elsewhere.example.org"),
        ("id", "https://chm.example.org/records/other"),
        ("revision", 2),
        ("issued", "2020-01-01T00:00:00Z"),
        ("@context", "https://example.org/context"),
    ],
)
def test_a_draft_cannot_set_what_the_node_sets(member, value):
    with pytest.raises(DraftRefused) as refused:
        complete({**DRAFT, member: value}, IMPRINT, CATALOGUE)
    assert [(problem.path, problem.code) for problem in refused.value.problems] == [(f"$.{member}", "node-owned")]


def test_a_draft_may_repeat_what_the_node_sets():
    whole = complete(DRAFT, IMPRINT, CATALOGUE)
    assert complete(whole, IMPRINT, CATALOGUE) == whole


@pytest.mark.parametrize(
    ("draft", "code", "hint"),
    [
        ({"type": "Ned"}, "unknown-type", "Did you mean Need?"),
        ({}, "missing", "Known types: BestPractice, Endorsement, Event"),
    ],
)
def test_a_draft_of_no_known_type_is_told_the_types(draft, code, hint):
    with pytest.raises(DraftRefused) as refused:
        complete(draft, IMPRINT, CATALOGUE)
    [problem] = refused.value.problems
    assert (problem.path, problem.code) == ("$.type", code)
    assert hint in problem.hint


@given(any_records(), st.randoms())
@settings(max_examples=40, deadline=None)
def test_completion_is_pure_and_loses_nothing(record, random):
    """Whatever the node does not own comes back as it was, lists that are sorted aside, and the draft is left alone."""
    owned = {field.name for field in CATALOGUE.of(record).fields if field.owner == "node"}
    draft = {name: value for name, value in record.items() if name not in owned}
    draft["countries"] = random.sample(draft["countries"], len(draft["countries"]))
    before = copy.deepcopy(draft)
    whole = complete(draft, IMPRINT, CATALOGUE)
    assert draft == before
    assert whole == complete(draft, IMPRINT, CATALOGUE)
    assert {name: whole[name] for name in draft} == {name: record[name] for name in draft}


MULTILINGUAL = {
    "languages": ["ru", "en"],
    "title": {"ru": "ж", "en": "e", "pt-BR": "b", "zh-Hans": "z"},
    "summary": {"es": "s"},
    "description": {"sw": "w", "en": "e"},
    "translations": {"en": {"machine": True}, "pt-BR": {"machine": True, "reviewed": True}, "zh-Hans": 1},
}


@pytest.mark.parametrize(
    ("member", "lang", "expected"),
    [
        ("title", "en", Text("e", "en")),
        ("title", "en-GB", Text("e", "en")),
        ("title", "pt", Text("b", "pt-BR")),
        ("title", "pt-PT", Text("b", "pt-BR")),
        ("title", "ar", Text("ж", "ru")),
        ("description", "ar", Text("e", "en")),
        ("summary", "ar", Text("s", "es")),
        ("problem", "en", None),
        ("languages", "en", None),
    ],
)
def test_a_reader_gets_the_nearest_language(member, lang, expected):
    assert text(MULTILINGUAL, member, lang) == expected


def test_a_machine_translation_is_known_until_somebody_has_reviewed_it():
    assert [is_machine(MULTILINGUAL, lang) for lang in ("en", "pt-BR", "ru", "zh-Hans")] == [True, False, False, False]


@given(
    st.dictionaries(st.sampled_from(["title", "languages", "translations"]), st.from_type(type).flatmap(st.from_type))
)
def test_a_record_of_any_shape_has_a_text_or_none(record):
    found = text(record, "title", "fr")
    assert found is None or isinstance(found.text, str)
    assert is_machine(record, "fr") in {True, False}
