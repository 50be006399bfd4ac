"""Groups of countries: situations, development, treaties, organizations; UN regional groups in a marked document.

Membership is dated: a group's countries change while its identifier stays.
"""

from dataclasses import replace

from builder.countries import M49
from builder.graph import Concept, Document, Label, Licence, Membership, Status, iri, labels_of, status_of
from builder.regions import COLLECTED, SAME_AREA, is_place, term_concepts
from builder.sources import OWN_ENGLISH, Row, Sources

RIGHTS = """Terms: CBD thesaurus as published in scbd/bioland-head@35ac290 (MIT).
Least developed, landlocked, small island developing, development status: datasets/country-codes@caa72d1 (PDDL), of
UNSD M49. Drafted memberships and arrangement: Apache-2.0."""
ODBL = """Contains information from npm world-countries 5.1.0, made available under the Open Database License 1.0
(ODbL-1.0, https://opendatacommons.org/licenses/odbl/1-0/).
This file is a derivative database under the same licence, NOT under Apache-2.0."""
WORLD_COUNTRIES = "npm world-countries 5.1.0 (ODbL-1.0)"
PARTIES = (
    "the Secretariat's list of countries (scbd/bioland-head server/utils/thesaurus/source-map.js, MIT) less US and VA"
)
LEGACY = f"{M49}: last published division into developed and developing; EU by analogy"
NOTES = {"ldc": "Members as in the M49 snapshot; Sao Tome and Principe graduated on 13 December 2024 (unverified)."}
STATED = {"developed": "Developed countries", "developing": "Developing countries"}
ROOTS = {
    "CBD - Biosafety Protocol Parties": ("AB9EBE76-796B-45B3-879B-3BA009E983CC",),
    "CBD - Parties": ("AB9EBE76-796B-45B3-879B-3BA009E983CC",),
    "CBD - Parties to the Nagoya Protocol on Access and Benefit-Sharing": ("AB9EBE76-796B-45B3-879B-3BA009E983CC",),
    "CBD - Signatories to the Supplementary Protocol on Liability and Redress": (
        "AB9EBE76-796B-45B3-879B-3BA009E983CC",
    ),
}


def documents(sources: Sources) -> list[Document]:
    """The scheme `groups`, and the marked document with the regional groups of the United Nations."""
    terms = [t for t in sources.terms["regions"] if not is_place(t) and t["labels"]["en"] not in SAME_AREA]
    concepts = {concept.notation: concept for concept in term_concepts(sources, "groups", terms, ROOTS)}
    for row in sources.read("country-groups.json"):
        notation = row["cbd_identifier"] or f"CHM-GROUP-{row['code'].upper()}"
        _complete(concepts.setdefault(notation, Concept("groups", notation)), row)
    regional = [part for row in sources.read("odbl/un-regional-groups.json") for part in _regional(row)]
    return [
        Document("groups", RIGHTS, list(concepts.values()), sources.scheme("groups")),
        Document("groups-un", ODBL, regional, licence=Licence.ODBL),
    ]


def _complete(concept: Concept, row: Row) -> None:
    """Add members and, where the row has them, better names than the thesaurus export."""
    if "labels" in row:
        thesaurus = [replace(label, preferred=False) for label in concept.labels]
        concept.labels = _names(row, M49)
        concept.add_alternatives(thesaurus)
    concept.notes = [NOTES[row["code"]]] if row["code"] in NOTES else []
    status = Status.PUBLISHED if row["type"] == "convention" else Status.OFFICIAL
    source = {"convention": PARTIES, "special_situation": M49}.get(row["type"], LEGACY)
    concept.members = Membership(tuple(row["members"]), status, source, COLLECTED)


def _names(row: Row, source: str) -> list[Label]:
    """English as the source has it (or completed by us), the others as graded."""
    others = {lang: text for lang, text in row["labels"].items() if lang != "en"}
    graded = labels_of(others, status_of(row["labels_provenance"]), row["labels_provenance"])
    if row["code"] in STATED:
        return [Label("en", STATED[row["code"]], Status.DRAFTED, OWN_ENGLISH), *graded]
    return [Label("en", row["labels"]["en"], Status.PUBLISHED, source), *graded]


def _regional(row: Row) -> list[Concept]:
    """The group of the United Nations, and the same countries for the CBD region of that name."""
    members = Membership(tuple(row["members"]), Status.PUBLISHED, WORLD_COUNTRIES, COLLECTED)
    group = Concept("groups", f"CHM-GROUP-UN-{row['code'].upper().replace('_', '-')}", members=members)
    group.labels = _names(row, WORLD_COUNTRIES)
    group.matches = {("closeMatch", iri("regions", row["cbd_identifier"]))}
    return [group, Concept("regions", row["cbd_identifier"], declared=False, members=members)]
