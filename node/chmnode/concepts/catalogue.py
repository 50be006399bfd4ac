"""The catalogue of all concept schemes of a node, read once at start.

Marked files (`concepts.odbl.json`, `concepts.unlicensed.json`, ...) add to the main one and may be absent: a
distribution that must not carry them loses some memberships and labels, and nothing else. Definitions are read when the
first one is asked for: a node that only validates and searches never holds them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Self

import msgspec

from chmnode.concepts.model import Concept, Label, Rights, Scheme, Status, Texts
from chmnode.concepts.reach import walk

COMPILED = "concepts.json"
MARKED = "concepts.*.json"
DEFINITIONS = "definitions*.json"
NOTHING = Texts()
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
COUNTRY_SETS = ("regions", "groups")


@dataclass(frozen=True, slots=True)
class _File:
    schemes: tuple[Scheme, ...]
    concepts: tuple[Concept, ...]
    rights: tuple[Rights, ...] = ()


class Concepts:
    """All schemes: exact look-ups for validation, lenient ones for import, labels for pages."""

    __slots__ = ("_by_iri", "_compiled", "_index", "_lenient", "_reached", "_rights", "_same", "_schemes", "_texts")

    def __init__(self, schemes: Iterable[Scheme], rights: Iterable[Rights] = (), compiled: Path | None = None) -> None:
        """Hold the schemes; `compiled` is the folder that definitions are read from."""
        self._compiled = compiled
        self._rights = tuple(rights)
        self._texts: Mapping[str, Texts] | None = None
        self._same: dict[str, tuple[Concept, ...]] = {}
        self._reached: dict[str, tuple[Concept, ...]] = {}
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
        schemes = _filled([scheme for file in files for scheme in file.schemes], concepts.values())
        return cls(schemes, [each for file in files for each in file.rights], compiled)

    @property
    def schemes(self) -> Sequence[Scheme]:
        """Every scheme, by name."""
        return [self._schemes[name] for name in sorted(self._schemes)]

    def scheme(self, name: str) -> Scheme | None:
        """One scheme."""
        return self._schemes.get(name)

    def rights(self, scheme: str) -> tuple[str, ...]:
        """Where the facts of a scheme come from and under which licences; to be said wherever they are given away."""
        return tuple(each.text for each in self._rights if each.scheme == scheme)

    def get(self, scheme: str, notation: str) -> Concept | None:
        """The concept with exactly this notation; GUIDs in any case. What validation asks."""
        return self._index.get(scheme, {}).get(_key(notation))

    def by_iri(self, iri: str) -> Concept | None:
        """The concept with this IRI."""
        return self._by_iri.get(iri)

    def by_key(self, key: str) -> Concept | None:
        """The concept of a key as an index writes it: `gbf-targets:GBF-TARGET-06`."""
        scheme, _, notation = key.partition(":")
        return self.get(scheme, notation)

    def resolve(self, scheme: str, code: str) -> Concept | None:
        """The concept meant by a code in any case or a foreign identifier: `ken`, `KEN`, `404`. What imports ask."""
        if scheme not in self._lenient and scheme in self._schemes:
            self._lenient[scheme] = _lenient_index(self._schemes[scheme].concepts.values())
        return self._lenient.get(scheme, {}).get(code.strip().casefold())

    def label(self, concept: Concept, lang: str) -> Label:
        """The label for a reader of this language: theirs, else English, else an official one, else any.

        Where the preferred label of a language stands in a marked file that is not here, another of that language is
        taken. Its `lang` and `status` say what it really is, so that a page can mark it.
        """
        for choice in (lang, lang.partition("-")[0]):
            if choice in concept.labels:
                return concept.labels[choice]
            if concept.alternatives.get(choice):
                return concept.alternatives[choice][0]
        return _best(concept.labels, lang) or Label(concept.notation, Status.UNVERIFIED, "und")

    def definition(self, concept: Concept, lang: str) -> Label | None:
        """What a concept means, for a reader of this language; the choice is that of `label`."""
        return _best(self._said(concept).definitions, lang)

    def definitions(self, concept: Concept) -> Mapping[str, Label]:
        """What a concept means, by language."""
        return self._said(concept).definitions

    def notes(self, concept: Concept) -> tuple[str, ...]:
        """What else is to be known of a concept, in English."""
        return self._said(concept).notes

    def _said(self, concept: Concept) -> Texts:
        if self._texts is None:
            self._texts = _read_texts(self._compiled)
        return self._texts.get(concept.key, NOTHING)

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

    def same(self, concept: Concept) -> tuple[Concept, ...]:
        """Other concepts of ours that mean exactly the same, in any scheme; equals of equals too."""
        if concept.key not in self._same:
            self._same[concept.key] = walk(concept, lambda each: self._matched(each, "exactMatch"))[1:]
        return self._same[concept.key]

    def reach(self, concept: Concept) -> tuple[Concept, ...]:
        """What a search for a concept finds: itself, its equals, and everything narrower than any of these."""
        if concept.key not in self._reached:
            self._reached[concept.key] = walk(concept, self._below)
        return self._reached[concept.key]

    def _below(self, concept: Concept) -> Iterable[Concept]:
        children = (self.get(concept.scheme, notation) for notation in concept.narrower)
        yield from self._matched(concept, "exactMatch")
        yield from (child for child in children if child is not None)
        yield from self._matched(concept, "narrowMatch")

    def _matched(self, concept: Concept, relation: str) -> Iterable[Concept]:
        targets = (self._by_iri.get(iri) for iri in concept.matches.get(relation, ()))
        return (target for target in targets if target is not None)

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


def _filled(schemes: Iterable[Scheme], concepts: Iterable[Concept]) -> list[Scheme]:
    held: dict[str, dict[str, Concept]] = {}
    for concept in concepts:
        held.setdefault(concept.scheme, {})[concept.notation] = concept
    return [replace(scheme, concepts=held.get(scheme.name, {})) for scheme in schemes]


def _best(texts: Mapping[str, Label], lang: str) -> Label | None:
    """The text in this language, else English, else an official one, else any."""
    for choice in (lang, lang.partition("-")[0], "en"):
        if choice in texts:
            return texts[choice]
    rest = sorted(texts.values(), key=lambda label: (label.status is not Status.OFFICIAL, label.machine))
    return rest[0] if rest else None


def _read_texts(compiled: Path | None) -> dict[str, Texts]:
    """Definitions and notes by key; what a marked file adds to a concept is added to it."""
    found: dict[str, Texts] = {}
    decoder = msgspec.json.Decoder(tuple[Texts, ...])
    paths = sorted(compiled.glob(DEFINITIONS)) if compiled is not None else []
    for texts in (each for path in paths for each in decoder.decode(path.read_bytes())):
        known = found.get(texts.concept, NOTHING)
        found[texts.concept] = Texts(
            texts.concept, {**known.definitions, **texts.definitions}, (*known.notes, *texts.notes)
        )
    return found


def _lenient_index(concepts: Iterable[Concept]) -> dict[str, Concept]:
    pairs = [(code.casefold(), concept) for concept in concepts for code in concept.identifiers]
    return dict(pairs) | {concept.notation.casefold(): concept for concept in concepts}


def _words(concept: Concept) -> list[str]:
    labels = [concept.labels[lang] for lang in ("en",) if lang in concept.labels]
    alternatives = concept.alternatives.get("en", ())
    return [concept.notation.casefold(), *(label.text.casefold() for label in (*labels, *alternatives))]
