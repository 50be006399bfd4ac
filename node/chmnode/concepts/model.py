"""A concept, its labels and its scheme, as the compiled form holds them; plain values, decoded in one step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """How far a label or a list of members may be trusted (vocab/README.md)."""

    OFFICIAL = "official"
    PUBLISHED = "published"
    DRAFTED = "drafted"
    UNVERIFIED = "unverified"
    MACHINE_TRANSLATED = "machineTranslated"


@dataclass(frozen=True, slots=True)
class Label:
    """A text, the language it is really in, and its status."""

    text: str
    status: Status
    lang: str

    @property
    def machine(self) -> bool:
        """Whether a page has to say that no person has checked this text."""
        return self.status in {Status.MACHINE_TRANSLATED, Status.UNVERIFIED}


@dataclass(frozen=True, slots=True)
class Texts:
    """What is said of one concept at length: definitions by language, and notes in English."""

    concept: str = ""
    definitions: Mapping[str, Label] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept; `broader`, `narrower` and `members` are notations, `members` those of countries.

    `identifiers` are codes of the same thing elsewhere (ISO alpha-3, a thesaurus GUID), never written into a record.
    `members_status` is absent where nobody has told us the members, which is not the same as having none.
    """

    iri: str
    scheme: str
    notation: str
    labels: Mapping[str, Label] = field(default_factory=dict)
    alternatives: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
    narrower: tuple[str, ...] = ()
    matches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    members_status: Status | None = None

    @property
    def key(self) -> str:
        """The scheme and the notation, as an index writes them: `gbf-targets:GBF-TARGET-06`."""
        return f"{self.scheme}:{self.notation}"

    def with_facts_of(self, other: Self) -> "Concept":
        """This concept with what another file says of it; the other's preferred labels and members win."""
        languages = {**self.alternatives, **other.alternatives}
        relations = {**self.matches, **other.matches}
        return Concept(
            iri=self.iri,
            scheme=self.scheme,
            notation=self.notation,
            labels={**self.labels, **other.labels},
            alternatives={
                lang: (*self.alternatives.get(lang, ()), *other.alternatives.get(lang, ())) for lang in languages
            },
            identifiers=_merged(self.identifiers, other.identifiers),
            broader=_merged(self.broader, other.broader),
            narrower=_merged(self.narrower, other.narrower),
            matches={name: _merged(self.matches.get(name, ()), other.matches.get(name, ())) for name in relations},
            members=other.members or self.members,
            members_status=other.members_status or self.members_status,
        )


def _merged(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*ours, *theirs}))


@dataclass(frozen=True, slots=True)
class Rights:
    """Where facts of a scheme come from, and under which licence."""

    scheme: str
    text: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """A concept scheme; `provisional` where we drafted it for want of the Convention's own list."""

    name: str
    iri: str
    labels: Mapping[str, Label]
    provisional: bool
    note: str = ""
    concepts: Mapping[str, Concept] = field(default_factory=dict)

    @property
    def tops(self) -> tuple[Concept, ...]:
        """The concepts at the head of the hierarchy."""
        return tuple(concept for concept in self.concepts.values() if not concept.broader)
