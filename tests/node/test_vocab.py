"""The vocabularies as SKOS: built the same way twice, consistent, and honest about every label."""

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
MARKED = {"groups-un.odbl.ttl", "thesaurus-samples.unlicensed.ttl"}


def read(*paths: Path) -> Graph:
    graph = Graph(bind_namespaces="none")
    for path in paths:
        graph.parse(path, format="turtle")
    return graph


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


def test_hierarchy_is_symmetric_within_one_scheme_and_has_no_cycle(graph, concepts):
    pairs = set(graph.subject_objects(SKOS.broader))
    assert pairs == {(narrower, broader) for broader, narrower in graph.subject_objects(SKOS.narrower)}
    assert {end for pair in pairs for end in pair} <= concepts
    assert all(graph.value(a, SKOS.inScheme) == graph.value(b, SKOS.inScheme) for a, b in pairs)
    assert [a for a, b in pairs if a in set(graph.transitive_objects(b, SKOS.broader))] == []


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
    suspects = ("world-countries", "clearing-house-documentation", "online-reporting-tool", "biobridge")
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
