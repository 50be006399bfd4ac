"""Writes what `chmnode.concepts` loads: one JSON file per licence class, one scheme or concept a line."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from builder.graph import Concept, Document, Label, Licence, Scheme, iri


def compile_documents(documents: Sequence[Document]) -> dict[str, str]:
    """File name to content; marked data only in files that carry its mark."""
    classes = sorted({document.licence for document in documents})
    return {_name(licence): _write([d for d in documents if d.licence is licence]) for licence in classes}


def _name(licence: Licence) -> str:
    return f"concepts.{licence}.json" if licence else "concepts.json"


def _write(documents: Sequence[Document]) -> str:
    schemes = [_scheme(each.scheme) for each in documents if each.scheme]
    concepts = _concepts(concept for each in documents for concept in each.concepts)
    body = [f'"{kind}": [\n{_lines(rows)}\n]' for kind, rows in (("schemes", schemes), ("concepts", concepts))]
    return "{\n" + ",\n".join(body) + "\n}\n"


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)


def _concepts(concepts: Iterable[Concept]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    narrower: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for concept in concepts:
        rows[concept.scheme, concept.notation] = _concept(concept)
        for parent in concept.broader:
            narrower[concept.scheme, parent].add(concept.notation)
    for (scheme, notation), children in narrower.items():
        bare = {"iri": iri(scheme, notation), "scheme": scheme, "notation": notation}
        rows.setdefault((scheme, notation), bare)["narrower"] = sorted(children)
    return [rows[key] for key in sorted(rows)]


def _concept(concept: Concept) -> dict[str, Any]:
    row: dict[str, Any] = {"iri": concept.iri, "scheme": concept.scheme, "notation": concept.notation}
    row["labels"] = _preferred(concept.labels)
    row["alternatives"] = _alternatives(concept.labels)
    row["identifiers"] = sorted(concept.identifiers)
    row["broader"] = sorted(concept.broader)
    row["matches"] = _matches(concept.matches)
    if concept.members:
        row["members"] = sorted(concept.members.countries)
        row["members_status"] = concept.members.status
    return {key: value for key, value in row.items() if value}


def _label(label: Label) -> dict[str, str]:
    return {"text": label.text, "lang": label.lang, "status": label.status}


def _preferred(labels: Iterable[Label]) -> dict[str, dict[str, str]]:
    return {label.lang: _label(label) for label in sorted(labels) if label.preferred}


def _alternatives(labels: Iterable[Label]) -> dict[str, list[dict[str, str]]]:
    found: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for label in sorted(labels):
        if not label.preferred:
            found[label.lang].append(_label(label))
    return dict(found)


def _matches(matches: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for relation, target in sorted(matches):
        found[relation].append(target)
    return dict(found)


def _scheme(scheme: Scheme) -> dict[str, Any]:
    labels = _preferred(scheme.title)
    return {"name": scheme.name, "iri": iri(scheme.name), "labels": labels, "provisional": scheme.provisional}
