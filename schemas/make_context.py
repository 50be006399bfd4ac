"""Write `context.jsonld` from the annotations of the schema files: `.venv/bin/python schemas/make_context.py`.

Version 1 of the context only gains terms (records.md). Codes become concept IRIs by a context of their own for each
coded member: the scheme's folder, and one by one those concepts of `vocab/` whose IRI is another (the Secretariat's for
the targets) or whose notation the context would read as a keyword (`id`, Indonesian).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chmnode.concepts.catalogue import Concepts
from chmnode.records.catalogue import Catalogue, RecordType
from chmnode.records.fields import Field

Odd = Mapping[str, Mapping[str, str]]

SCHEMAS = Path(__file__).parent
PREFIXES = {
    "chm": "https://w3id.org/chm/ns#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "sdo": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
KEYWORDS = {"@version": 1.1, "@vocab": PREFIXES["chm"], "id": "@id", "type": "@type"}
CONCEPTS = "https://w3id.org/chm/vocab/"
DATATYPES = {
    "date": "xsd:date",
    "dateTime": "xsd:dateTime",
    "iri": "@id",
    "recordIri": "@id",
    "code": "@vocab",
}
#: As the W3C's Data Integrity context reads it.
PROOF = {
    "@id": "https://w3id.org/security#proof",
    "@type": "@id",
    "@container": "@graph",
    "@context": {
        "@vocab": "https://w3id.org/security#",
        "created": {"@id": "dcterms:created", "@type": "xsd:dateTime"},
        "proofPurpose": {"@type": "@vocab"},
        "verificationMethod": {"@type": "@id"},
    },
}


def named(vocabulary: Concepts) -> Odd:
    """By scheme, the notations that have to be named one by one, with their IRIs."""
    return {
        scheme.name: {
            notation: concept.iri
            for notation, concept in sorted(scheme.concepts.items())
            if concept.iri != f"{CONCEPTS}{scheme.name}/{notation}" or notation in KEYWORDS
        }
        for scheme in vocabulary.schemes
    }


def definition(field: Field, odd: Odd) -> str | dict[str, Any] | None:
    """The definition of one member, from its annotations."""
    if field.kind == "proof":
        return PROOF
    if field.term is None or KEYWORDS.get(field.name) == field.term:
        return None
    iri = field.term if ":" in field.term or field.term.startswith("@") else f"chm:{field.term}"
    entry: dict[str, Any] = {"@id": iri}
    if field.translated:
        entry["@container"] = "@language"
    elif datatype := field.datatype or DATATYPES.get(field.kind):
        entry["@type"] = datatype
    if field.scheme:
        entry["@context"] = {"@vocab": f"{CONCEPTS}{field.scheme}/", **odd.get(field.scheme, {})}
    elif within := definitions(field.fields, odd):
        entry["@context"] = within
    # A keyword cannot be typed; a plain member needs no object.
    return iri if len(entry) == 1 or iri.startswith("@") else entry


def definitions(fields: Iterable[Field], odd: Odd) -> dict[str, Any]:
    """The definitions of several members, by name."""
    found = {field.name: definition(field, odd) for field in fields}
    return {name: entry for name, entry in sorted(found.items()) if entry is not None}


def context(types: Iterable[RecordType], odd: Odd) -> dict[str, Any]:
    """The context document for all types; a name means the same wherever it stands."""
    terms: dict[str, Any] = {}
    for kind in types:
        for name, entry in definitions(kind.fields, odd).items():
            if name in PREFIXES or terms.setdefault(name, entry) != entry:
                raise SystemExit(f"{kind.name}.{name} means something else elsewhere")
    return {"@context": {**KEYWORDS, **PREFIXES, **dict(sorted(terms.items()))}}


if __name__ == "__main__":
    document = context(Catalogue.load(SCHEMAS).types.values(), named(Concepts.load(SCHEMAS.parent / "vocab")))
    (SCHEMAS / "context.jsonld").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
