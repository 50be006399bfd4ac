"""Concepts at run time: the compiled form says what the Turtle says, quickly, and answers people and machines."""

import gc
import json
import shutil
import subprocess
import sys
import time
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, BNode, Graph, Literal, Namespace
from rdflib.namespace import DCTERMS, SKOS

from chmnode import resources
from chmnode.concepts import Concept, Concepts, Label, Rights, Scheme, Status
from chmnode.concepts.turtle import jsonld, scheme_jsonld, scheme_turtle, turtle

CHECKOUT = Path(__file__).parents[2]
CHM = Namespace("https://w3id.org/chm/ns#")
ONLY_IN_FILES = {CHM.membersSource, CHM.membersAsOf}
REGION_NAMES = {
    "global": "001",
    "Africa": "002",
    "West Africa": "011",
    "Central Africa": "017",
    "Eastern Africa": "014",
    "Southern Africa": "018",
    "North Africa": "015",
    "Latin America and the Caribbean": "419",
    "Caribbean": "029",
    "Central America": "013",
    "South America": "005",
    "Asia": "142",
    "Central Asia": "143",
    "East Asia": "030",
    "South Asia": "034",
    "Southeast Asia": "035",
    "West Asia": "145",
    "Europe": "150",
    "Central and Eastern Europe": "942E40CA-4C23-4D3A-A0B4-736CD0EFCD54",
    "Mediterranean": "5E884201-FBF6-4204-923C-AAC2BF11F2E3",
    "Pacific": "9DB40F52-ADCC-490C-9945-235CBD45CFAC",
}
SUPPORT_TYPES = [
    "training",
    "technical_assistance",
    "network",
    "data_information",
    "technology_transfer",
    "guidance_tools",
    "peer_exchange",
    "institutional_support",
    "finance",
    "mentoring",
    "equipment",
    "joint_research",
    "policy_legal_advice",
    "scholarships",
]
LEAST_DEVELOPED = "8920655D-3986-465B-837A-CE055B428A74"


@pytest.fixture(scope="module")
def concepts() -> Concepts:
    return Concepts.load(resources.folder("vocab"))


def all_concepts(concepts: Concepts) -> list[Concept]:
    return [concept for scheme in concepts.schemes for concept in scheme.concepts.values()]


@pytest.fixture(scope="module")
def files() -> Graph:
    graph = Graph(bind_namespaces="none")
    for path in sorted((CHECKOUT / "vocab").glob("*.ttl")):
        graph.parse(path, format="turtle")
    return graph


def turtle_facts(graph: Graph) -> dict[str, dict]:
    notation = {subject: str(value) for subject, value in graph.subject_objects(SKOS.notation)}
    return {str(each): facts_of(graph, each, notation) for each in graph.subjects(RDF.type, SKOS.Concept)}


def facts_of(graph, concept, notation) -> dict:
    nodes = list(graph.objects(concept, CHM.label))
    preferred = set(graph.objects(concept, SKOS.prefLabel))
    labels = {(graph.value(n, CHM.literal), graph.value(n, CHM.labelStatus).rpartition("#")[2]) for n in nodes}
    status = graph.value(concept, CHM.membersStatus)
    return {
        "scheme": graph.value(concept, SKOS.inScheme).rpartition("/")[2],
        "notation": notation[concept],
        "labels": {pair for pair in labels if pair[0] in preferred},
        "alternatives": {pair for pair in labels if pair[0] not in preferred},
        "identifiers": {str(code) for code in graph.objects(concept, DCTERMS.identifier)},
        "broader": {notation[each] for each in graph.objects(concept, SKOS.broader)},
        "narrower": {notation[each] for each in graph.objects(concept, SKOS.narrower)},
        "matches": {
            (name, str(each))
            for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
            for each in graph.objects(concept, SKOS[name])
        },
        "members": {notation[each] for each in graph.objects(concept, CHM.member)},
        "members_status": status.rpartition("#")[2] if status else None,
        "definitions": {
            (graph.value(n, CHM.literal), graph.value(n, CHM.labelStatus).rpartition("#")[2])
            for n in graph.objects(concept, CHM.definition)
        },
        "notes": {str(note) for note in graph.objects(concept, SKOS.note)},
    }


def pair(label: Label) -> tuple[Literal, str]:
    return Literal(label.text, lang=label.lang), str(label.status)


def compiled_facts(concepts: Concepts, concept: Concept) -> dict:
    return {
        "scheme": concept.scheme,
        "notation": concept.notation,
        "labels": {pair(label) for label in concept.labels.values()},
        "alternatives": {pair(label) for labels in concept.alternatives.values() for label in labels},
        "identifiers": set(concept.identifiers),
        "broader": set(concept.broader),
        "narrower": set(concept.narrower),
        "matches": {(name, target) for name, targets in concept.matches.items() for target in targets},
        "members": set(concept.members),
        "members_status": concept.members_status,
        "definitions": {pair(each) for each in concepts.definitions(concept).values()},
        "notes": set(concepts.notes(concept)),
    }


def test_compiled_form_and_turtle_agree(concepts, files):
    assert {each.iri: compiled_facts(concepts, each) for each in all_concepts(concepts)} == turtle_facts(files)


def test_loading_takes_less_than_sixty_milliseconds():
    def once() -> float:
        gc.collect()
        start = time.process_time()
        Concepts.load(resources.folder("vocab"))
        return time.process_time() - start

    assert min(once() for _ in range(5)) < 0.060


def test_vocabularies_of_a_checkout_are_never_the_copy_in_site_packages():
    assert resources.folder("vocab") == CHECKOUT / "vocab"
    assert resources.folder("schemas") == CHECKOUT / "schemas"


def test_vocabularies_of_a_wheel_are_those_it_carries(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    ask = "from chmnode import concepts, resources as r; f = r.folder('vocab'); concepts.Concepts.load(f); print(f)"
    run = [sys.executable, "-c", ask]
    said = subprocess.run(run, env={"PYTHONPATH": str(tmp_path / "site")}, check=True, capture_output=True, text=True)
    assert Path(said.stdout.strip()) == tmp_path / "site" / "chmnode" / "data" / "vocab"


def test_without_the_marked_files_only_their_facts_are_missing(tmp_path, concepts):
    (tmp_path / "compiled").mkdir()
    whole = (CHECKOUT / "vocab" / "compiled" / "concepts.json").read_bytes()
    (tmp_path / "compiled" / "concepts.json").write_bytes(whole)
    plain = Concepts.load(tmp_path)
    missing = {each.notation for each in all_concepts(concepts)} - {each.notation for each in all_concepts(plain)}
    assert {name for name in missing if name.startswith("CHM-")} == {
        f"CHM-GROUP-UN-{name}" for name in ("AFRICAN", "ASIA-PACIFIC", "EASTERN-EUROPEAN", "GRULAC", "WEOG")
    }
    assert len(missing) == 8
    assert all("en" in each.labels for each in all_concepts(plain))


@pytest.mark.parametrize("mark", ["cc-by-sa", "odbl", "unlicensed"])
def test_any_marked_file_may_be_left_out(tmp_path, concepts, mark):
    shutil.copytree(
        CHECKOUT / "vocab" / "compiled", tmp_path / "compiled", ignore=shutil.ignore_patterns(f"*.{mark}.*")
    )
    rest = Concepts.load(tmp_path)
    assert [each.name for each in rest.schemes] == [each.name for each in concepts.schemes]
    assert all("en" in each.labels for each in all_concepts(rest))
    lost = {each.key for each in all_concepts(concepts)} - {each.key for each in all_concepts(rest)}
    assert len(lost) <= 5
    assert {each.key for each in all_concepts(rest)} == {each.key for each in all_concepts(concepts)} - lost


def test_a_label_of_the_readers_language_is_found_among_the_others_when_the_preferred_one_is_left_out(tmp_path):
    (tmp_path / "compiled").mkdir()
    shutil.copy(CHECKOUT / "vocab" / "compiled" / "concepts.json", tmp_path / "compiled")
    plain = Concepts.load(tmp_path)
    approach = plain.by_key("domain-concepts:nature-based-solutions")
    assert "fr" not in approach.labels
    assert plain.label(approach, "fr") in approach.alternatives["fr"]
    assert plain.label(plain.by_key("domain-concepts:stakeholders"), "fr").lang == "en"


def test_every_region_name_of_the_real_records_has_a_code_with_countries(concepts):
    for name, notation in REGION_NAMES.items():
        assert concepts.get("regions", notation) is not None, name
        assert concepts.countries_in(notation), name


def test_every_kind_of_support_of_the_real_records_has_a_code(concepts):
    codes = ["CHM-ASSIST-" + kind.upper().replace("_", "-") for kind in SUPPORT_TYPES]
    assert [code for code in codes if concepts.get("assistance-types", code) is None] == []


def test_notations_are_exact_but_guids_are_compared_without_case(concepts):
    assert concepts.get("countries", "KE") is not None
    assert concepts.get("countries", "ke") is None
    assert concepts.get("groups", LEAST_DEVELOPED.lower()) is concepts.get("groups", LEAST_DEVELOPED)
    assert concepts.get("no-such-scheme", "KE") is None


def test_any_spelling_of_any_notation_or_identifier_resolves_to_its_concept(concepts):
    for concept in all_concepts(concepts):
        for code in (concept.notation, *concept.identifiers):
            assert concepts.resolve(concept.scheme, code.lower()) is concept
            assert concepts.resolve(concept.scheme, f" {code.upper()} ") is concept


def test_imports_find_one_code_for_one_place(concepts):
    thesaurus_term = "aef6f814-52c0-4f1a-9838-5799b021ba26"  # "Africa - Western Africa"
    assert concepts.resolve("regions", thesaurus_term) is concepts.get("regions", "011")
    assert concepts.resolve("countries", "KEN") is concepts.get("countries", "KE")
    assert concepts.resolve("sdg", "SDG-GOAL-6") is concepts.get("sdg", "SDG-GOAL-06")
    assert concepts.resolve("gbf-indicators", "GBF-INDICATOR-2.2") is concepts.get("gbf-indicators", "2.1")
    assert concepts.get("regions", thesaurus_term) is None


def test_concepts_are_found_by_iri(concepts):
    assert concepts.by_iri("http://metadata.cbd.int/kmgbf/target_6") is concepts.get("gbf-targets", "GBF-TARGET-06")
    plus = concepts.by_iri("https://w3id.org/chm/vocab/cbd-subjects/CBD-SUBJECT-ECOA%2BECORES")
    assert plus is concepts.get("cbd-subjects", "CBD-SUBJECT-ECOA+ECORES")


def test_a_reader_gets_their_own_language_and_is_told_what_no_person_checked(concepts):
    target = concepts.get("gbf-targets", "GBF-TARGET-06")
    assert (concepts.label(target, "fr").status, concepts.label(target, "fr").machine) == (Status.OFFICIAL, False)
    assert concepts.label(target, "fr-CA") == concepts.label(target, "fr")
    assert (concepts.label(target, "ar").lang, concepts.label(target, "ar").machine) == ("ar", True)
    assert concepts.label(target, "sw") == concepts.label(target, "en")


def test_without_the_readers_language_and_english_an_official_label_comes_first():
    official = Label("Cible", Status.OFFICIAL, "fr")
    labels = {"ar": Label("هدف", Status.MACHINE_TRANSLATED, "ar"), "fr": official}
    concept = Concept("https://example.org/1", "example", "1", labels)
    known = Concepts([Scheme("example", "https://example.org", {}, provisional=True, concepts={"1": concept})])
    assert known.label(concept, "ru") is official
    assert known.label(Concept("https://example.org/2", "example", "2"), "ru").text == "2"


@pytest.mark.parametrize(
    ("scheme", "typed", "meant"),
    [
        ("gbf-targets", "GBF-TARGET-6", "GBF-TARGET-06"),
        ("cbd-subjects", "CBD-SUBJECTS-IAS", "CBD-SUBJECT-IAS"),
        ("countries", "Kenia", "KE"),
        ("assistance-types", "trainig", "CHM-ASSIST-TRAINING"),
        ("regions", "pacific", REGION_NAMES["Pacific"]),
    ],
)
def test_a_mistyped_code_or_name_is_answered_with_what_was_meant(concepts, scheme, typed, meant):
    assert meant in concepts.closest(scheme, typed)


def test_nonsense_has_no_suggestion(concepts):
    assert concepts.closest("countries", "qqqqqqqq") == ()
    assert concepts.closest("no-such-scheme", "KE") == ()


def test_closure_holds_the_concept_and_all_below_it_once(concepts):
    found = [each.notation for each in concepts.narrower_closure(concepts.get("regions", "002"))]
    assert found == ["002", "015", "202", "011", "014", "017", "018"]


def test_countries_of_a_region_contain_those_of_every_region_below(concepts):
    for region in concepts.scheme("regions").concepts.values():
        for below in region.narrower:
            assert concepts.countries_in(below) <= concepts.countries_in(region.notation)


def test_countries_of_regions_and_groups(concepts):
    assert concepts.countries_in("143") == {"KZ", "KG", "TJ", "TM", "UZ"}
    assert {"NE", "TD", "TV"} <= concepts.countries_in(LEAST_DEVELOPED)
    assert {"US", "CA", "MX", "CU"} <= concepts.countries_in("003")
    assert len(concepts.countries_in("084D8F39-16B0-4DFC-89F9-FE1A6EE47E9F")) == 196
    assert "MD" in concepts.countries_in(REGION_NAMES["Central and Eastern Europe"].lower())
    assert concepts.countries_in("999") == frozenset()


def test_unknown_members_are_told_apart_from_none(concepts):
    francophonie = concepts.get("groups", "293E5CA9-15DB-4D83-9CAC-F406F759727A")
    assert (francophonie.members, francophonie.members_status) == ((), None)
    assert concepts.get("regions", REGION_NAMES["Pacific"]).members_status is Status.DRAFTED


def test_sets_of_a_country_are_the_ones_that_name_it(concepts):
    codes = {each.notation for each in concepts.sets_of("KE")}
    assert {"002", "014", "202", "CHM-GROUP-UN-AFRICAN"} <= codes
    assert LEAST_DEVELOPED not in codes


def test_a_key_names_one_concept(concepts):
    assert [each.key for each in all_concepts(concepts) if concepts.by_key(each.key) is not each] == []
    assert concepts.by_key("gbf-targets:GBF-TARGET-06").key == "gbf-targets:GBF-TARGET-06"
    for key in ("", ":", "gbf-targets", "gbf-targets:", "nothing:GBF-TARGET-06"):
        assert concepts.by_key(key) is None


def keys(found) -> set[str]:
    return {each.key for each in found}


def test_concepts_that_mean_the_same_are_known_from_either_side_and_through_each_other(concepts):
    subject = concepts.get("cbd-subjects", "CBD-SUBJECT-IAS")
    assert keys(concepts.same(subject)) == {
        "domain-concepts:gbif-topic-invasives",
        "domain-concepts:invasive-alien-species",
        "domain-concepts:invasive-species",
    }
    for concept in all_concepts(concepts):
        same = concepts.same(concept)
        assert concept.key not in keys(same)
        assert all(keys(concepts.same(other)) == keys(same) - {other.key} | {concept.key} for other in same)


def test_a_search_reaches_equals_and_what_is_narrower_in_any_scheme(concepts):
    protected = concepts.by_key("domain-concepts:gemet-6740")
    reached = keys(concepts.reach(protected))
    assert concepts.reach(protected)[0] is protected
    assert {"cbd-subjects:CBD-SUBJECT-PA", "domain-concepts:gemet-5484", "gbf-targets:GBF-TARGET-03"} <= reached
    assert "domain-concepts:gemet-5537" not in reached
    indicators = keys(concepts.reach(concepts.by_key("gbf-targets:GBF-TARGET-06")))
    assert {"gbf-indicators:6.1", "gbf-indicators:6.b"} <= indicators


def test_what_is_reached_is_reached_again_from_there_and_within_bounds(concepts):
    for concept in all_concepts(concepts):
        reached = keys(concepts.reach(concept))
        assert keys(concepts.narrower_closure(concept)) <= reached
        assert all(keys(concepts.reach(other)) <= reached for other in concepts.reach(concept))
        assert len(reached) < 300


def test_a_loop_in_a_hierarchy_ends(tmp_path):
    first = Concept(
        "https://example.org/1", "loop", "1", narrower=("2",), matches={"exactMatch": ("https://example.org/2",)}
    )
    second = Concept("https://example.org/2", "loop", "2", narrower=("1", "gone"))
    known = Concepts([Scheme("loop", "https://example.org", {}, provisional=True, concepts={"1": first, "2": second})])
    assert keys(known.reach(first)) == {"loop:1", "loop:2"}
    assert keys(known.same(first)) == {"loop:2"}
    assert known.definition(first, "en") is None


def test_targets_are_defined_by_their_official_text_where_there_is_one(concepts):
    target = concepts.get("gbf-targets", "GBF-TARGET-06")
    french, arabic = concepts.definition(target, "fr"), concepts.definition(target, "ar")
    assert (french.lang, french.machine) == ("fr", False)
    assert french.text.startswith("Éviter, limiter, réduire ou atténuer")
    assert (arabic.lang, arabic.machine) == ("ar", True)
    biodiversity = concepts.by_key("domain-concepts:gemet-827")
    assert concepts.definition(biodiversity, "ru").lang == "en"
    assert concepts.definition(concepts.get("countries", "KE"), "en") is None


def test_every_scheme_says_where_its_facts_come_from(concepts):
    assert [each.name for each in concepts.schemes if not concepts.rights(each.name)] == []
    assert any("CC BY-SA 3.0 IGO" in text for text in concepts.rights("domain-concepts"))


#: rdflib's JSON-LD parser uses a class of its own that it calls deprecated.
OWN_WARNING = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def parsed(text: str, kind: str = "turtle") -> Graph:
    return Graph(bind_namespaces="none").parse(data=text, format=kind)


def statements(graph: Graph) -> tuple[set, set]:
    """Named statements, and what is said of labels and definitions; sources are not held at run time."""
    kept = {t for t in graph if not any(isinstance(part, BNode) for part in t) and t[1] not in ONLY_IN_FILES}
    stated = {
        (subject, predicate, graph.value(node, CHM.literal), graph.value(node, CHM.labelStatus))
        for predicate in (CHM.label, CHM.definition)
        for subject, node in graph.subject_objects(predicate)
    }
    return kept, stated


def test_turtle_says_what_the_files_say(concepts, files):
    documents = "\n".join(scheme_turtle(each, concepts) for each in concepts.schemes)
    assert statements(parsed(documents)) == statements(files)


@OWN_WARNING
@pytest.mark.parametrize("name", ["aichi-targets", "assistance-types", "gbf-targets", "groups"])
def test_json_ld_says_what_turtle_says(concepts, name):
    scheme = concepts.scheme(name)
    linked = parsed(json.dumps(scheme_jsonld(scheme, concepts)), "json-ld")
    assert statements(linked) == statements(parsed(scheme_turtle(scheme, concepts)))


@OWN_WARNING
def test_the_document_of_one_concept_is_that_concept_alone(concepts):
    target = concepts.get("gbf-targets", "GBF-TARGET-06")
    alone = parsed(turtle(target, concepts))
    assert {str(subject) for subject in alone.subjects() if not isinstance(subject, BNode)} == {target.iri}
    assert statements(alone) == statements(parsed(json.dumps(jsonld(target, concepts)), "json-ld"))
    assert "CC BY 4.0 IGO" in turtle(target, concepts)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.text(max_size=5))
def test_no_text_of_a_received_vocabulary_can_break_out_of_a_document(text, lang):
    label = Label(text, Status.DRAFTED, lang)
    concept = Concept(
        "https://example.org/a b>", "x y", text, {"en": label}, matches={"exactMatch": ("urn:x> a <urn:y",)}
    )
    known = Concepts([], rights=[Rights("x y", f"{text}\r<urn:a> a <urn:b> .")])
    graph = parsed(turtle(concept, known))
    assert {str(each) for each in graph.subjects() if not isinstance(each, BNode)} == {"https://example.org/a%20b%3E"}
    (found,) = graph.objects(None, SKOS.prefLabel)
    assert str(found) == text
    assert len(set(graph.subjects(RDF.type))) == 2


def test_schemes_say_whether_they_are_provisional_and_where_to_begin(concepts):
    provisional = {scheme.name for scheme in concepts.schemes if scheme.provisional}
    assert "assistance-types" in provisional
    assert "gbf-targets" not in provisional
    assert {top.notation for top in concepts.scheme("assistance-types").tops} >= {"CHM-ASSIST-LEARNING"}
    assert concepts.scheme("no-such-scheme") is None


@cache
def loaded() -> Concepts:
    """For properties, which cannot use a fixture of a module."""
    return Concepts.load(resources.folder("vocab"))


@given(st.text(max_size=40) | st.sampled_from(list(REGION_NAMES.values())).map(str.swapcase))
def test_whatever_is_typed_a_look_up_answers_with_that_code_or_not_at_all(text):
    found = loaded().get("regions", text)
    assert found is None or found.notation.lower() == text.lower()
    assert (found is not None) or not loaded().scheme("regions").concepts.get(text)
    assert len(loaded().closest("regions", text)) <= 3
    assert loaded().countries_in(text) <= set(loaded().scheme("countries").concepts)
