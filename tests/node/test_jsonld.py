"""Records as RDF: concepts by their addresses, texts by their languages, nothing fetched, nothing lost."""

import logging
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.compare import isomorphic
from rdflib.namespace import DCTERMS, RDF, XSD

from chmnode.concepts.catalogue import Concepts
from chmnode.records import jsonld
from tests.node.strategies import CATALOGUE, TYPES, any_records, records
from tests.node.test_validation import need

CHM = rdflib.Namespace("https://w3id.org/chm/ns#")
VOCABULARY = Concepts.load(Path(__file__).parents[2] / "vocab")
RECORD = rdflib.URIRef("https://chm.example.org/records/1")


def graph(record):
    return jsonld.graph(record, CATALOGUE.context)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever opens a connection fails the test."""

    def refused(*_):
        pytest.fail("somebody opened a connection")

    monkeypatch.setattr("socket.socket.connect", refused)
    monkeypatch.setattr("socket.getaddrinfo", refused)


def test_a_need_reads_as_a_graph():
    record = need(
        gbfTargets=["GBF-TARGET-06"],
        budgetSought={"amount": "125000.50", "currency": "USD"},
        relation=[{"type": "partOf", "id": "https://chm.example.org/records/2"}],
        source={"url": "https://example.org/needs", "date": "2018"},
        validUntil="2027-03-03",
    )
    expected = rdflib.Graph().parse(
        format="turtle",
        data="""
        @prefix : <https://w3id.org/chm/ns#> . @prefix dct: <http://purl.org/dc/terms/> .
        @prefix v: <https://w3id.org/chm/vocab/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
        <https://chm.example.org/records/1> a :Need ;
            dct:conformsTo <https://w3id.org/chm/schemas/need/1.0> ; dct:identifier "CHM-BBR-KE-1" ;
            :government <https://w3id.org/chm/vocab/countries/KE> ;
            :country <https://w3id.org/chm/vocab/countries/KE>, <https://w3id.org/chm/vocab/countries/UG> ;
            :region <https://w3id.org/chm/vocab/regions/014> ;
            dct:language <https://w3id.org/chm/vocab/languages/fr>, <https://w3id.org/chm/vocab/languages/en> ;
            dct:title "Détecter les espèces envahissantes"@fr, "Detect invasive species"@en ;
            :problem "Les agents manquent de moyens.\\nIls demandent une formation."@fr ;
            :assistanceType <https://w3id.org/chm/vocab/assistance-types/CHM-ASSIST-TRAINING> ;
            :subject <https://w3id.org/chm/vocab/cbd-subjects/CBD-SUBJECT-IAS> ;
            :gbfTarget <http://metadata.cbd.int/kmgbf/target_6> ;
            :translations '{"en":{"machine":true,"reviewed":false}}'^^rdf:JSON ;
            dct:issued "2026-03-03T10:00:00Z"^^xsd:dateTime ; dct:modified "2026-03-04T10:00:00Z"^^xsd:dateTime ;
            dct:valid "2027-03-03"^^xsd:date ; dct:publisher <did:web:chm.example.org> ; :revision 1 ;
            <http://www.w3.org/ns/dcat#contactPoint> <https://chm.example.org/contact/1> ;
            :budgetSought [ :amount "125000.50"^^xsd:decimal ; :currency "USD" ] ;
            :relation [ :relationType :partOf ; :relatedTo <https://chm.example.org/records/2> ] ;
            dct:source <https://example.org/needs> .
        <https://example.org/needs> dct:date "2018" .
        """,
    )
    assert isomorphic(graph(record), expected)


def coded():
    """A member, its type and its scheme, for each coded member of each type."""
    named = {
        (field.name, field.scheme): name for name in TYPES for field in CATALOGUE.types[name].fields if field.scheme
    }
    return [(name, member, scheme) for (member, scheme), name in sorted(named.items())]


@pytest.mark.parametrize(("name", "member", "scheme"), coded())
def test_every_notation_of_a_vocabulary_becomes_the_address_of_its_concept(name, member, scheme):
    """Also `id` for Indonesian, notations with a plus sign, and the Secretariat's own addresses of the targets."""
    field = CATALOGUE.types[name].field(member)
    term = CHM[field.term] if ":" not in field.term else DCTERMS[field.term.partition(":")[2]]
    concepts = VOCABULARY.scheme(scheme).concepts
    triples = graph({"id": str(RECORD), "type": name, member: sorted(concepts)})
    assert {str(found) for found in triples.objects(RECORD, term)} == {each.iri for each in concepts.values()}


def literals(value, fields):
    """Every text of a record with its language."""
    for field in fields:
        for item in value.get(field.name, ()) if field.many else [value.get(field.name, {})]:
            if field.translated:
                yield from ((text, lang.lower()) for lang, text in item.items())
            elif isinstance(item, dict):
                yield from literals(item, field.fields)


@given(any_records())
@settings(max_examples=60, deadline=None)
def test_every_text_of_a_record_is_in_its_graph_in_its_language(record):
    found = {(str(o), o.language.lower()) for o in graph(record).objects() if getattr(o, "language", None)}
    assert found == set(literals(record, CATALOGUE.of(record).fields))


def masked(triples):
    """Triples counted with every blank node as one; to match them one by one can take for ever."""
    return Counter(tuple(map(alike, triple)) for triple in triples)


def alike(part):
    """A term without what a syntax may change: names of blank nodes, and how a decimal is spelt (0, 0.0)."""
    if isinstance(part, rdflib.BNode):
        return "_"
    if isinstance(part, rdflib.Literal) and part.datatype == rdflib.XSD.decimal:
        return Decimal(str(part)).normalize()
    return part


@given(any_records())
@settings(max_examples=40, deadline=None)
def test_turtle_and_ntriples_say_the_same(record):
    triples = graph(record)
    turtle = rdflib.Graph().parse(data=jsonld.turtle(record, CATALOGUE.context), format="turtle")
    ntriples = rdflib.Graph().parse(data=jsonld.ntriples(record, CATALOGUE.context), format="nt")
    assert masked(triples) == masked(turtle) == masked(ntriples)


@pytest.mark.parametrize("name", TYPES)
@given(st.data())
@settings(max_examples=10, deadline=None)
def test_a_record_is_an_instance_of_its_type_and_shows_no_proof(name, data):
    record = data.draw(records(CATALOGUE, name))
    triples = graph(record)
    assert (rdflib.URIRef(record["id"]), RDF.type, CHM[name]) in triples
    assert rdflib.Literal(record["proof"]["proofValue"]) not in set(triples.objects())


def test_times_stay_as_they_were_signed():
    [issued] = graph(need()).objects(RECORD, DCTERMS.issued)
    assert (str(issued), issued.datatype) == ("2026-03-03T10:00:00Z", XSD.dateTime)


def test_members_of_an_unknown_type_stand_under_the_vocabulary_of_the_context():
    record = {"id": str(RECORD), "type": "Wish", "title": {"en": "Rain"}, "depth": 3, "within": {"colour": "green"}}
    triples = graph(record)
    assert (RECORD, RDF.type, CHM.Wish) in triples
    assert (RECORD, CHM.depth, rdflib.Literal(3)) in triples
    assert (None, CHM.colour, rdflib.Literal("green")) in triples


def test_a_context_within_a_record_is_neither_fetched_nor_heard():
    evil = {"@context": "http://127.0.0.1:9/context", "@graph": [{"id": "https://example.org/other", "depth": 1}]}
    record = {**need(type="Wish"), "@context": "http://127.0.0.1:9/x", "within": {**evil, "depth": 2}, "list": [evil]}
    triples = graph(record)
    assert (None, CHM.depth, rdflib.Literal(2)) in triples
    assert rdflib.URIRef("https://example.org/other") not in set(triples.subjects())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=4)
    | st.sampled_from(["http://x/y z", "a:b", "@id"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "url", "@context", "en"]) | st.text(max_size=3), inner, max_size=3
        )
    ),
    max_leaves=6,
)
MEMBERS = sorted({f.name for kind in CATALOGUE.types.values() for f in kind.fields} - {"id", "type"})


@given(st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=3), JSON, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_record_of_an_unknown_type_renders_whatever_it_holds(members):
    """Its members may have any shape, since no schema of ours has checked them."""
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)
    record = {**members, "id": str(RECORD), "type": "Wish"}  # these two are as the entry has them
    assert (RECORD, RDF.type, CHM.Wish) in rdflib.Graph().parse(data=jsonld.turtle(record, CATALOGUE.context))
    assert jsonld.ntriples(record, CATALOGUE.context)
