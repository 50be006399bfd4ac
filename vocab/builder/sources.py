"""Reads the source files. Their shape is checked by use: a missing member ends the build."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from builder.graph import Label, Scheme, Status

Row = dict[str, Any]

OWN_ENGLISH = "drafted for this project"
OWN_TRANSLATION = "machine-translated for this project, not reviewed"
GARBLED = {("EC872EB8-02B0-46E7-AAB0-C79AC629356A", "ar")}  # letters lost when the source page was made
BIOLAND = "scbd/bioland-head@35ac290 i18n/locales"


@dataclass(frozen=True)
class Sources:
    """The folder of source files; each is read once."""

    folder: Path

    def read(self, name: str) -> Any:
        """The content of one JSON file."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @cached_property
    def terms(self) -> dict[str, list[Row]]:
        """Terms of the CBD thesaurus by domain."""
        rows: list[Row] = self.read("cbd-terms.json")
        return {domain: [row for row in rows if row["domain"] == domain] for domain in {r["domain"] for r in rows}}

    @cached_property
    def additions(self) -> Row:
        """Our own additions to published terms: names, corrections, memberships."""
        found: Row = self.read("drafted/additions.json")
        return found

    @cached_property
    def samples(self) -> dict[str, Row]:
        """Official sample terms from a repository without a licence file, by identifier."""
        rows: list[Row] = self.read("unlicensed/thesaurus-samples.json")
        for row in rows:
            row["labels"] = {k: v for k, v in row["labels"].items() if (row["identifier"], k) not in GARBLED}
        return {row["identifier"]: row for row in rows}

    def scheme(self, name: str, *, provisional: bool = False, note: str = "") -> Scheme:
        """A scheme with its title in six languages."""
        titles = self.read("drafted/schemes.json")
        return Scheme(name, tuple(own_labels(titles["languages"], titles["titles"][name])), provisional, note)

    def bioland(self, row: Row) -> list[Label]:
        """Labels as the Secretariat's Bioland publishes them: English the thesaurus name, the rest machine-translated.

        An official text of another source wins: where it says the same, the label becomes official; where it differs,
        the published one becomes an alternative (the marked file then holds the preferred one).
        """
        official: Mapping[str, str] = self.samples.get(row["identifier"], {}).get("labels", {})
        fixed: Mapping[str, str] = self.additions["corrections"].get(row["identifier"], {})
        texts: Mapping[str, str] = row.get("labels") or row["title"]
        return [_bioland_label(lang, text, fixed, official) for lang, text in texts.items()]

    def everyday_names(self, notation: str) -> list[Label]:
        """Names people use, added by us."""
        added: Mapping[str, Sequence[str]] = self.additions["alt"].get(notation, {})
        return [
            replace(label, preferred=False)
            for lang, texts in added.items()
            for label in own_labels([lang] * len(texts), texts)
        ]


def _bioland_label(lang: str, text: str, fixed: Mapping[str, str], official: Mapping[str, str]) -> Label:
    if lang in fixed:
        return Label(lang, fixed[lang], Status.MACHINE_TRANSLATED, OWN_TRANSLATION)
    if lang == "en":
        return Label(lang, text, Status.OFFICIAL, f"CBD thesaurus name, {BIOLAND}")
    if official.get(lang) == text:
        return Label(lang, text, Status.OFFICIAL, f"{BIOLAND}, equal to the term of the CBD thesaurus")
    return Label(lang, text, Status.MACHINE_TRANSLATED, BIOLAND, preferred=lang not in official)


def own_labels(languages: Iterable[str], texts: Iterable[str]) -> list[Label]:
    """Labels written by us: English drafted, the others machine-translated."""
    pairs = zip(languages, texts, strict=True)
    return [
        Label(lang, text, Status.DRAFTED, OWN_ENGLISH)
        if lang == "en"
        else Label(lang, text, Status.MACHINE_TRANSLATED, OWN_TRANSLATION)
        for lang, text in pairs
    ]
