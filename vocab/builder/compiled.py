"""Writes what `chmnode.concepts` loads: one JSON file per licence class, one scheme or concept a line.

Definitions and notes go into files of their own, which are read when the first one is asked for.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from builder.graph import Concept, Document, Label, Licence, Scheme, iri


def compile_documents(documents: Sequence[Document]) -> dict[str, str]:
    """File name to content; marked data only in files that carry its mark."""
    files: dict[str, str] = {}
    for licence in sorted({document.licence for document in documents}):
        chosen = [document for document in documents if document.licence is licence]
        files[_name("concepts", licence)] = _write(chosen)
        texts = _texts(concept for document in chosen for concept in document.concepts)
        if texts:
            files[_name("definitions", licence)] = "[\n" + _lines(texts) + "\n]\n"
    return files


def _name(stem: str, licence: Licence) -> str:
    return f"{stem}.{licence}.json" if licence else f"{stem}.json"


def _texts(concepts: Iterable[Concept]) -> list[dict[str, Any]]:
    rows = (
        {
            "concept": f"{concept.scheme}:{concept.notation}",
            "definitions": {each.lang: _label(each) for each in sorted(concept.definitions)},
            "notes": concept.notes,
        }
        for concept in concepts
    )
    kept = ({key: value for key, value in row.items() if value} for row in rows)
    return sorted((row for row in kept if len(row) > 1), key=lambda row: str(row["concept"]))


def _write(documents: Sequence[Document]) -> str:
    schemes = [_scheme(each.scheme) for each in documents if each.scheme]
    concepts = _concepts(concept for each in documents for concept in each.concepts)
    rights = _rights(documents)
    parts = (("rights", rights), ("schemes", schemes), ("concepts", concepts))
    body = [f'"{kind}": [\n{_lines(rows)}\n]' for kind, rows in parts]
    return "{\n" + ",\n".join(body) + "\n}\n"


def _rights(documents: Iterable[Document]) -> list[dict[str, str]]:
    """Where the facts of each scheme come from, and under which licence."""
    pairs = {(concept.scheme, document.rights) for document in documents for concept in document.concepts}
    return [{"scheme": scheme, "text": " ".join(text.split())} for scheme, text in sorted(pairs)]


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
    row = {"name": scheme.name, "iri": iri(scheme.name), "labels": labels, "provisional": scheme.provisional}
    return {**row, "note": scheme.note} if scheme.note else row
