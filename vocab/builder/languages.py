"""Languages by BCP 47 tag, with names from CLDR."""

from builder.graph import Concept, Document, Label, Status, labels_of
from builder.sources import Row, Sources

CLDR = "Unicode CLDR via PyPI babel 2.18.0"
RIGHTS = "Names: Unicode CLDR (Unicode License v3) as in babel 2.18.0 (BSD-3-Clause). Arrangement: Apache-2.0."


def documents(sources: Sources) -> list[Document]:
    """The scheme `languages`."""
    rows: list[Row] = sources.read("languages.json")
    return [Document("languages", RIGHTS, [_concept(row) for row in rows], sources.scheme("languages"))]


def _concept(row: Row) -> Concept:
    concept = Concept("languages", row["bcp47"], labels=labels_of(row["names"], Status.PUBLISHED, CLDR))
    concept.identifiers = {row["iso639_3"]} if "iso639_3" in row else set()
    if row["native_name"]:  # CLDR has none for a few
        concept.add_alternatives([Label(row["bcp47"], row["native_name"], Status.PUBLISHED, CLDR, preferred=False)])
    if len(row["code"]) == 2:
        concept.matches.add(("exactMatch", f"http://id.loc.gov/vocabulary/iso639-1/{row['code']}"))
    return concept
