"""Labels of concepts as tokens, and where they stand in a text: one automaton for each language.

Owns which labels are read in texts, and which only in queries, where a person can choose what was meant. A text is
only tagged with what is plain: not with a label that several concepts of a scheme share, nor with a word that is
mostly something else. Refuses to be built before it is needed: a language's labels are read when its first text comes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

import ahocorasick

from chmnode.analysis.common import COMMON, PHRASES
from chmnode.analysis.equivalents import Equivalents
from chmnode.analysis.folding import fold, unseated
from chmnode.analysis.languages import primary, stop_words
from chmnode.analysis.words import Lexicon, is_run
from chmnode.concepts import Concept, Concepts

#: Schemes whose labels are looked for.
TAGGED: Final = (
    "domain-concepts",
    "cbd-subjects",
    "assistance-types",
    "countries",
    "regions",
    "groups",
    "gbf-targets",
    "aichi-targets",
    "sdg",
)
PLACES: Final = frozenset({"countries", "regions", "groups"})
#: Schemes that are read in texts only by name and number, `SDG 14`: their other labels are everyday phrases.
BY_NUMBER: Final = frozenset({"aichi-targets", "sdg"})
#: Targets of the global framework are called by number. Other frameworks count theirs as well, so these words with a
#: number are understood in queries, and in texts only with the name of the framework.
NUMBERED: Final = {
    "ar": ("الهدف", "الغاية", "هدف"),
    "en": ("Target", "Global target"),
    "es": ("Meta", "Meta mundial"),
    "fr": ("Cible", "Cible mondiale"),
    "ru": ("Цель", "Задача", "Целевая задача"),
    "zh": ("目标", "行动目标", "具体目标"),
}
NAMED: Final = {
    "en": ("GBF target", "KMGBF target", "Kunming-Montreal target"),
    "es": ("Meta del MMB", "Meta GBF", "Meta de Kunming-Montreal"),
    "fr": ("Cible du CMB", "Cible GBF", "Cible de Kunming-Montréal"),
    "ru": ("Задача КМГРБ", "Задача ГРБ"),
    "zh": ("昆蒙框架目标", "昆蒙框架行动目标"),
}
_GBF: Final = "gbf-targets"
_NUMBER: Final = re.compile(r"0*(\d+)$")
_DIGITS: Final = re.compile(r"\s*\d+\s*$")
_QUALIFIED: Final = re.compile(r"\s*[(（].*[)）]\s*$")
_PLURAL: Final = re.compile(r"(?:(?<=[^aeiou])es|s|x)(?= |$)")
_LETTERS: Final = 3


class Found(NamedTuple):
    """Concepts whose label stands in a text; several where a label is shared."""

    start: int
    end: int
    keys: tuple[str, ...]


@dataclass(slots=True)
class Entry:
    """Concepts that one sequence of tokens may mean."""

    #: Keys of concepts, `scheme:notation`, each with the labels that led here.
    labels: dict[str, list[str]] = field(default_factory=dict)
    #: Only these are read in texts.
    plain: tuple[str, ...] = ()
    tokens: int = 0

    def add(self, key: str, label: str) -> None:
        """One more label of a concept."""
        self.labels.setdefault(key, []).append(label)

    def is_one_word(self) -> bool:
        """Whether the labels differ by no more than a plural."""
        spellings = (singular(folded(label)) for labels in self.labels.values() for label in labels)
        first = next(spellings, "")
        return all(spelling == first for spelling in spellings)

    def like(self, typed: str) -> tuple[str, ...]:
        """Concepts that have a label which differs from this by no more than a plural."""
        asked = singular(typed)
        return tuple(
            key for key, labels in self.labels.items() if any(singular(folded(label)) == asked for label in labels)
        )

    def spelt(self, typed: str) -> tuple[str, ...]:
        """Concepts that have a label spelt like this, accents and case apart."""
        return tuple(key for key, labels in self.labels.items() if typed in map(folded, labels))


class _Label(NamedTuple):
    text: str
    key: str
    #: Whether it may be read in texts.
    plain: bool


class Gazetteer:
    """The labels of one language."""

    __slots__ = ("_automaton",)

    def __init__(self, concepts: Concepts, lang: str, lexicon: Lexicon) -> None:
        entries: dict[str, Entry] = {}
        barred: set[tuple[str, str]] = set()
        for label in _labels(concepts, lang):
            spaced = _spaced(label.text, lexicon)
            if spaced:
                entry = entries.get(spaced) or entries.setdefault(spaced, Entry(tokens=spaced.count("  ") + 1))
                entry.add(label.key, label.text)
                if not label.plain:
                    barred.add((spaced, label.key))
        same = Equivalents(concepts)
        stops = {_spaced(word, lexicon) for word in chain(stop_words(lang), COMMON.get(lang, ()))}
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
        for phrase in PHRASES.get(lang, ()):
            spaced = _spaced(phrase, lexicon)
            entries.setdefault(spaced, Entry(tokens=spaced.count("  ") + 1))
        for spaced, entry in entries.items():
            if spaced not in stops:
                entry.plain = _plain(spaced, entry, barred, same)
            self._automaton.add_word(_bytes(spaced), entry)
        self._automaton.make_automaton()

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        """Every sequence of tokens with what it means."""
        yield from ((key.encode("latin-1").decode(), entry) for key, entry in self._automaton.items())

    def keys(self, spaced: str) -> set[str]:
        """Concepts read in the tokens of a text, each between two spaces of its own."""
        if not len(self._automaton):
            return set()
        return {key for _, entry in self._automaton.iter_long(_bytes(spaced)) for key in entry.plain}

    def places(self, tokens: Sequence[str]) -> Iterator[tuple[int, int, Entry]]:
        """Labels in a sequence of tokens, leftmost and longest: first token, token after the last, meaning."""
        if not len(self._automaton):
            return
        ends: dict[int, int] = {}
        at = 0
        for number, token in enumerate(tokens):
            at += len(token.encode()) + 2
            ends[at - 1] = number
        for end, entry in self._automaton.iter_long(_bytes("".join([f" {token} " for token in tokens]))):
            last = ends[end]
            yield last - entry.tokens + 1, last + 1, entry


def _bytes(spaced: str) -> str:
    """UTF-8 as characters: the automaton tries the branches of a node in turn, and Chinese would have thousands."""
    return spaced if spaced.isascii() else spaced.encode().decode("latin-1")


def _labels(concepts: Concepts, lang: str) -> Iterator[_Label]:
    """All labels of a language; of a place also what is left without its brackets, of a target its number."""
    words = {fold(word) for word in NUMBERED.get(lang, ())}
    for name in TAGGED:
        scheme = concepts.scheme(name)
        for concept in scheme.concepts.values() if scheme else ():
            key = f"{name}:{concept.notation}"
            for text in _texts(concept, lang):
                whole = _Label(text, key, _is_plain(text, name, words))
                short = _QUALIFIED.sub("", text) if name in PLACES and text.endswith((")", "）")) else ""
                for label in (whole, whole._replace(text=short)) if short not in {"", text} else (whole,):
                    yield label
                    if lang == "ar" and (bare := unseated(label.text)) != label.text:
                        yield _Label(bare, key, plain=False)
            if name == _GBF and (number := _NUMBER.search(concept.notation)):
                yield from (_Label(f"{word} {number[1]}", key, plain=False) for word in NUMBERED.get(lang, ()))
                yield from (_Label(f"{word} {number[1]}", key, plain=True) for word in NAMED.get(lang, ()))


def _texts(concept: Concept, lang: str) -> Iterator[str]:
    preferred = concept.labels.get(lang)
    for label in ((preferred,) if preferred else ()) + tuple(concept.alternatives.get(lang, ())):
        if primary(label.lang) == lang:
            yield label.text


def _is_plain(text: str, scheme: str, words: set[str]) -> bool:
    """Whether a label means its concept in any text, as far as its form tells."""
    if scheme in BY_NUMBER:
        return any(map(str.isdecimal, text))
    return scheme != _GBF or fold(_DIGITS.sub("", text)) not in words


def _spaced(text: str, lexicon: Lexicon) -> str:
    """A label's tokens as they stand in a text: the last character of a run begins another pair there."""
    tokens = lexicon.spaced(text).split()
    if len(tokens) > 1 and is_run(tokens[-1]) and len(tokens[-1]) == 1 and len(tokens[-2]) == 2:
        tokens.pop()
    return "".join([f" {token} " for token in tokens])


def singular(label: str) -> str:
    """A folded label without the plurals that en, es and fr write with an s or x; roughly, and only to compare."""
    return _PLURAL.sub("", label.replace("ies", "y"))


def folded(text: str) -> str:
    """A label as it is typed, without stems."""
    return " ".join(filter(None, map(fold, re.split(r"[\W_]+", text))))


def _plain(spaced: str, entry: Entry, barred: set[tuple[str, str]], same: Equivalents) -> tuple[str, ...]:
    """Keys that this sequence means in a text: none of a scheme that has two meanings for it.

    Labels of several schemes that are but inflected alike, as océan and Océanie, have two meanings too.
    """
    if len(spaced) < _LETTERS + 2 and not (is_run(spaced[1]) and len(spaced) > 3):
        return ()
    if len(entry.labels) == 1:
        return tuple(key for key in entry.labels if (spaced, key) not in barred)
    by_scheme: dict[str, list[str]] = {}
    for key in entry.labels:
        if (spaced, key) not in barred:
            by_scheme.setdefault(key.partition(":")[0], []).append(key)
    sole = [key for keys in by_scheme.values() if len(keys) == 1 or same.all(keys) for key in keys]
    if len(sole) > 1 and not same.all(sole) and not entry.is_one_word():
        return ()
    return tuple(sorted(sole))
