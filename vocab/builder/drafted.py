"""Schemes written by us, provisional until the Convention's own lists can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from builder.graph import Concept, Document, Label, Status, iri, labels_of
from builder.sources import Row, Sources, own_labels
from builder.thesaurus import WORDING

RIGHTS = "Drafted for this project: Apache-2.0."
TREATIES = "Names of the treaties: scbd/absch.cbd.int (MIT). The rest was drafted for this project: Apache-2.0."
NOTE = "Drafted by us and replaceable: the Convention's own list is not public, or there is none."


def documents(sources: Sources) -> list[Document]:
    """Assistance types and the small schemes."""
    assistance = sources.read("drafted/assistance-types.json")
    small = sources.read("drafted/small-schemes.json")
    lists: dict[str, Sequence[Row]] = {"assistance-types": assistance["concepts"], **small["schemes"]}
    return [
        Document(
            name,
            TREATIES if name == "treaties" else RIGHTS,
            [_concept(sources, name, row, small["languages"]) for row in rows],
            sources.scheme(name, provisional=name != "removal-reasons", note=NOTE),
        )
        for name, rows in lists.items()
    ]


def _concept(sources: Sources, scheme: str, row: Row, languages: Sequence[str]) -> Concept:
    labels = own_labels(languages, row["labels"]) if row["labels"] else _interface_strings(sources, row["strings"])
    concept = Concept(scheme, row["notation"], labels=labels, broader=set(row.get("broader", ())))
    concept.identifiers = set(row.get("identifiers", ()))
    for lang, texts in row.get("alt", {}).items():
        added = own_labels([lang] * len(texts), texts)
        concept.add_alternatives(Label(a.lang, a.text, a.status, a.source, preferred=False) for a in added)
    for relation in ("close", "exact"):
        concept.matches |= {(f"{relation}Match", iri(*target.split("/"))) for target in row.get(relation, ())}
    concept.notes = [row["note"]] if "note" in row else []
    official = {} if scheme in WORDING else sources.samples.get(concept.notation, {}).get("labels", {})
    concept.labels = [_beside(label, official) for label in concept.labels]
    return concept


def _beside(label: Label, official: Mapping[str, str]) -> Label:
    """The label, as an alternative where the marked file holds an official one that differs."""
    return replace(label, preferred=label.preferred and official.get(label.lang, label.text) == label.text)


def _interface_strings(sources: Sources, english: str) -> list[Label]:
    row = next(row for row in sources.read("absch-ui-strings.json") if row["en"] == english)
    texts = {lang: text for lang, text in row.items() if lang != "source"}
    return labels_of(texts, Status.OFFICIAL, row["source"])
