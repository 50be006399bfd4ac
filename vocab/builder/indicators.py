"""Indicators of the framework, by the code of the Secretariat's ontology.

The Convention's own identifiers stand in a marked document: they come from a repository without a licence file, and
one of them names two indicators there, which is why the code is the notation.
"""

from collections import Counter
from collections.abc import Mapping

from builder.framework import ONTOLOGY
from builder.graph import Concept, Document, Label, Licence, Status, iri, labels_of
from builder.sources import OWN_TRANSLATION, Row, Sources

SCHEME = "gbf-indicators"
RIGHTS = f"""Codes, IRIs, English, French and Spanish: {ONTOLOGY}.
Arabic, Chinese and Russian, and arrangement: Apache-2.0."""
UNLICENSED = """Identifiers of the indicators, and five names, from scbd/online-reporting-tool@06b5c70, a repository
that states no licence: these lines are NOT under Apache-2.0, and may be left out."""
REPORTING = "scbd/online-reporting-tool@06b5c70"
NOTES = {
    "headline": "Headline indicator",
    "binary": "Binary indicator",
    "component": "Component indicator",
    "complementary": "Complementary indicator",
}


def documents(sources: Sources) -> list[Document]:
    """The scheme, and what a repository without a licence adds to it."""
    rows: list[Row] = sources.read("gbf-indicators.json")
    extra: list[Row] = sources.read("unlicensed/gbf-indicators.json")
    drafted: Row = sources.read("drafted/gbf-indicators.json")
    elsewhere = {row["code"]: row["labels"] for row in extra}
    concepts = [_concept(row, drafted, elsewhere[row["code"]]) for row in rows]
    named = Counter(row["identifier"] for row in extra)
    iris = {row["code"]: row["uri"] for row in rows}
    added = [_addition(row, iris[row["code"]], unique=named[row["identifier"]] == 1) for row in extra]
    return [
        Document(SCHEME, RIGHTS, concepts, sources.scheme(SCHEME)),
        Document(SCHEME, UNLICENSED, added, licence=Licence.UNLICENSED),
    ]


def _concept(row: Row, drafted: Row, elsewhere: Mapping[str, str]) -> Concept:
    """An indicator; narrower than the goal or target of its code, related to the others it serves."""
    code: str = row["code"]
    concept = Concept(SCHEME, code, iri=row["uri"], labels=labels_of(row["labels"], Status.OFFICIAL, ONTOLOGY))
    pairs = zip(drafted["languages"], drafted["labels"].get(code, ()), strict=False)
    own = [Label(lang, text, Status.MACHINE_TRANSLATED, OWN_TRANSLATION) for lang, text in pairs]
    concept.labels += [label for label in own if label.lang not in elsewhere]
    concept.notes = [NOTES[row["type"]]]
    served = code.partition(".")[0]
    for target in {target for targets in row["roles"].values() for target in targets}:
        scheme = "gbf-goals" if target.startswith("GBF-GOAL") else "gbf-targets"
        own_target = target in {f"GBF-GOAL-{served}", f"GBF-TARGET-{served.zfill(2)}"}
        concept.matches.add(("broadMatch" if own_target else "relatedMatch", iri(scheme, target)))
    return concept


def _addition(row: Row, uri: str, *, unique: bool) -> Concept:
    concept = Concept(SCHEME, row["code"], iri=uri, declared=False)
    concept.labels = labels_of(row["labels"], Status.PUBLISHED, REPORTING)
    concept.identifiers = {row["identifier"]} if unique else set()
    return concept
