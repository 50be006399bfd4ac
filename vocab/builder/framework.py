"""Goals and targets of the Kunming-Montreal Global Biodiversity Framework."""

from collections.abc import Mapping

from builder.graph import Concept, Document, Label, Status, iri, labels_of, status_of
from builder.sources import Row, Sources

ONTOLOGY = "CBD Secretariat KMGBF Ontology 1.0.1 (CC BY 4.0 IGO), fvogel/KMGBF-Ontology@b47f211"
RIGHTS = f"""Identifiers and English: scbd/www.cbd.int (MIT). French and Spanish: {ONTOLOGY}.
Other labels: scbd/bioland-head (MIT). Arrangement: Apache-2.0."""


def documents(sources: Sources) -> list[Document]:
    """`gbf-goals` and `gbf-targets`; concept IRIs are those of the Secretariat's ontology."""
    links: Mapping[str, Row] = sources.read("gbf-sdg-links.json")["by_gbf"]
    texts: Mapping[str, Row] = {row["identifier"]: row for row in sources.read("gbf-texts.json")}
    rows: list[Row] = [{**row, **texts[row["identifier"]]} for row in sources.read("gbf.json")]
    return [
        Document(
            f"gbf-{kind}s",
            RIGHTS,
            [
                _concept(f"gbf-{kind}s", {**row, **texts[row["identifier"]]}, links)
                for row in rows
                if row["type"] == kind
            ],
            sources.scheme(f"gbf-{kind}s"),
        )
        for kind in ("goal", "target")
    ]


def _concept(scheme: str, row: Row, links: Mapping[str, Row]) -> Concept:
    notation = row["identifier"]
    concept = Concept(scheme, notation, iri=row["uri"], labels=_preferred(row))
    concept.add_alternatives(_stated(row, "title", {"en"}, preferred=False))
    concept.add_alternatives(_stated(row, "short_title", {"en"}, preferred=False))
    concept.add_alternatives(labels_of(row["pref_label"], Status.OFFICIAL, ONTOLOGY, preferred=False))
    concept.definitions = _stated(row, "text", set(row["text"]))
    concept.matches.add(("exactMatch", iri(scheme, notation)))
    goals = links.get(notation, {}).get("sdg_goals", ())
    concept.matches.update(("relatedMatch", f"http://metadata.un.org/sdg/{int(goal[-2:])}") for goal in goals)
    return concept


def _preferred(row: Row) -> list[Label]:
    """The short title where it exists in more than English (targets), else the title."""
    short = set(row["short_title"]) if len(row["short_title"]) > 1 else set()
    return _stated(row, "short_title", short) + _stated(row, "title", set(row["title"]) - short)


def _stated(row: Row, member: str, languages: set[str], *, preferred: bool = True) -> list[Label]:
    texts, origins = row[member], row[f"{member}_provenance"]
    chosen = sorted(languages & set(texts))
    return [Label(lang, texts[lang], status_of(origins[lang]), origins[lang], preferred) for lang in chosen]
