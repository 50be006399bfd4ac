"""The catalogue of all concept schemes of a node, read once at start.

Marked files (`concepts.odbl.json`, `concepts.unlicensed.json`) add to the main one and may be absent: a distribution
that must not carry them loses some memberships and labels, and nothing else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Self

import msgspec

from chmnode.concepts.model import Concept, Label, Scheme, Status

COMPILED = "concepts.json"
MARKED = "concepts.*.json"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
COUNTRY_SETS = ("regions", "groups")


@dataclass(frozen=True, slots=True)
class _File:
    schemes: tuple[Scheme, ...]
    concepts: tuple[Concept, ...]


class Concepts:
    """All schemes: exact look-ups for validation, lenient ones for import, labels for pages."""

    __slots__ = ("_by_iri", "_index", "_lenient", "_schemes")

    def __init__(self, schemes: Iterable[Scheme]) -> None:
        self._schemes = {scheme.name: scheme for scheme in schemes}
        self._by_iri = {c.iri: c for scheme in self._schemes.values() for c in scheme.concepts.values()}
        self._index = {name: {_key(n): c for n, c in s.concepts.items()} for name, s in self._schemes.items()}
        self._lenient: dict[str, Mapping[str, Concept]] = {}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the compiled form below the `vocab` folder, with the marked files that are there."""
        compiled = folder / "compiled"
        decoder = msgspec.json.Decoder(_File)
        files = [decoder.decode(path.read_bytes()) for path in (compiled / COMPILED, *sorted(compiled.glob(MARKED)))]
        concepts: dict[tuple[str, str], Concept] = {}
        for concept in (each for file in files for each in file.concepts):
            key = concept.scheme, concept.notation
            concepts[key] = concepts[key].with_facts_of(concept) if key in concepts else concept
        return cls(_filled(scheme, concepts.values()) for file in files for scheme in file.schemes)

    @property
    def schemes(self) -> Sequence[Scheme]:
        """Every scheme, by name."""
        return [self._schemes[name] for name in sorted(self._schemes)]

    def scheme(self, name: str) -> Scheme | None:
        """One scheme."""
        return self._schemes.get(name)

    def get(self, scheme: str, notation: str) -> Concept | None:
        """The concept with exactly this notation; GUIDs in any case. What validation asks."""
        return self._index.get(scheme, {}).get(_key(notation))

    def by_iri(self, iri: str) -> Concept | None:
        """The concept with this IRI."""
        return self._by_iri.get(iri)

    def resolve(self, scheme: str, code: str) -> Concept | None:
        """The concept meant by a code in any case or a foreign identifier: `ken`, `KEN`, `404`. What imports ask."""
        if scheme not in self._lenient and scheme in self._schemes:
            self._lenient[scheme] = _lenient_index(self._schemes[scheme].concepts.values())
        return self._lenient.get(scheme, {}).get(code.strip().casefold())

    def label(self, concept: Concept, lang: str) -> Label:
        """The label for a reader of this language: theirs, else English, else an official one, else any.

        Its `lang` and `status` say what it really is, so that a page can mark it.
        """
        for choice in (lang, lang.partition("-")[0], "en"):
            if choice in concept.labels:
                return concept.labels[choice]
        rest = sorted(concept.labels.values(), key=lambda label: (label.status is not Status.OFFICIAL, label.machine))
        return rest[0] if rest else Label(concept.notation, Status.UNVERIFIED, "und")

    def closest(self, scheme: str, code: str, limit: int = 3) -> tuple[str, ...]:
        """Notations a mistyped code or an English name may have meant, best first."""
        known = self._schemes.get(scheme)
        if known is None:
            return ()
        words = {word: concept.notation for concept in known.concepts.values() for word in _words(concept)}
        found = get_close_matches(code.strip().casefold(), words, n=limit * 2, cutoff=0.6)
        return tuple(dict.fromkeys(words[word] for word in found))[:limit]

    def narrower_closure(self, concept: Concept) -> tuple[Concept, ...]:
        """The concept and everything below it, level by level."""
        found = {concept.notation: concept}
        level = [concept]
        while level:
            below = (self.get(concept.scheme, n) for each in level for n in each.narrower if n not in found)
            level = list({child.notation: child for child in below if child is not None}.values())
            found.update((child.notation, child) for child in level)
        return tuple(found.values())

    def countries_in(self, notation: str) -> frozenset[str]:
        """Countries of a region or group and of all that is below it; empty also where members are not known."""
        found = (self.get(scheme, notation) for scheme in COUNTRY_SETS)
        concept = next((each for each in found if each is not None), None)
        if concept is None:
            return frozenset()
        return frozenset(code for each in self.narrower_closure(concept) for code in each.members)

    def sets_of(self, country: str) -> tuple[Concept, ...]:
        """Regions and groups that name this country as a member."""
        held = (self._schemes[name].concepts.values() for name in COUNTRY_SETS if name in self._schemes)
        return tuple(concept for concepts in held for concept in concepts if country in concept.members)


def _key(notation: str) -> str:
    return notation.lower() if GUID.fullmatch(notation) else notation


def _filled(scheme: Scheme, concepts: Iterable[Concept]) -> Scheme:
    return replace(scheme, concepts={c.notation: c for c in concepts if c.scheme == scheme.name})


def _lenient_index(concepts: Iterable[Concept]) -> dict[str, Concept]:
    pairs = [(code.casefold(), concept) for concept in concepts for code in concept.identifiers]
    return dict(pairs) | {concept.notation.casefold(): concept for concept in concepts}


def _words(concept: Concept) -> list[str]:
    labels = [concept.labels[lang] for lang in ("en",) if lang in concept.labels]
    alternatives = concept.alternatives.get("en", ())
    return [concept.notation.casefold(), *(label.text.casefold() for label in (*labels, *alternatives))]
