"""Labels of concepts as tokens, and where they stand in a text: one automaton for each language.

Owns which labels are read in texts, and which only in queries, where a person can choose what was meant. A text is
only tagged with what is plain: not with a label that several concepts of a scheme share, nor with a word that is
mostly something else. Refuses to be built before it is needed: a language's labels are read when its first text comes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from math import isqrt
from typing import Final, NamedTuple

import ahocorasick

from chmnode.analysis.common import COMMON, PHRASES, UNREAD
from chmnode.analysis.equivalents import Equivalents
from chmnode.analysis.folding import fold, unseated
from chmnode.analysis.inflection import forms, singular
from chmnode.analysis.languages import primary, stop_words
from chmnode.analysis.words import CACHED, CACHED_LENGTH, Lexicon, is_run
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
#: Letters that a word has at least to be read in a text, and characters in a script without spaces.
_LETTERS: Final = 3
_CHARACTERS: Final = 2


Sequenced = tuple[str, ...]


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

    def printed(self, typed: str) -> bool:
        """Whether this is a label, letter by letter."""
        return any(typed in labels for labels in self.labels.values())

    def spelt(self, typed: str) -> tuple[str, ...]:
        """Concepts that have a label spelt like this, accents and case apart."""
        return tuple(key for key, labels in self.labels.items() if typed in map(folded, labels))


class _Label(NamedTuple):
    text: str
    key: str
    #: Whether it may be read in texts.
    plain: bool


#: Stands for a token that no label has.
UNMARKED: Final = "\x01"


class Marks(dict[str, str]):
    """What stands for the tokens of a piece of text, remembered by the piece, as long as there is room."""

    def __init__(self, tokens: Iterable[str]) -> None:
        super().__init__()
        known = sorted(tokens)
        side = isqrt(len(known)) + 1
        first, second = ord(UNMARKED) + 1, ord(UNMARKED) + 1 + side
        self.of = {token: chr(first + at // side) + chr(second + at % side) for at, token in enumerate(known)}

    def __missing__(self, piece: str) -> str:
        made = "".join([self.of.get(token, UNMARKED) for token in piece.split()])
        if len(piece) <= CACHED_LENGTH:
            if len(self) >= CACHED:
                self.clear()
            self[piece] = made
        return made


class Gazetteer:
    """The labels of one language.

    What the automaton reads is not the text but marks, two characters for each token that any label has and one for
    all others: so that a text is short to it, and no node has thousands of branches.
    """

    __slots__ = ("_automaton", "_marks")

    def __init__(self, concepts: Concepts, lang: str, lexicon: Lexicon) -> None:
        entries, read = _entries(concepts, lang, lexicon)
        same = Equivalents(concepts)
        stops = {_sequence(word, lexicon) for word in chain(stop_words(lang), COMMON.get(lang, ()))}
        for phrase in PHRASES.get(lang, ()):
            entries.setdefault(_sequence(phrase, lexicon), Entry())
        self._marks = Marks({token for sequence in entries for token in sequence})
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
        for sequence, entry in entries.items():
            entry.tokens = len(sequence)
            if sequence not in stops:
                entry.plain = _plain(sequence, entry, read, same)
            self._automaton.add_word("".join(map(self._marks.of.__getitem__, sequence)), entry)
        self._automaton.make_automaton()

    def __len__(self) -> int:
        """How many sequences of tokens mean something."""
        return len(self._automaton)

    def keys(self, pieces: Iterable[str]) -> set[str]:
        """Concepts read in a text, given as the values of a lexicon: tokens with a space behind each."""
        if not len(self._automaton):
            return set()
        read = self._automaton.iter_long("".join(map(self._marks.__getitem__, pieces)))
        return {key for _, entry in read for key in entry.plain}

    def places(self, tokens: Sequence[str]) -> Iterator[tuple[int, int, Entry]]:
        """Labels in a sequence of tokens, leftmost and longest: first token, token after the last, meaning."""
        if not len(self._automaton):
            return
        marks = [self._marks.of.get(token, UNMARKED) for token in tokens]
        ends = {end - 1: number for number, end in enumerate(accumulate(map(len, marks)))}
        for end, entry in self._automaton.iter_long("".join(marks)):
            last = ends[end]
            yield last - entry.tokens + 1, last + 1, entry


def _entries(
    concepts: Concepts, lang: str, lexicon: Lexicon
) -> tuple[dict[Sequenced, Entry], set[tuple[Sequenced, str]]]:
    """What each sequence of tokens means, and which of that is read in texts.

    Other forms of a label count only where they are no label of their own.
    """
    entries: dict[Sequenced, Entry] = {}
    read: set[tuple[Sequenced, str]] = set()
    labels = list(_labels(concepts, lang))
    inflected = (
        label._replace(text=text)
        for label in labels
        if label.key.partition(":")[0] not in PLACES
        for text in forms(label.text, lang)
    )
    for given in (labels, inflected):
        known = frozenset(entries)
        for label in given:
            sequence = _sequence(label.text, lexicon)
            if sequence and sequence not in known:
                entries.setdefault(sequence, Entry()).add(label.key, label.text)
                if label.plain:
                    read.add((sequence, label.key))
    return entries, read


def _labels(concepts: Concepts, lang: str) -> Iterator[_Label]:
    """All labels of a language; of a place also what is left without its brackets, of a target its number."""
    words = {fold(word) for word in NUMBERED.get(lang, ())}
    for name in TAGGED:
        scheme = concepts.scheme(name)
        for concept in scheme.concepts.values() if scheme else ():
            key = f"{name}:{concept.notation}"
            for text in _texts(concept, lang):
                whole = _Label(text, key, key not in UNREAD and _is_plain(text, name, words))
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


def _sequence(text: str, lexicon: Lexicon) -> Sequenced:
    """A label's tokens as they stand in a text: the last character of a run begins another pair there."""
    tokens = lexicon.spaced(text).split()
    if len(tokens) > 1 and is_run(tokens[-1]) and len(tokens[-1]) == 1 and len(tokens[-2]) == 2:
        tokens.pop()
    return tuple(tokens)


def folded(text: str) -> str:
    """A label as it is typed, without stems."""
    return " ".join(filter(None, map(fold, re.split(r"[\W_]+", text))))


def _plain(sequence: Sequenced, entry: Entry, read: set[tuple[Sequenced, str]], same: Equivalents) -> tuple[str, ...]:
    """Keys that this sequence means in a text: none of a scheme that has two meanings for it.

    Labels of several schemes that are but inflected alike, as océan and Océanie, have two meanings too.
    """
    if len(sequence) == 1 and len(sequence[0]) < (_CHARACTERS if is_run(sequence[0]) else _LETTERS):
        return ()
    if len(entry.labels) == 1:
        return tuple(key for key in entry.labels if (sequence, key) in read)
    by_scheme: dict[str, list[str]] = {}
    for key in entry.labels:
        if (sequence, key) in read:
            by_scheme.setdefault(key.partition(":")[0], []).append(key)
    sole = [key for keys in by_scheme.values() if len(keys) == 1 or same.all(keys) for key in keys]
    if len(sole) > 1 and not same.all(sole) and not entry.is_one_word():
        return ()
    return tuple(sorted(sole))
