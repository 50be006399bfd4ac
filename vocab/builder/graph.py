"""What a vocabulary is made of: labels with status and source, concepts, schemes, and the files that hold them.

A concept may be described by more than one file: the file of its scheme declares it, and a marked file (share-alike, or
from a source without a licence) may add to it, so that marked data can be left out without touching the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote

LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
VOCABULARIES = "https://w3id.org/chm/vocab/"


class Status(StrEnum):
    """How far a label may be trusted, best first; explained in vocab/README.md."""

    OFFICIAL = "official"
    PUBLISHED = "published"
    DRAFTED = "drafted"
    UNVERIFIED = "unverified"
    MACHINE_TRANSLATED = "machineTranslated"


class Licence(StrEnum):
    """Whether data may travel with the Apache-2.0 package; the value is the suffix of the file."""

    OPEN = ""
    SHARE_ALIKE = "cc-by-sa"
    ODBL = "odbl"
    UNLICENSED = "unlicensed"


def iri(scheme: str, notation: str | None = None) -> str:
    """Our own IRI of a scheme or of a concept in it."""
    return VOCABULARIES + scheme + ("" if notation is None else "/" + quote(notation, safe=""))


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """One text in one language, and where it comes from."""

    lang: str
    text: str
    status: Status
    source: str
    preferred: bool = True


@dataclass(frozen=True, slots=True)
class Membership:
    """The countries of a region or group, and how far the list may be trusted."""

    countries: tuple[str, ...]
    status: Status
    source: str
    as_of: str = ""


@dataclass(slots=True)
class Concept:
    """What one file says of one concept; `declared` in exactly one file."""

    scheme: str
    notation: str
    iri: str = ""
    declared: bool = True
    labels: list[Label] = field(default_factory=list)
    broader: set[str] = field(default_factory=set)
    identifiers: set[str] = field(default_factory=set)
    matches: set[tuple[str, str]] = field(default_factory=set)
    members: Membership | None = None
    notes: list[str] = field(default_factory=list)
    definitions: list[Label] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.iri = self.iri or iri(self.scheme, self.notation)

    def add_alternatives(self, labels: Iterable[Label]) -> None:
        """Add alternative labels, leaving out those that repeat what the concept already says."""
        for label in labels:
            if (label.lang, label.text) not in {(known.lang, known.text) for known in self.labels}:
                self.labels.append(label)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A concept scheme; `provisional` where the Convention's own list is not public."""

    name: str
    title: tuple[Label, ...]
    provisional: bool
    note: str = ""


@dataclass(slots=True)
class Document:
    """One Turtle file: its scheme, unless it only adds to others, and its concepts."""

    stem: str
    rights: str
    concepts: list[Concept]
    scheme: Scheme | None = None
    licence: Licence = Licence.OPEN

    @property
    def name(self) -> str:
        """The file name; the suffix before `.ttl` marks what is not plainly open."""
        return f"{self.stem}.{self.licence}.ttl" if self.licence else f"{self.stem}.ttl"


def status_of(provenance: str) -> Status:
    """The status that a provenance text of the source files stands for."""
    if "unverified" in provenance:
        return Status.UNVERIFIED
    if provenance.startswith("machine-translated"):
        return Status.MACHINE_TRANSLATED
    return Status.OFFICIAL if provenance.startswith("official") else Status.PUBLISHED


def labels_of(texts: Mapping[str, str], status: Status, source: str, *, preferred: bool = True) -> list[Label]:
    """Labels of one status and source."""
    return [Label(lang, text, status, source, preferred) for lang, text in texts.items()]
