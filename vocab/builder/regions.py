"""Regions: M49 areas, and the places of the CBD thesaurus that M49 does not have.

A thesaurus term that means an M49 area (`Africa - Western Africa`) becomes another identifier of that area, so that
one place has one code. Matched by name; the thesaurus does not publish its member lists.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from builder.countries import CLDR, M49
from builder.graph import Concept, Document, Label, Membership, Status, labels_of
from builder.sources import OWN_ENGLISH, Row, Sources

COLLECTED = "2026-11-20"
RIGHTS = """M49 areas: datasets/country-codes@caa72d1 (PDDL), of UNSD M49.
Other names: Unicode CLDR (Unicode License v3) as in babel 2.18.0.
Places of the CBD thesaurus: scbd/bioland-head@35ac290 (MIT). Drafted memberships and arrangement: Apache-2.0."""
NOTE = "The hierarchy of the places of the CBD thesaurus is inferred from their names."
SAME_AREA = {
    "Global": "001",
    "Africa - All countries": "002",
    "Africa - regions": "002",
    "Africa - Eastern Africa": "014",
    "Africa - Middle Africa": "017",
    "Africa - Northern Africa": "015",
    "Africa - Southern Africa": "018",
    "Africa - Western Africa": "011",
    "Americas - All countries": "019",
    "Americas - regions": "019",
    "Americas - Caribbean": "029",
    "Americas - Central America": "013",
    "Americas - Northern America": "021",
    "Americas - South America": "005",
    "Asia - All countries": "142",
    "Asia - regions": "142",
    "Asia - Central Asia": "143",
    "Asia - Eastern Asia": "030",
    "Asia - South-Eastern Asia": "035",
    "Asia - Southern Asia": "034",
    "Asia - Western Asia": "145",
    "Europe - All countries": "150",
    "Europe - regions": "150",
    "Europe - Eastern Europe": "151",
    "Europe - Northern Europe": "154",
    "Europe - Southern Europe": "039",
    "Europe - Western Europe": "155",
    "Oceania - All countries": "009",
    "Oceania - regions": "009",
    "Oceania - Australia and New Zealand": "053",
    "Oceania - Melanesia": "054",
    "Oceania - Micronesia": "057",
    "Oceania - Polynesia": "061",
}
PLACES = re.compile(
    r"CBD Regional Groups - |Ecosystems$|Inland water ecosystems|Large marine ecosystems|Mountains"
    r"|Asia-Pacific - Pacific"
)
PARENTS = {
    "CBD Regional Groups - Asia sub-region": ("5E5B7AA4-2420-4147-825B-0820F7EC5A4B",),
    "CBD Regional Groups - Pacific sub-region": ("5E5B7AA4-2420-4147-825B-0820F7EC5A4B", "009"),
    "CBD Regional Groups - Caribbean sub-region": ("3D0CCC9A-A0A1-4399-8FA2-41D4D649DB0E",),
    "CBD Regional Groups - Latin America sub-region": ("3D0CCC9A-A0A1-4399-8FA2-41D4D649DB0E",),
    "Asia-Pacific - Pacific Small Islands countries": ("9DB40F52-ADCC-490C-9945-235CBD45CFAC",),
    "Inland water ecosystems": ("1C1B2D57-0F0F-423D-99C8-A048051B508C",),
    "Large marine ecosystems": ("1C1B2D57-0F0F-423D-99C8-A048051B508C",),
    "Mountains": ("1C1B2D57-0F0F-423D-99C8-A048051B508C",),
}
NORTH_AMERICA = {"013", "021", "029"}  # M49: 003 comprises these; the source lists no members for it
SEPARATOR = re.compile(r"( - | — | \u2013 | -- |: |——|(?<=[\u4e00-\u9fff])-)")
KEPT_WHOLE = re.compile(
    r"CBD - |.* - groups$|CBD Regional Groups - (Africa|Latin America and the Caribbean)$"
)  # else unclear


def is_place(term: Row) -> bool:
    """Whether a term of the thesaurus's regions is a place; the others are groups of countries."""
    return bool(PLACES.match(term["labels"]["en"]))


def documents(sources: Sources) -> list[Document]:
    """The scheme `regions`."""
    terms = sources.terms["regions"]
    places = term_concepts(sources, "regions", [term for term in terms if is_place(term)], PARENTS)
    areas = [_area(sources, row, terms) for row in sources.read("m49-regions.json")]
    return [Document("regions", RIGHTS, areas + places, sources.scheme("regions", note=NOTE))]


def _area(sources: Sources, row: Row, terms: Iterable[Row]) -> Concept:
    cldr_only = "names_source" in row
    labels = labels_of(row["names"], *((Status.PUBLISHED, CLDR) if cldr_only else (Status.OFFICIAL, M49)))
    concept = Concept("regions", row["code"], labels=labels)
    concept.add_alternatives(labels_of(row["cldr_names"], Status.PUBLISHED, CLDR, preferred=False))
    concept.add_alternatives(sources.everyday_names(row["code"]))
    concept.broader = ({row["parent"]} if row["parent"] else set()) | (
        {"003"} if row["code"] in NORTH_AMERICA else set()
    )
    concept.identifiers = {t["identifier"] for t in terms if SAME_AREA.get(t["labels"]["en"]) == row["code"]}
    if row["members"]:
        concept.members = Membership(tuple(row["members"]), Status.OFFICIAL, M49, COLLECTED)
    return concept


def term_concepts(
    sources: Sources, scheme: str, terms: Sequence[Row], parents: Mapping[str, tuple[str, ...]]
) -> list[Concept]:
    """Concepts of thesaurus terms, without the name of the section where it can be told apart safely."""
    sections = _sections(term["labels"] for term in sources.terms["regions"])
    by_name = {term["labels"]["en"]: term["identifier"] for term in terms}
    return [_term_concept(sources, scheme, term, sections, by_name, parents) for term in terms]


def _term_concept(
    sources: Sources,
    scheme: str,
    term: Row,
    sections: set[tuple[str, str]],
    by_name: Mapping[str, str],
    parents: Mapping[str, tuple[str, ...]],
) -> Concept:
    name = term["labels"]["en"]
    full = sources.bioland(term)
    short = full if KEPT_WHOLE.match(name) else [_without_section(label, sections) for label in full]
    concept = Concept(scheme, term["identifier"], labels=short)
    concept.add_alternatives(replace(label, preferred=False) for label in full if label.lang == "en")
    concept.add_alternatives(sources.everyday_names(concept.notation))
    section = name.split(" - ")[0]
    parent = by_name.get(section) or by_name.get(f"{section} - groups")
    concept.broader = set(parents.get(name, (parent,) if parent else ())) - {concept.notation}
    drafted = sources.additions["members"].get(concept.notation)
    if drafted:
        source = f"{OWN_ENGLISH}: {drafted['basis']}"
        concept.members = Membership(tuple(drafted["members"]), Status.DRAFTED, source, COLLECTED)
    return concept


def _sections(labels: Iterable[Mapping[str, str]]) -> set[tuple[str, str]]:
    """Section names by language: what stands before a separator at least twice."""
    heads = Counter((lang, SEPARATOR.split(text, maxsplit=1)[0]) for each in labels for lang, text in each.items())
    return {head for head, count in heads.items() if count > 1}


def _without_section(label: Label, sections: set[tuple[str, str]]) -> Label:
    head, *rest = SEPARATOR.split(label.text, maxsplit=1)
    if not rest or (label.lang, head) not in sections:
        return label
    return replace(label, text=rest[1][0].upper() + rest[1][1:], source=f"{label.source}; name of the section removed")
