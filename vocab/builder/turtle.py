"""Writes a document as Turtle, sorted, so that the same data always gives the same bytes."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from builder.graph import Concept, Document, Label, Membership, Scheme, iri

PREFIXES = {
    "chm": "https://w3id.org/chm/ns#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
Facts = list[tuple[str, str]]


def literal(text: str, lang: str = "") -> str:
    """A Turtle string: the escapes of JSON are a subset of those of Turtle."""
    return json.dumps(text, ensure_ascii=False) + (f"@{lang}" if lang else "")


def reference(target: str) -> str:
    """An IRI reference."""
    return f"<{target}>"


def write(document: Document) -> str:
    """The whole file: heading, scheme, concepts."""
    parts = [_heading(document)]
    if document.scheme:
        parts.append(_block(iri(document.scheme.name), _scheme_facts(document.scheme, document)))
    for subject, facts in sorted(_concept_facts(document).items()):
        parts.append(_block(subject, facts))
    return "\n".join(parts)


def _heading(document: Document) -> str:
    comments = [f"# {line}" for line in ("Built by vocab/build.py; do not edit.", *document.rights.splitlines())]
    return "\n".join([*comments, *(f"@prefix {name}: <{target}> ." for name, target in PREFIXES.items())]) + "\n"


def _block(subject: str, facts: Facts) -> str:
    lines = [f"    {predicate} {value}" for predicate, value in dict.fromkeys(facts)]
    return f"{reference(subject)}\n" + " ;\n".join(lines) + " .\n"


def _label_facts(labels: Iterable[Label], preferred: str) -> Facts:
    ordered = sorted(labels, key=lambda label: (not label.preferred, label))
    plain = [(preferred if each.preferred else "skos:altLabel", literal(each.text, each.lang)) for each in ordered]
    return plain + [("chm:label", _reified(label)) for label in ordered]


def _reified(label: Label, kind: str = "Label") -> str:
    return (
        f"[ a chm:{kind} ; chm:literal {literal(label.text, label.lang)} ; "
        f"chm:labelStatus chm:{label.status} ; dct:source {literal(label.source)} ]"
    )


def _scheme_facts(scheme: Scheme, document: Document) -> Facts:
    tops = sorted(c.iri for c in document.concepts if c.declared and not c.broader)
    facts = [("a", "skos:ConceptScheme"), ("dct:identifier", literal(scheme.name))]
    facts.append(("chm:provisional", "true" if scheme.provisional else "false"))
    facts.extend([("skos:note", literal(scheme.note, "en"))] if scheme.note else [])
    facts.extend(_label_facts(scheme.title, "skos:prefLabel"))
    return facts + [("skos:hasTopConcept", reference(top)) for top in tops]


def _concept_facts(document: Document) -> dict[str, Facts]:
    facts: defaultdict[str, Facts] = defaultdict(list)
    own = document.scheme.name if document.scheme else ""
    for concept in document.concepts:
        facts[concept.iri].extend(_description(concept))
        if concept.declared and not concept.broader and concept.scheme != own:
            facts[iri(concept.scheme)].append(("skos:hasTopConcept", reference(concept.iri)))
    for concept in document.concepts:
        for parent in concept.broader:
            facts[iri(concept.scheme, parent)].append(("skos:narrower", reference(concept.iri)))
    return {subject: _sorted_narrower(values) for subject, values in facts.items()}


def _sorted_narrower(facts: Facts) -> Facts:
    narrower = sorted(fact for fact in facts if fact[0] == "skos:narrower")
    return [fact for fact in facts if fact[0] != "skos:narrower"] + narrower


def _description(concept: Concept) -> Iterator[tuple[str, str]]:
    if concept.declared:
        yield from (("a", "skos:Concept"), ("skos:inScheme", reference(iri(concept.scheme))))
        yield "skos:notation", literal(concept.notation)
        if not concept.broader:
            yield "skos:topConceptOf", reference(iri(concept.scheme))
    yield from (("dct:identifier", literal(code)) for code in sorted(concept.identifiers))
    yield from _label_facts(concept.labels, "skos:prefLabel")
    yield from (("skos:broader", reference(iri(concept.scheme, parent))) for parent in sorted(concept.broader))
    yield from ((f"skos:{relation}", reference(target)) for relation, target in sorted(concept.matches))
    yield from (("skos:note", literal(note, "en")) for note in concept.notes)
    yield from _definition_facts(concept.definitions)
    if concept.members:
        yield from _member_facts(concept.members)


def _definition_facts(definitions: Iterable[Label]) -> Facts:
    ordered = sorted(definitions)
    plain = [("skos:definition", literal(each.text, each.lang)) for each in ordered]
    return plain + [("chm:definition", _reified(each, "Definition")) for each in ordered]


def _member_facts(membership: Membership) -> Iterator[tuple[str, str]]:
    yield from (("chm:member", reference(iri("countries", code))) for code in sorted(membership.countries))
    yield "chm:membersStatus", f"chm:{membership.status}"
    yield "chm:membersSource", literal(membership.source)
    if membership.as_of:
        yield "chm:membersAsOf", f'"{membership.as_of}"^^xsd:date'
