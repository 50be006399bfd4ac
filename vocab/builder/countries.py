"""Countries: ISO 3166-1 alpha-2 and `EU`, with the short names of the United Nations where there are any."""

import re

from builder.graph import Concept, Document, Label, Status, labels_of
from builder.sources import Row, Sources

PACKAGE = "datasets/country-codes@caa72d1 (PDDL)"
UNTERM = f"UNTERM short name via {PACKAGE}"
M49 = f"UNSD M49 via {PACKAGE}"
CLDR = "Unicode CLDR via PyPI babel 2.18.0"
RIGHTS = f"""Codes and names: {PACKAGE}, of UNSD M49 and UNTERM.
Other names: Unicode CLDR (Unicode License v3) as in babel 2.18.0. Arrangement: Apache-2.0."""
NOTE = "Designations imply no opinion on the legal status of any country, territory, city or area."
#: Names that are not the United Nations' own though the extracts say so: "Ivory Coast".
OUTDATED = frozenset({("CI", "en")})
AFTERTHOUGHTS = re.compile(r"( \((the|el|la|los|las|le|les|l')\))?( \*+)?$")  # "Gambia (the) **": filing form


def documents(sources: Sources) -> list[Document]:
    """The scheme `countries`."""
    rows: list[Row] = sources.read("countries.json")
    return [Document("countries", RIGHTS, [_concept(row) for row in rows], sources.scheme("countries", note=NOTE))]


def _concept(row: Row) -> Concept:
    concept = Concept("countries", row["alpha2"], labels=_preferred(row))
    concept.identifiers = {code for code in (row["alpha3"], row["numeric"]) if code}
    concept.notes = [row["note"]] if "note" in row else []
    for name, status, source in (("names", Status.OFFICIAL, M49), ("cldr_names", Status.PUBLISHED, CLDR)):
        if name == "cldr_names" or row["names_source"] == "UNSD M49":
            labels = labels_of(row[name], status, source, preferred=False)
            concept.add_alternatives([label for label in labels if (row["alpha2"], label.lang) not in OUTDATED])
    return concept


def _preferred(row: Row) -> list[Label]:
    """The United Nations' short name, else that of the statistics division, else CLDR's."""
    if row["unterm_short"]:
        labels = [_without_article(lang, text) for lang, text in row["unterm_short"].items()]
    elif row["names_source"] == "UNSD M49":
        labels = labels_of(row["names"], Status.OFFICIAL, M49)
    else:
        labels = labels_of(row["cldr_names"], Status.PUBLISHED, CLDR)
    return [_corrected(row, label) for label in labels]


def _corrected(row: Row, label: Label) -> Label:
    """CLDR's name where the extracts have one that the United Nations does not use."""
    if (row["alpha2"], label.lang) not in OUTDATED:
        return label
    return Label(label.lang, row["cldr_names"][label.lang], Status.PUBLISHED, CLDR)


def _without_article(lang: str, text: str) -> Label:
    short = AFTERTHOUGHTS.sub("", text)
    return Label(lang, short, Status.OFFICIAL, UNTERM if short == text else f"{UNTERM}; filing article removed")
