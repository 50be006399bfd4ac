"""Records as RDF: the JSON-LD is the record's bytes, the rest is rendered from it.

Owns the way from a record to a graph under the context shipped with the software. Refuses to fetch anything and to
read keywords of JSON-LD inside a record: only members speak, under our context. RDF is for readers; it is never signed
or hashed, so the `proof`, which secures the JSON, is left out.
"""

import re
from collections.abc import Mapping
from typing import Any

import rdflib
from rdflib.plugins.parsers.jsonld import to_rdf

Record = Mapping[str, Any]

#: A language tag as RDF allows it.
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
#: Characters that an IRI in Turtle and N-Triples may hold, and no reader takes for the end of a line.
UNBROKEN = re.compile(r'[^\x00-\x20\x7f-\xa0\u2028\u2029<>"{}|^`\\]+')

# A literal stays as it was written: `Z` is not rewritten as `+00:00`.
rdflib.NORMALIZE_LITERALS = False


def graph(record: Record, context: Mapping[str, Any]) -> rdflib.Graph:
    """The triples of a record, also of one whose type this node does not know.

    `context` is the published document (`Catalogue.context`). What RDF cannot say, such as a text in no language or an
    address with spaces, is left out; a record of a known type holds none.
    """
    terms = context["@context"]
    members = {name: _spoken(value, terms.get(name)) for name, value in record.items() if _speaks(name)}
    # The parser's own function: through `Graph.parse` it would take a way that rdflib itself deprecates.
    triples: rdflib.Graph = to_rdf({"@context": terms, **members}, rdflib.Graph(bind_namespaces="none"))
    for triple in [triple for triple in triples if any(_broken(part) for part in triple)]:
        triples.remove(triple)
    return triples


def turtle(record: Record, context: Mapping[str, Any]) -> str:
    """A record in Turtle."""
    return graph(record, context).serialize(format="turtle")


def ntriples(record: Record, context: Mapping[str, Any]) -> str:
    """A record in N-Triples."""
    return graph(record, context).serialize(format="nt")


def _speaks(name: str) -> bool:
    """Whether a member of a record says something about it."""
    return name != "proof" and not name.startswith("@")


def _spoken(value: Any, term: Any = None) -> Any:
    """A value without keywords of JSON-LD, above all without contexts of its own, which could be fetched."""
    if isinstance(value, list):
        return [_spoken(item, term) for item in value]
    if not isinstance(value, Mapping):
        return value
    if isinstance(term, Mapping) and term.get("@container") == "@language":
        return {lang: text for lang, text in value.items() if LANGUAGE.fullmatch(lang) and isinstance(text, str)}
    within = term.get("@context", {}) if isinstance(term, Mapping) else {}
    return {name: _spoken(item, within.get(name)) for name, item in value.items() if not name.startswith("@")}


def _broken(part: rdflib.term.Node) -> bool:
    """Whether a part of a triple is an address that cannot be written."""
    return isinstance(part, rdflib.URIRef) and not UNBROKEN.fullmatch(part)
