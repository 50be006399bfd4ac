"""Checks of records: by schema on harvest, with vocabularies and good sense before signing."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource

from chmnode.concepts.catalogue import Concepts
from chmnode.records.validation import check, check_authored
from tests.node.strategies import CATALOGUE, TYPES, any_records, records

VOCABULARY = Concepts.load(Path(__file__).parents[2] / "vocab")
FORMATS = FormatChecker([])
FORMATS.checks("date", ValueError)(lambda text: date.fromisoformat(text) if isinstance(text, str) else True)
FORMATS.checks("date-time", ValueError)(lambda text: datetime.fromisoformat(text) if isinstance(text, str) else True)


def ecma_pattern(_validator, pattern, instance, _schema):
    """`pattern` as JSON Schema means it: `$` is the very end, in Python also before a last line feed."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("does not match")


Oracle = extend(Draft202012Validator, {"pattern": ecma_pattern})
REGISTRY = Registry().with_resources(
    (key, Resource.from_contents(document)) for key, document in CATALOGUE.documents.items()
)
ORACLES = {
    key: Oracle(CATALOGUE.documents[key], registry=REGISTRY, format_checker=FORMATS) for key in CATALOGUE.schemas
}


def seen_by_oracle(record):
    """Where the reference validator finds errors; unknown members at the top only where nothing else is wrong."""
    errors = list(ORACLES[record["schema"]].iter_errors(record))
    return places((error.absolute_path, error.validator) for error in errors)


def seen_by_us(record):
    """Where the fast validator finds errors, in the words of the reference."""
    errors = CATALOGUE.validators[record["schema"]].iter_errors(record)
    return places((error.instance_path, keyword(error.schema_path)) for error in errors)


def keyword(path):
    """The keyword that failed; what the fast validator says from within `dependentRequired` is that."""
    return "dependentRequired" if "dependentRequired" in path else path[-1]


def places(found):
    """Paths with what is wrong there; a bad name is said at its object, in one word for both validators."""
    words = {"propertyNames": "pattern", "format": "pattern"}
    seen = {(tuple(path), words.get(word, word)) for path, word in found}
    return {place for place in seen if place[1] != "unevaluatedProperties"} or seen


#: Not the empty one, nor a number: in its paths the fast validator leaves out the one and takes the other for an index.
NAMES = st.text(min_size=1, max_size=6).filter(lambda name: not name.isdecimal())
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.just("x" * 30_000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


def containers(value):
    """Every object and list of a record."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


@st.composite
def damaged(draw) -> dict[str, Any]:
    """Records with up to three things wrong."""
    record = draw(any_records())
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place in containers(record) if place]
        place = draw(st.sampled_from(places))
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys))
        match draw(st.sampled_from(["remove", "replace", "add", "repeat"])):
            case "remove":
                del place[key]
            case "replace":
                place[key] = draw(JUNK)
            case "add" if isinstance(place, dict):
                place[draw(NAMES)] = draw(JUNK)
            case _ if isinstance(place, list):
                place.append(place[key])
            case _:
                place[key] = [place[key], place[key]]
    return record


@given(any_records())
@settings(max_examples=80, deadline=None)
def test_drawn_records_of_every_type_are_valid_for_both_validators(record):
    assert check(record, CATALOGUE) == []
    assert seen_by_oracle(record) == set()


@given(damaged())
@settings(max_examples=250, deadline=None)
def test_the_fast_validator_finds_what_the_reference_finds(record):
    """The same verdict, at the same places, for the same reasons; and whatever is refused is said."""
    if isinstance(record.get("schema"), str) and record["schema"] in ORACLES:
        seen = seen_by_oracle(record)
        assert seen_by_us(record) == seen
        assert bool(check(record, CATALOGUE)) == bool(seen)


@given(st.sampled_from(sorted(CATALOGUE.schemas)), st.dictionaries(st.text(max_size=9), JUNK, max_size=5))
@settings(max_examples=100, deadline=None)
def test_no_object_is_too_strange_to_be_checked(schema, junk):
    record = {**junk, "schema": schema}
    assert check(record, CATALOGUE)
    assert check_authored(record, CATALOGUE, VOCABULARY)


def codes(scheme):
    return st.sampled_from(sorted(VOCABULARY.scheme(scheme).concepts))


@pytest.mark.parametrize("name", TYPES)
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_records_with_codes_of_the_vocabularies_may_be_signed(name, data):
    record = data.draw(records(CATALOGUE, name, codes))
    assert check_authored(record, CATALOGUE, VOCABULARY) == []
    unsigned = {member: value for member, value in record.items() if member != "proof"}
    assert check_authored(unsigned, CATALOGUE, VOCABULARY) == []
    assert [problem.path for problem in check(unsigned, CATALOGUE)] == ["$.proof"]


def need(**changes):
    """A need of a government; a member that is None is left out."""
    whole = {
        "@context": "https://w3id.org/chm/context/v1",
        "id": "https://chm.example.org/records/1",
        "type": "Need",
        "schema": "https://w3id.org/chm/schemas/need/1.0",
        "identifier": "CHM-BBR-KE-1",
        "government": "KE",
        "countries": ["KE", "UG"],
        "regions": ["014"],
        "languages": ["fr", "en"],
        "title": {"fr": "Détecter les espèces envahissantes", "en": "Detect invasive species"},
        "problem": {"fr": "Les agents manquent de moyens.\nIls demandent une formation."},
        "assistanceTypes": ["CHM-ASSIST-TRAINING"],
        "cbdSubjects": ["CBD-SUBJECT-IAS"],
        "translations": {"en": {"machine": True, "reviewed": False}},
        "issued": "2026-03-03T10:00:00Z",
        "modified": "2026-03-04T10:00:00Z",
        "publisher": "did:web:chm.example.org",
        "revision": 1,
        "contactPoint": "https://chm.example.org/contact/1",
        **changes,
    }
    return {member: value for member, value in whole.items() if value is not None}


def said(record):
    """What is wrong with a record before it is signed, with where and how to mend it."""
    return [(p.path, p.code, p.hint) for p in check_authored(record, CATALOGUE, VOCABULARY)]


def wrong(record):
    return [(path, code) for path, code, _ in said(record)]


def test_a_need_with_its_six_members_may_be_signed():
    assert said(need()) == []


@pytest.mark.parametrize("member", ["title", "problem", "assistanceTypes", "cbdSubjects", "contactPoint"])
def test_a_need_of_a_government_has_six_required_members(member):
    found = said(need(**{member: None}, languages=["fr"], translations=None))
    assert (f"$.{member}", "missing") in {(path, code) for path, code, _ in found}


def test_a_need_is_of_some_country_or_region():
    assert said(need(countries=[])) == []
    assert said(need(regions=[])) == []
    [(path, code, hint)] = said(need(countries=[], regions=[]))
    assert (path, code) == ("$.countries", "missing")
    assert "at least one country or region" in hint


def test_a_reference_record_may_name_its_source_instead_of_a_contact():
    source = {"url": "https://example.org/needs", "date": "2018", "licence": "CC-BY-4.0"}
    assert said(need(government=None, contactPoint=None, source=source)) == []
    assert wrong(need(government=None, contactPoint=None)) == [("$.contactPoint", "missing")]
    assert wrong(need(contactPoint=None, source=source)) == [("$.contactPoint", "missing")]


def test_a_need_asks_for_at_most_three_kinds_of_help():
    kinds = ["CHM-ASSIST-TRAINING", "CHM-ASSIST-FINANCE", "CHM-ASSIST-NETWORK", "CHM-ASSIST-EQUIPMENT"]
    assert said(need(assistanceTypes=kinds[:3])) == []
    assert wrong(need(assistanceTypes=kinds)) == [("$.assistanceTypes", "too-many")]


@pytest.mark.parametrize(
    ("changes", "path", "code", "hint"),
    [
        ({"titel": {"fr": "x"}}, "$.titel", "unknown-member", "Did you mean title?"),
        ({"gbfTargets": ["GBF-TARGET-6"]}, "$.gbfTargets[0]", "unknown-code", "GBF-TARGET-06"),
        ({"validUntil": "2027-02-30"}, "$.validUntil", "form", "Write a date as 2026-12-31."),
        ({"validUntil": "2026-01-01"}, "$.validUntil", "order", "issued is 2026-03-03T10:00:00Z."),
        ({"modified": "2026-03-03T09:59:59Z"}, "$.modified", "order", "issued is 2026-03-03T10:00:00Z."),
        ({"startDate": "2026-09-01", "endDate": "2026-08-31"}, "$.endDate", "order", "startDate is 2026-09-01."),
        ({"countries": ["UG", "KE"]}, "$.countries", "unsorted", "Write KE, UG."),
        ({"countries": ["ke"]}, "$.countries[0]", "form", "two capital letters"),
        ({"budgetSought": {"amount": 5, "currency": "USD"}}, "$.budgetSought.amount", "type", "in quotes"),
        ({"contactPoint": "mailto:someone@example.org"}, "$.contactPoint", "form", "https://"),
        ({"fpic": "yes"}, "$.fpic", "not-allowed", None),
        ({"title": {"french": "x"}}, "$.title.french", "form", "{"),
        ({"schema": "https://w3id.org/chm/schemas/offer/1.0"}, "$.type", "not-allowed", None),
        ({"schema": "https://w3id.org/chm/schemas/need/7.0"}, "$.schema", "unknown-schema", "need/1.0"),
        ({"type": "Ned", "schema": None}, "$.type", "unknown-schema", "Need, Offer"),
        ({"problem": {"fr": "   \n"}}, "$.problem.fr", "form", "text for each language"),
        ({"problem": {"es": "Falta formación."}}, "$.problem.es", "language", "Add es to languages"),
        ({"languages": ["fr", "en", "ru"]}, "$.languages[2]", "language", "Take it out."),
        ({"title": {"en": "Detect"}}, "$.title", "language", "Give the title in fr"),
        ({"translations": {"fr": {"machine": True}}}, "$.translations.fr", "language", "after the first"),
    ],
)
def test_a_problem_says_where_it_is_and_how_to_mend_it(changes, path, code, hint):
    found = {(where, what): mend for where, what, mend in said(need(**changes))}
    assert (path, code) in found
    mend = found[path, code]
    assert mend is None if hint is None else hint in mend


def test_records_may_be_in_languages_that_no_list_names():
    """Quechua of Cusco is in no interface; its speakers publish all the same."""
    assert said(need(languages=["quz"], title={"quz": "Yaku"}, problem={"quz": "Mana"}, translations=None)) == []


def test_on_harvest_a_code_of_a_newer_vocabulary_is_no_problem():
    record = need(gbfTargets=["GBF-TARGET-24"], proof=PROOF)
    assert check(record, CATALOGUE) == []
    assert wrong(record) == [("$.gbfTargets[0]", "unknown-code")]


PROOF = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2026-03-04T10:00:00Z",
    "verificationMethod": "did:web:chm.example.org#record-1",
    "proofPurpose": "assertionMethod",
    "proofValue": "z5LbLbR3qdUPsnmYTbUbmF1VPbaTzX3WjWWWs6SFTyhoBtrQkP8nXjUTLiG1bSAoRTPr2XkGfwR4tCPxnFDRVQ3Vf",
}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("https://w3id.org/chm/schemas/need/1.7", []),
        ("https://w3id.org/chm/schemas/wish/1.0", ["$.schema"]),
        ("need", ["$.schema"]),
        (7, ["$.schema"]),
        (None, ["$.schema"]),
    ],
)
def test_a_known_type_escapes_its_checks_only_by_another_version_of_its_schema(schema, paths):
    record = need(schema=schema, problem=None, proof=PROOF)
    assert [problem.path for problem in check(record, CATALOGUE)] == paths


def offer(eligibility):
    """An offer to whom `eligibility` says."""
    members = {"type": "Offer", "schema": "https://w3id.org/chm/schemas/offer/1.0", "identifier": "CHM-BBO-KE-1"}
    return need(**members, problem=None, languages=["fr", "en"], eligibility=eligibility)


def test_free_text_is_not_enough_to_say_who_may_ask_for_an_offer():
    words = {"conditions": {"fr": "Tous les pays de la région."}}
    assert wrong(offer(words)) == [("$.eligibility", "rule")]
    assert wrong(offer({"groups": []})) == [("$.eligibility", "rule")]
    assert said(offer({**words, "groups": ["8920655D-3986-465B-837A-CE055B428A74"]})) == []
    assert said(offer({"regions": ["001"]})) == []
    assert wrong(offer({"countries": ["XX"]})) == [("$.eligibility.countries[0]", "unknown-code")]
    assert wrong(offer({"countries": ["UG", "KE"]})) == [("$.eligibility.countries", "unsorted")]


def test_a_focal_point_is_published_only_with_consent():
    members = {"type": "FocalPoint", "schema": "https://w3id.org/chm/schemas/focal-point/1.0"}
    own = {"focalPointTypes": ["CBD-FP1"], "treaties": ["cbd"], "consent": True, "identifier": "CHM-FPT-KE-1"}
    others = dict.fromkeys(["problem", "assistanceTypes", "cbdSubjects"])
    assert said(need(**members, **own, **others)) == []
    assert wrong(need(**members, **{**own, "consent": None}, **others)) == [("$.consent", "missing")]
    assert wrong(need(**members, **{**own, "consent": False}, **others)) == [("$.consent", "not-allowed")]
    assert wrong(need(**members, **own, **others, phones=["1"])) == [("$.phones", "unknown-member")]
