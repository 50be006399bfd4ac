"""Concepts and schemes as SKOS statements, from which both the Turtle and the JSON-LD of a page are written.

They are those of `vocab/*.ttl`, except that a label's source is not held at run time: `Concepts.rights` says where the
labels of a scheme come from.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote

from chmnode.concepts.catalogue import Concepts
from chmnode.concepts.model import Concept, Label, Scheme, Status

PREFIXES: Final = {
    "chm": "https://w3id.org/chm/ns#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
VOCABULARIES: Final = "https://w3id.org/chm/vocab/"
RELATIONS: Final = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


@dataclass(frozen=True, slots=True)
class Iri:
    """A resource: a whole IRI, or a term with one of the prefixes."""

    value: str


@dataclass(frozen=True, slots=True)
class Text:
    """A literal in a language, or in none."""

    value: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A resource without a name, and what is said of it."""

    facts: tuple[tuple[str, "Iri | Text"], ...]


Fact: TypeAlias = tuple[str, "Iri | Text | Node | bool"]


def of_scheme(scheme: Scheme) -> Iterator[Fact]:
    """What is said of a scheme itself."""
    yield from (("a", Iri("skos:ConceptScheme")), ("dct:identifier", Text(scheme.name)))
    yield "chm:provisional", scheme.provisional
    if scheme.note:
        yield "skos:note", Text(scheme.note, "en")
    yield from _labels("skos:prefLabel", scheme.labels.values())
    yield from (("skos:hasTopConcept", Iri(top.iri)) for top in scheme.tops)


def of_concept(concept: Concept, concepts: Concepts) -> Iterator[Fact]:
    """What is said of a concept, in a fixed order."""
    scheme = Iri(VOCABULARIES + concept.scheme)
    yield from (("a", Iri("skos:Concept")), ("skos:inScheme", scheme), ("skos:notation", Text(concept.notation)))
    if not concept.broader:
        yield "skos:topConceptOf", scheme
    yield from (("dct:identifier", Text(code)) for code in concept.identifiers)
    yield from _labels("skos:prefLabel", concept.labels.values())
    yield from _labels("skos:altLabel", (each for labels in concept.alternatives.values() for each in labels))
    for member, notations in (("broader", concept.broader), ("narrower", concept.narrower)):
        yield from ((f"skos:{member}", _named(concepts, concept.scheme, notation)) for notation in notations)
    for relation in RELATIONS:
        yield from ((f"skos:{relation}", Iri(target)) for target in concept.matches.get(relation, ()))
    yield from (("skos:note", Text(note, "en")) for note in concepts.notes(concept))
    yield from _definitions(concepts.definitions(concept).values())
    yield from (("chm:member", _named(concepts, "countries", code)) for code in concept.members)
    if concept.members_status is not None:
        yield "chm:membersStatus", Iri(f"chm:{concept.members_status}")


def _named(concepts: Concepts, scheme: str, notation: str) -> Iri:
    known = concepts.get(scheme, notation)
    return Iri(known.iri if known is not None else f"{VOCABULARIES}{scheme}/{quote(notation, safe='')}")


def _labels(predicate: str, labels: Iterable[Label]) -> Iterator[Fact]:
    for label in labels:
        yield predicate, Text(label.text, label.lang)
        yield "chm:label", _stated("chm:Label", label)


def _definitions(definitions: Iterable[Label]) -> Iterator[Fact]:
    for definition in definitions:
        yield "skos:definition", Text(definition.text, definition.lang)
        yield "chm:definition", _stated("chm:Definition", definition)


def _stated(kind: str, label: Label) -> Node:
    status = Iri(f"chm:{Status(label.status).value}")
    return Node((("a", Iri(kind)), ("chm:literal", Text(label.text, label.lang)), ("chm:labelStatus", status)))
