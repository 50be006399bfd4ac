"""Goals of others that the framework builds on: the Aichi targets before it, and the Sustainable Development Goals."""

from collections.abc import Iterable

from builder.graph import LANGUAGES, Concept, Document, Label, Status
from builder.sources import OWN_ENGLISH, OWN_TRANSLATION, Row, Sources

AICHI = """Names: CBD thesaurus as published in scbd/bioland-head@35ac290 (MIT); English texts: scbd/www.cbd.int (MIT).
Numbering in the names, and arrangement: Apache-2.0."""
PAGES = "scbd/www.cbd.int@9e0f78f app/data/reports/aichiTargets.json"
SDG = """Names and texts: United Nations, as in open-sdg/sdg-translations@0cda585 (MIT), mistakes corrected.
Further names and arrangement: Apache-2.0."""
NUMBERED = {
    "ar": "هدف أيشي {number}",
    "en": "Aichi Target {number}",
    "es": "Meta {number} de Aichi",
    "fr": "Objectif {number} d'Aichi",
    "ru": "Айтинская целевая задача {number}",
    "zh": "爱知目标{number}",
}
COLONS = {"fr": " : ", "zh": "："}
SHORT = {
    "ar": "الهدف {number} من أهداف التنمية المستدامة",
    "en": "SDG {number}",
    "es": "ODS {number}",
    "fr": "ODD {number}",
    "ru": "ЦУР {number}",
    "zh": "可持续发展目标{number}",
}


def documents(sources: Sources) -> list[Document]:
    """`aichi-targets` and `sdg`; the goals have the IRIs of the United Nations."""
    aichi = [_aichi(sources, row) for row in sources.read("aichi-targets.json")]
    goals = [_goal(row) for row in sources.read("sdg.json")]
    return [
        Document("aichi-targets", AICHI, aichi, sources.scheme("aichi-targets")),
        Document("sdg", SDG, goals, sources.scheme("sdg")),
    ]


def _aichi(sources: Sources, row: Row) -> Concept:
    """A target: its number stands in its name, which otherwise would be that of its subject ("Pollution")."""
    number = int(row["identifier"][-2:])
    concept = Concept("aichi-targets", row["identifier"])
    concept.labels = [
        Label(
            label.lang,
            NUMBERED[label.lang].format(number=number) + COLONS.get(label.lang, ": ") + label.text,
            label.status,
            f"{label.source}; number added",
        )
        for label in sources.bioland({"identifier": "", "labels": row["labels"]})
    ]
    concept.add_alternatives(_numbers(NUMBERED, number))
    concept.add_alternatives([Label("en", row["alt_title_en"], Status.OFFICIAL, PAGES, preferred=False)])
    concept.definitions = [Label("en", row["text_en"], Status.OFFICIAL, PAGES)]
    return concept


def _goal(row: Row) -> Concept:
    number = int(row["identifier"][-2:])
    origins = row["short_title_provenance"]
    concept = Concept("sdg", row["identifier"], iri=row["uri"])
    concept.identifiers = {f"SDG-GOAL-{number}"} - {row["identifier"]}  # the Secretariat writes both forms
    concept.labels = [Label(lang, text, Status.PUBLISHED, origins[lang]) for lang, text in row["short_title"].items()]
    concept.add_alternatives(_numbers(SHORT, number))
    source = row["title_provenance"]
    concept.definitions = [Label(lang, row["title"][lang], Status.PUBLISHED, source) for lang in LANGUAGES]
    return concept


def _numbers(patterns: dict[str, str], number: int) -> Iterable[Label]:
    for lang, pattern in patterns.items():
        status, source = (Status.DRAFTED, OWN_ENGLISH) if lang == "en" else (Status.MACHINE_TRANSLATED, OWN_TRANSLATION)
        yield Label(lang, pattern.format(number=number), status, source, preferred=False)
