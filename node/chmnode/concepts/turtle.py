"""Concepts and whole schemes for other programs: RDF 1.1 Turtle, and JSON-LD 1.1 with its context inline.

Written by hand, because rdflib costs a second of start-up; the tests parse both with rdflib and compare them with the
files of `vocab/`.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from chmnode.concepts.catalogue import Concepts
from chmnode.concepts.facts import PREFIXES, Fact, Iri, Node, Text, of_concept, of_scheme
from chmnode.concepts.model import Concept, Scheme

JsonObject = dict[str, Any]

LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
NOT_IN_AN_IRI: Final = re.compile(r'[\x00-\x20<>"{}|^`\\]')
PREFIXED: Final = re.compile(rf"(?:{'|'.join(PREFIXES)}):[A-Za-z]+")


def turtle(concept: Concept, concepts: Concepts) -> str:
    """One concept as a Turtle document."""
    return _heading(concepts.rights(concept.scheme)) + _block(concept.iri, of_concept(concept, concepts))


def scheme_turtle(scheme: Scheme, concepts: Concepts) -> str:
    """A whole scheme as a Turtle document: what is said of it, then every concept."""
    blocks = [_block(scheme.iri, of_scheme(scheme))]
    blocks += [_block(concept.iri, of_concept(concept, concepts)) for concept in scheme.concepts.values()]
    return _heading(concepts.rights(scheme.name)) + "\n".join(blocks)


def jsonld(concept: Concept, concepts: Concepts) -> JsonObject:
    """One concept as a JSON-LD document."""
    return {"@context": dict(PREFIXES), **_object(concept.iri, of_concept(concept, concepts))}


def scheme_jsonld(scheme: Scheme, concepts: Concepts) -> JsonObject:
    """A whole scheme as a JSON-LD document."""
    parts = [_object(scheme.iri, of_scheme(scheme))]
    parts += [_object(concept.iri, of_concept(concept, concepts)) for concept in scheme.concepts.values()]
    return {"@context": dict(PREFIXES), "@graph": parts}


def _heading(rights: Iterable[str]) -> str:
    comments = "".join(f"# {' '.join(text.split())}\n" for text in rights)
    return comments + "".join(f"@prefix {name}: <{target}> .\n" for name, target in PREFIXES.items()) + "\n"


def _block(subject: str, facts: Iterable[Fact]) -> str:
    lines = [f"    {predicate} {_term(value)}" for predicate, value in facts]
    return f"{_reference(subject)}\n" + " ;\n".join(lines) + " .\n"


def _term(value: Iri | Text | Node | bool) -> str:  # noqa: FBT001 - a value of any kind, not a switch
    match value:
        case Iri(name):
            return name if PREFIXED.fullmatch(name) else _reference(name)
        case Text(text, lang):
            quoted = json.dumps(text, ensure_ascii=False)  # the escapes of JSON are a subset of those of Turtle
            return f"{quoted}@{lang}" if LANGUAGE_TAG.fullmatch(lang) else quoted
        case Node(facts):
            return "[ " + " ; ".join(f"{predicate} {_term(each)}" for predicate, each in facts) + " ]"
        case _:
            return "true" if value else "false"


def _reference(iri: str) -> str:
    return "<" + NOT_IN_AN_IRI.sub(lambda found: f"%{ord(found[0]):02X}", iri) + ">"


def _object(subject: str, facts: Iterable[Fact]) -> JsonObject:
    found: JsonObject = {"@id": subject}
    for predicate, value in facts:
        if predicate == "a" and isinstance(value, Iri):
            found["@type"] = value.value
        else:
            found.setdefault(predicate, []).append(_value(value))
    return found


def _value(value: Iri | Text | Node | bool) -> Any:  # noqa: FBT001 - a value of any kind, not a switch
    match value:
        case Iri(name):
            return {"@id": name}
        case Text(text, lang):
            return {"@value": text, "@language": lang} if LANGUAGE_TAG.fullmatch(lang) else {"@value": text}
        case Node(facts):
            kind = next(each.value for predicate, each in facts if predicate == "a")
            return {"@type": kind, **{predicate: _value(each) for predicate, each in facts if predicate != "a"}}
        case _:
            return value
