"""Lists of the CBD thesaurus: subjects, types of organization, jurisdictions, types of focal point.

Official sample terms from a repository without a licence file go into a document of their own.
"""

from builder.graph import Concept, Document, Label, Licence, Status
from builder.sources import Row, Sources

RIGHTS = (
    """Terms: CBD thesaurus as published in scbd/bioland-head@35ac290 (MIT). Corrections and arrangement: Apache-2.0."""
)
UNLICENSED = """Official sample terms of the CBD thesaurus, and wording of CBD pages. Neither the repositories,
scbd/clearing-house-documentation and scbd/online-reporting-tool, nor the pages state a licence:
these lines are NOT under Apache-2.0, and may be left out."""
HIERARCHY = "The sections of the subjects are inferred from the order of the Secretariat's list, not stated by it."
SCHEME_OF_DOMAIN = {
    "CBD-SUBJECTS": "cbd-subjects",
    "Organization Types": "organization-types",
    "jurisdictions": "jurisdictions",
    "AFB155C4-93A6-402C-B812-CFC7488ED651": "audiences",
    "A762DF7E-B8D1-40D6-9DAC-D25E48C65528": "resource-types",
    "GBF-GOALS": "gbf-goals",
    "441381DA-856A-4E89-8568-9EBE7145FA50": "assistance-types",
    "579F448B-ECA8-4258-B130-3EAA68056D1F": "activity-types",
    "AICHI-TARGETS": "aichi-targets",
    "EF99BEFD-5070-41C4-91F0-C051B338EEA6": "progress-ratings",
    "GBF-DEGREE-OF-ALIGNMENT": "degrees-of-alignment",
}
WHOLE = {"activity-types", "audiences", "resource-types"}  # schemes of ours to which a sample adds a concept
WORDING = {"aichi-targets", "gbf-goals", "assistance-types"}  # here a sample is another wording, not a term's own name


def documents(sources: Sources) -> list[Document]:
    """The four schemes, and the marked document that adds official labels."""
    lists = {"organization-types": "Organization Types", "jurisdictions": "jurisdictions"}
    plain = [_document(sources, name, sources.terms[domain]) for name, domain in lists.items()]
    points = _document(sources, "focal-point-types", sources.read("focal-point-types.json")["terms"])
    return [_subjects(sources), *plain, points, _samples(sources)]


def _document(sources: Sources, name: str, rows: list[Row]) -> Document:
    return Document(name, RIGHTS, [_term(sources, name, row) for row in rows], sources.scheme(name))


def _term(sources: Sources, scheme: str, row: Row) -> Concept:
    concept = Concept(scheme, row["identifier"], labels=sources.bioland(row))
    concept.add_alternatives(sources.everyday_names(concept.notation))
    return concept


def _subjects(sources: Sources) -> Document:
    rows = sources.terms["CBD-SUBJECTS"]
    heads = {row["section"]: row["identifier"] for row in rows if row["top_concept"]}
    document = _document(sources, "cbd-subjects", rows)
    document.scheme = sources.scheme("cbd-subjects", note=HIERARCHY)
    for concept, row in zip(document.concepts, rows, strict=True):
        head = heads.get(row["section"])
        concept.broader = {head} - {concept.notation} if head else set()
    return document


def _samples(sources: Sources) -> Document:
    concepts = [_sample(sources, row) for row in sources.samples.values()]
    return Document("thesaurus-samples", UNLICENSED, concepts, licence=Licence.UNLICENSED)


def _sample(sources: Sources, row: Row) -> Concept:
    known = {term["identifier"]: term["labels"] for terms in sources.terms.values() for term in terms}
    published = known.get(row["identifier"], {})
    scheme = SCHEME_OF_DOMAIN[row["domain"]]
    preferred = scheme not in WORDING
    concept = Concept(scheme, row["identifier"], declared=scheme in WHOLE)
    if scheme == "gbf-goals":
        concept.iri = "http://metadata.cbd.int/kmgbf/goal_" + row["identifier"][-1]
    concept.labels = [
        Label(lang, text, Status.OFFICIAL if preferred else Status.PUBLISHED, row["source"], preferred)
        for lang, text in row["labels"].items()
        if published.get(lang) != text
    ]
    return concept
