"""The vocabularies as SKOS: built the same way twice, consistent, and honest about every label."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, SKOS

VOCAB = Path(__file__).parents[2] / "vocab"
CHM = Namespace("https://w3id.org/chm/ns#")
LANGUAGES = {"ar", "en", "es", "fr", "ru", "zh"}
STATUSES = {CHM[name] for name in ("official", "published", "drafted", "unverified", "machineTranslated")}
MARKED = {
    "domain-concepts-interface.unlicensed.ttl",
    "domain-concepts-unesco.cc-by-sa.ttl",
    "gbf-indicators.unlicensed.ttl",
    "groups-un.odbl.ttl",
    "thesaurus-samples.unlicensed.ttl",
}


def read(*paths: Path) -> Graph:
    graph = Graph(bind_namespaces="none")
    for path in paths:
        graph.parse(path, format="turtle")
    return graph


INVERSE = {
    SKOS.exactMatch: SKOS.exactMatch,
    SKOS.closeMatch: SKOS.closeMatch,
    SKOS.relatedMatch: SKOS.relatedMatch,
    SKOS.broadMatch: SKOS.narrowMatch,
    SKOS.narrowMatch: SKOS.broadMatch,
}
COUNTS = {
    "aichi-targets": 20,
    "cooperation-modalities": 7,
    "degrees-of-alignment": 3,
    "domain-concepts": 702 + 8,
    "gbf-goals": 4,
    "gbf-indicators": 204,
    "gbf-targets": 23,
    "progress-ratings": 6,
    "sdg": 17,
    "technology-stages": 6,
    "terms-of-transfer": 9,
}
LISTED = {  # the schemes of records.md
    *("gbf-targets", "gbf-goals", "gbf-indicators", "aichi-targets", "sdg", "cbd-subjects", "domain-concepts"),
    *("countries", "regions", "groups", "languages", "assistance-types", "organization-types", "jurisdictions"),
    *("audiences", "activity-types", "resource-types", "technology-stages", "terms-of-transfer"),
    *("cooperation-modalities", "progress-ratings", "lead-groups", "treaties", "removal-reasons"),
}


def scheme(name: str) -> URIRef:
    return URIRef(f"https://w3id.org/chm/vocab/{name}")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read(*sorted(VOCAB.glob("*.ttl")))


@pytest.fixture(scope="module")
def concepts(graph):
    return set(graph.subjects(RDF.type, SKOS.Concept))


def folded(notation: Literal) -> str:
    """GUIDs are compared without case."""
    return str(notation).lower()


def languages_of(graph, concept) -> Counter:
    return Counter(label.language for label in graph.objects(concept, SKOS.prefLabel))


def stated_labels(graph, subject) -> Counter:
    """The literals that a subject's `chm:label` resources speak of."""
    return Counter(graph.value(node, CHM.literal) for node in graph.objects(subject, CHM.label))


def test_building_again_gives_the_same_bytes(tmp_path):
    subprocess.run([sys.executable, VOCAB / "build.py", tmp_path], check=True, capture_output=True)
    built = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    kept = {p.relative_to(VOCAB): p.read_bytes() for p in (*VOCAB.glob("*.ttl"), *VOCAB.glob("compiled/*"))}
    assert built.keys() == kept.keys()
    assert [name for name in kept if built[name] != kept[name]] == []


def test_each_concept_is_in_exactly_one_scheme(graph, concepts):
    schemes = set(graph.subjects(RDF.type, SKOS.ConceptScheme))
    assert {len(set(graph.objects(concept, SKOS.inScheme))) for concept in concepts} == {1}
    assert set(graph.objects(None, SKOS.inScheme)) == schemes


def test_each_concept_has_one_preferred_label_in_each_of_the_six_languages(graph, concepts):
    assert {c: found for c in concepts if (found := languages_of(graph, c)) != dict.fromkeys(LANGUAGES, 1)} == {}


def test_each_concept_has_one_notation_that_no_other_in_its_scheme_has(graph, concepts):
    seen = Counter()
    for concept in concepts:
        (notation,) = graph.objects(concept, SKOS.notation)
        seen[graph.value(concept, SKOS.inScheme), folded(notation)] += 1
    assert set(seen.values()) == {1}


def test_foreign_identifiers_name_one_concept_of_a_scheme_and_are_nobodys_notation(graph, concepts):
    codes = defaultdict(list)
    for concept in concepts:
        scheme = graph.value(concept, SKOS.inScheme)
        for code in (*graph.objects(concept, DCTERMS.identifier), graph.value(concept, SKOS.notation)):
            codes[scheme, folded(code)].append(concept)
    assert [key for key, holders in codes.items() if len(holders) > 1] == []


def test_every_listed_scheme_is_there_and_none_has_lost_a_concept(graph):
    sizes = Counter(str(target).rpartition("/")[2] for target in graph.objects(None, SKOS.inScheme))
    assert LISTED - sizes.keys() == set()
    assert {name: sizes[name] for name in COUNTS} == COUNTS


def test_hierarchy_is_symmetric_within_one_scheme_and_has_no_cycle(graph, concepts):
    pairs = set(graph.subject_objects(SKOS.broader))
    assert pairs == {(narrower, broader) for broader, narrower in graph.subject_objects(SKOS.narrower)}
    assert {end for pair in pairs for end in pair} <= concepts
    assert all(graph.value(a, SKOS.inScheme) == graph.value(b, SKOS.inScheme) for a, b in pairs)
    assert [a for a, b in pairs if a in set(graph.transitive_objects(b, SKOS.broader))] == []


def test_a_mapping_between_our_schemes_is_stated_from_both_sides(graph, concepts):
    for relation, inverse in INVERSE.items():
        inner = {(a, b) for a, b in graph.subject_objects(relation) if b in concepts}
        assert {(b, a) for a, b in inner} == {(b, a) for b, a in graph.subject_objects(inverse) if a in concepts}


def test_a_mapping_below_our_own_addresses_leads_to_a_concept_or_is_its_other_address(graph, concepts):
    for relation in INVERSE:
        for concept, target in graph.subject_objects(relation):
            if str(target).startswith("https://w3id.org/chm/vocab/") and target not in concepts:
                name = str(graph.value(concept, SKOS.inScheme)) + "/" + str(graph.value(concept, SKOS.notation))
                assert str(target) == name


def test_mappings_contradict_neither_each_other_nor_the_hierarchy(graph, concepts):
    """SKOS S27 and S46: exact is neither broad nor related; related is not above or below."""
    equal = {(a, b) for a in concepts for b in graph.transitive_objects(a, SKOS.exactMatch) if a != b}
    for relation in (SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch, SKOS.broader, SKOS.narrower):
        assert equal & set(graph.subject_objects(relation)) == set()
    above = {(a, b) for a in concepts for b in graph.transitive_objects(a, SKOS.broader) if a != b}
    above |= set(graph.subject_objects(SKOS.broadMatch))
    related = set(graph.subject_objects(SKOS.relatedMatch))
    assert related & (above | {(b, a) for a, b in above}) == set()


def test_top_concepts_are_those_with_nothing_broader(graph, concepts):
    tops = {(scheme, concept) for concept, scheme in graph.subject_objects(SKOS.topConceptOf)}
    assert tops == set(graph.subject_objects(SKOS.hasTopConcept))
    headless = {concept for concept in concepts if graph.value(concept, SKOS.broader) is None}
    assert {concept for _, concept in tops} == headless


def test_every_label_states_its_status_and_source_once(graph):
    subjects = set(graph.subjects(SKOS.prefLabel)) | set(graph.subjects(SKOS.altLabel))
    for subject in subjects:
        given = Counter((*graph.objects(subject, SKOS.prefLabel), *graph.objects(subject, SKOS.altLabel)))
        assert stated_labels(graph, subject) == given, subject
    for node in graph.objects(None, CHM.label):
        assert graph.value(node, CHM.labelStatus) in STATUSES
        assert str(graph.value(node, DCTERMS.source)).strip()


def test_no_text_is_both_the_preferred_and_another_label_of_a_concept(graph):
    assert set(graph.subject_objects(SKOS.prefLabel)) & set(graph.subject_objects(SKOS.altLabel)) == set()


def test_every_definition_states_its_status_and_source_and_is_the_only_one_of_its_language(graph):
    for concept in set(graph.subjects(SKOS.definition)):
        texts = Counter(graph.objects(concept, SKOS.definition))
        nodes = list(graph.objects(concept, CHM.definition))
        assert Counter(graph.value(node, CHM.literal) for node in nodes) == texts
        assert {graph.value(node, CHM.labelStatus) for node in nodes} <= STATUSES
        assert all(str(graph.value(node, DCTERMS.source)).strip() for node in nodes)
        assert len({text.language for text in texts}) == len(texts)


def test_goals_and_targets_have_their_whole_text_in_six_languages(graph):
    for name in ("gbf-goals", "gbf-targets", "sdg"):
        for concept in graph.subjects(SKOS.inScheme, scheme(name)):
            assert {text.language for text in graph.objects(concept, SKOS.definition)} == LANGUAGES


def test_only_texts_of_machine_translation_are_called_so_and_english_never_is(graph):
    for node in graph.subjects(CHM.labelStatus, CHM.machineTranslated):
        source = str(graph.value(node, DCTERMS.source))
        assert graph.value(node, CHM.literal).language != "en"
        assert source.startswith(("scbd/bioland-head", "machine-translated")), source


def test_everything_of_ours_is_drafted_or_machine_translated(graph):
    own = [node for node, source in graph.subject_objects(DCTERMS.source) if "for this project" in source]
    assert {graph.value(node, CHM.labelStatus) for node in own} <= {CHM.drafted, CHM.machineTranslated}
    assert len(own) > 100


def test_labels_are_written_in_the_script_of_their_language(graph):
    scripts = {"ar": ("؀", "ۿ"), "ru": ("Ѐ", "ӿ"), "zh": ("一", "鿿")}
    foreign = {
        str(label)
        for _, label in graph.subject_objects(SKOS.prefLabel)
        for low, high in [scripts.get(label.language, (" ", "￿"))]
        if not any(low <= letter <= high for letter in label)
    }
    assert foreign <= {"BCH NFP", "CHM NFP"}


def test_synonyms_that_a_source_joins_in_one_text_are_labels_of_their_own(graph):
    texts = {str(graph.value(c, SKOS.notation)): set(graph.objects(c, SKOS.prefLabel)) for c in domain(graph)}
    joined = {name for name, labels in texts.items() if any(" - " in label for label in labels)}
    assert joined == {"gemet-7825", "gemet-7827"}  # "social - economic" is one word
    biodiversity = scheme("domain-concepts/gemet-827")
    assert Literal("التنوع الحيوي", lang="ar") in set(graph.objects(biodiversity, SKOS.prefLabel))
    assert Literal("التنوع البيولوجي", lang="ar") in set(graph.objects(biodiversity, SKOS.altLabel))


def test_no_label_has_lost_a_quotation_mark_or_a_bracket(graph):
    labels = {str(label) for each in domain(graph) for label in graph.objects(each, SKOS.prefLabel)}
    assert {text for text in labels if text.count('"') % 2} == set()
    assert {text for text in labels if len(re.findall("[(（]", text)) != len(re.findall("[)）]", text))} == set()


def domain(graph) -> set:
    return set(graph.subjects(SKOS.inScheme, scheme("domain-concepts")))


def test_every_concept_of_biodiversity_leads_up_to_one_of_eight_themes(graph):
    tops = {each for each in domain(graph) if graph.value(each, SKOS.broader) is None}
    assert {str(top).rpartition("/")[2].startswith("theme-") for top in tops} == {True}
    assert len(tops) == 8
    assert all(tops & set(graph.transitive_objects(each, SKOS.broader)) for each in domain(graph))


def test_subjects_of_the_convention_are_mapped_to_the_same_concepts_of_biodiversity(graph):
    subject = scheme("cbd-subjects/CBD-SUBJECT-IAS")
    assert scheme("domain-concepts/invasive-alien-species") in set(graph.objects(subject, SKOS.exactMatch))
    gemet = [m for m in graph.objects(None, SKOS.exactMatch) if "eionet.europa.eu" in m]
    assert len(set(gemet)) == len(gemet) == 579


def test_indicators_have_the_secretariats_iris_and_serve_the_target_of_their_code(graph):
    kmgbf = "http://metadata.cbd.int/kmgbf/"
    for indicator in graph.subjects(SKOS.inScheme, scheme("gbf-indicators")):
        code = str(graph.value(indicator, SKOS.notation))
        number = code.partition(".")[0]
        assert str(indicator) == f"{kmgbf}indicator_{code}"
        served = f"{kmgbf}{'goal' if number.isalpha() else 'target'}_{number}"
        assert list(graph.objects(indicator, SKOS.broadMatch)) == [URIRef(served)]


def test_sustainable_development_goals_have_the_iris_of_the_united_nations(graph):
    goal = URIRef("http://metadata.un.org/sdg/14")
    assert graph.value(goal, SKOS.notation) == Literal("SDG-GOAL-14")
    assert URIRef("http://metadata.cbd.int/kmgbf/target_3") in set(graph.objects(goal, SKOS.relatedMatch))


def test_members_are_countries_of_the_list_and_say_how_far_they_may_be_trusted(graph):
    countries = set(graph.subjects(SKOS.inScheme, URIRef("https://w3id.org/chm/vocab/countries")))
    assert set(graph.objects(None, CHM.member)) <= countries
    for group in set(graph.subjects(CHM.member)):
        assert len(list(graph.objects(group, CHM.membersStatus))) == 1
        assert len(list(graph.objects(group, CHM.membersSource))) == 1
        assert len(list(graph.objects(group, CHM.membersAsOf))) == 1


def test_framework_concepts_carry_the_secretariats_own_iris(graph):
    target = URIRef("http://metadata.cbd.int/kmgbf/target_6")
    assert graph.value(target, SKOS.notation) == Literal("GBF-TARGET-06")
    assert (target, SKOS.exactMatch, URIRef("https://w3id.org/chm/vocab/gbf-targets/GBF-TARGET-06")) in graph


def test_marked_data_stays_in_marked_files(graph):
    """Without the marked files nothing of ODbL or of a source without licence is left."""
    opened = read(*(path for path in VOCAB.glob("*.ttl") if path.name not in MARKED))
    sources = {str(text) for text in (*opened.objects(None, DCTERMS.source), *opened.objects(None, CHM.membersSource))}
    suspects = {
        "world-countries",
        "clearing-house-documentation",
        "online-reporting-tool",
        "biobridge",
        "UNESCO",
        "ORT",
    }
    assert [text for text in sources if any(name in text for name in suspects)] == []
    assert len(opened) < len(graph)
    assert {path.name for path in VOCAB.glob("*.*.ttl")} == MARKED
    for name in MARKED:
        assert "NOT under Apache-2.0" in (VOCAB / name).read_text(encoding="utf-8").replace("\n# ", " ")


def test_every_source_and_every_scheme_is_in_the_readme():
    listed = (VOCAB / "sources" / "README.md").read_text(encoding="utf-8")
    assert [p.name for p in (VOCAB / "sources").rglob("*.json") if p.name not in listed] == []
    readme = (VOCAB / "README.md").read_text(encoding="utf-8")
    assert [p.name for p in VOCAB.glob("*.ttl") if f"`{p.name}`" not in readme] == []
