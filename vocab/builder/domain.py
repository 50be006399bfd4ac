"""Concepts of biodiversity, from GEMET and other published lists, and the themes they are sorted under.

A theme is a concept at the top of the scheme, not a collection: `skos:broader` may only join concepts, and a page, a
trail and a search that reaches downwards all follow `broader`. Labels of the UNESCO Thesaurus (share-alike) and of an
interface without a licence file go into marked documents of their own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from builder.graph import Concept, Document, Label, Licence, Status, iri, status_of
from builder.sources import BIOLAND, OWN_ENGLISH, Row, Sources, own_labels

SCHEME = "domain-concepts"
GEMET = "GEMET, the dump of 2016 (EEA/Eionet, CC BY 2.5 DK) in jorcox/GeoCrawler@593261c"
GBIF = "gbif/gbif-web@aaddd2435 (Apache-2.0)"
INTERFACE = "scbd/absch.cbd.int@ddbb08b (MIT)"
UNESCO = "UNESCO Thesaurus (CC BY-SA 3.0 IGO) in javiervzpucp/metadatos-archivo@496033c"
RIGHTS = """Labels, definitions, hierarchy and mappings: GEMET, European Environment Agency (CC BY 2.5 DK);
GBIF (Apache-2.0); scbd/absch.cbd.int and scbd/bioland-head (MIT); phrases of the CBD Secretariat's KMGBF Ontology
1.0.1 (CC BY 4.0 IGO), fvogel/KMGBF-Ontology@b47f211.
Choice of concepts, themes, other labels and mappings: Apache-2.0."""
SHARED_ALIKE = """Labels and mappings of the UNESCO Thesaurus (http://vocabularies.unesco.org/thesaurus), under
CC BY-SA 3.0 IGO (https://creativecommons.org/licenses/by-sa/3.0/igo/). This file is under the same licence,
NOT under Apache-2.0."""
UNLICENSED = """Labels of the interface scbd/online-reporting-tool@06b5c70, a repository that states no licence:
these lines are NOT under Apache-2.0, and may be left out."""
NOTE = "Chosen for this project; most concepts, their definitions and part of the hierarchy are those of GEMET."
MAPPINGS = {
    "gemet": "exactMatch",
    "agrovoc": "exactMatch",
    "eurovoc": "exactMatch",
    "dbpedia_close": "closeMatch",
}
KINDS = ("labels", "alt")
OURS = ("exactMatch", "closeMatch", "narrowMatch", "relatedMatch")
SYNONYMS = re.compile(r"\s+-\s+|،\s+")
RUSSIAN_SYNONYMS = {"gemet-2830": ", ", "gemet-4159": ", ", "gemet-3688": " - "}
COMPOUNDS = frozenset({"gemet-7827", "gemet-7825"})  # "social - economic" is one word elsewhere, not two synonyms
QUALIFIER = re.compile(r"(.+?)\s*[(（]([^()（）]+)[)）]$")
ACRONYM = re.compile(r"[A-Za-z]?[A-Z]{2,}")
BODIES = frozenset({"IUCN", "UICN"})  # an acronym that says who sorts the species so, not another name of the concept


def documents(sources: Sources) -> list[Document]:
    """The scheme, and the two marked documents that add labels and mappings to it."""
    rows: list[Row] = sources.read("domain-concepts.json")
    drafted: Row = sources.read("drafted/domain-concepts.json")
    themes = [
        Concept(SCHEME, _theme(n), labels=own_labels(drafted["languages"], t)) for n, t in drafted["themes"].items()
    ]
    concepts = {row["id"]: _concept(row, drafted) for row in rows}
    _place(concepts, rows, drafted)
    _map(concepts, drafted)
    scheme = sources.scheme(SCHEME, note=NOTE)
    unesco = [_from_unesco(row, concepts[row["id"]]) for row in sources.read("cc-by-sa/unesco-thesaurus.json")]
    interface = [_addition(row, concepts[row["id"]]) for row in sources.read("unlicensed/domain-labels.json")]
    return [
        Document(SCHEME, RIGHTS, [*themes, *concepts.values()], scheme),
        Document(f"{SCHEME}-unesco", SHARED_ALIKE, unesco, licence=Licence.SHARE_ALIKE),
        Document(f"{SCHEME}-interface", UNLICENSED, interface, licence=Licence.UNLICENSED),
    ]


def _theme(name: str) -> str:
    return "theme-" + name.replace("_", "-")


def _concept(row: Row, drafted: Row) -> Concept:
    name = row["id"]
    concept = Concept(SCHEME, name)
    own = drafted["labels"].get(name, {})
    concept.labels = own_labels(own, own.values())
    published = [_published(lang, each) for lang, each in row["labels"].items() if lang not in own]
    extra = [_published(lang, each) for lang, texts in row.get("alt", {}).items() for each in texts]
    for label in published:
        first, *rest = _synonyms(name, label)
        concept.labels.append(first)
        _add(concept, rest)
    _add(concept, extra)
    _add(concept, (short for label in published for short in _shorter(name, label, drafted["qualifier_kept"])))
    for lang, texts in drafted["alt"].get(name, {}).items():
        _add(concept, own_labels([lang] * len(texts), texts))
    concept.matches = {(MAPPINGS[k], uri) for k, uri in row["mappings"].items() if k in MAPPINGS}
    if "cbd_subject" in row["mappings"]:
        concept.matches.add(("exactMatch", iri("cbd-subjects", row["mappings"]["cbd_subject"])))
    if "definition" in row:
        concept.definitions = [Label("en", row["definition"], Status.PUBLISHED, GEMET)]
    return concept


def _add(concept: Concept, labels: Iterable[Label]) -> None:
    """Further names, unless one differs from a known one in its capitals only."""
    for label in labels:
        if (label.lang, label.text.casefold()) not in {(k.lang, k.text.casefold()) for k in concept.labels}:
            concept.add_alternatives([replace(label, preferred=False)])


def _published(lang: str, given: Mapping[str, str]) -> Label:
    origin, text = given["from"], given["text"].strip()
    if origin == "concept name":
        return Label(lang, text, Status.DRAFTED, OWN_ENGLISH)
    if origin == "GEMET":
        return Label(lang, text, Status.PUBLISHED, GEMET)
    if origin.startswith("GBIF"):
        return Label(lang, text, Status.PUBLISHED, f"{GBIF}, {origin.removeprefix('GBIF ')}")
    if "bioland" in origin:
        return Label(lang, text, Status.MACHINE_TRANSLATED, BIOLAND)
    if origin.startswith("SCBD UI: "):
        path = origin.rpartition("absch.cbd.int:")[2]
        return Label(lang, text, Status.PUBLISHED, f"{INTERFACE} {path}")
    return Label(lang, text, status_of(origin), origin)


def _synonyms(name: str, label: Label) -> Iterator[Label]:
    """The names joined in one text: the first is the preferred one."""
    parts = [label.text]
    if label.lang == "ar" and name not in COMPOUNDS:
        parts = SYNONYMS.split(label.text)
    elif label.lang == "ru" and name in RUSSIAN_SYNONYMS:
        parts = label.text.split(RUSSIAN_SYNONYMS[name])
    elif label.lang == "zh":
        parts = label.text.split(", ")[:1]  # what follows is a single character, too common to be found in a text
    source = label.source if len(parts) == 1 and parts[0] == label.text else f"{label.source}; synonyms separated"
    for number, part in enumerate(parts):
        text = part.strip('" ') if len(parts) > 1 else part
        yield Label(label.lang, text, label.status, source, preferred=not number)


def _shorter(name: str, label: Label, kept: list[str]) -> Iterator[Label]:
    """The name without what stands in brackets behind it, and a bracketed acronym by itself."""
    found = QUALIFIER.fullmatch(label.text)
    if found is None or f"{name}/{label.lang}" in kept:
        return
    head, tail = found.groups()
    yield replace(label, text=head, source=f"{label.source}; qualifier removed")
    if ACRONYM.fullmatch(tail) and tail not in BODIES:
        yield replace(label, text=tail, source=f"{label.source}; acronym alone")


def _place(concepts: Mapping[str, Concept], rows: Iterable[Row], drafted: Row) -> None:
    """Hierarchy: GEMET's and ours, and the theme of a concept wherever that does not lead there."""
    themes = {row["id"]: _theme(row["theme"]) for row in rows}
    for row in rows:
        given = [] if row["id"] in drafted["not_broader"] else row.get("broader", [])
        concepts[row["id"]].broader = {*given, *drafted["broader"].get(row["id"], "").split()}
    for name, concept in concepts.items():
        if themes[name] not in {themes[above] for above in _above(name, concepts) if above in themes}:
            concept.broader.add(themes[name])


def _above(name: str, concepts: Mapping[str, Concept]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        parents = concepts[waiting.pop()].broader & concepts.keys()
        waiting.extend(parents - found)
        found |= parents
    return found


def _map(concepts: Mapping[str, Concept], drafted: Row) -> None:
    for relation in OURS:
        for name, target in drafted[relation]:
            scheme, _, notation = target.rpartition("/")
            concepts[name].matches.add((relation, iri(scheme or SCHEME, notation)))


def _from_unesco(row: Row, concept: Concept) -> Concept:
    """What the UNESCO Thesaurus adds: its labels, and that it means the same."""
    texts = {kind: {lang: {"text": text, "from": UNESCO} for lang, text in row.get(kind, {}).items()} for kind in KINDS}
    added = _addition({"id": row["id"], **texts}, concept)
    if "unesco" in row:
        added.matches.add(("exactMatch", row["unesco"]))
    return added


def _addition(row: Row, concept: Concept) -> Concept:
    """What a marked file says of a concept: preferred labels only where the scheme's own file has none."""
    named = {label.lang for label in concept.labels if label.preferred}
    labels = [
        Label(lang, given["text"], Status.PUBLISHED, given["from"], preferred=kind == "labels" and lang not in named)
        for kind in KINDS
        for lang, given in row.get(kind, {}).items()
    ]
    return Concept(SCHEME, row["id"], iri=concept.iri, declared=False, labels=_new(labels, concept))


def _new(labels: Iterable[Label], concept: Concept) -> list[Label]:
    """Labels that the scheme's own file does not state, whatever their capitals."""
    known = {(label.lang, label.text.casefold()) for label in concept.labels}
    return [label for label in labels if (label.lang, label.text.casefold()) not in known]
