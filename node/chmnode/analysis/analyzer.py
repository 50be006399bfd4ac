"""What words and concepts a text has, and as what a typed word may stand in the index.

Owns the one way from a text to tokens, for indexing, queries and highlighting alike. Refuses to know databases: both
are given the same tokens and so answer alike. Built once in each process; labels are read when they are first asked.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Final

from chmnode.analysis.arabic import attached
from chmnode.analysis.folding import fold, seated
from chmnode.analysis.labels import TAGGED, Entry, Found, Gazetteer, folded
from chmnode.analysis.languages import SIX, UNTAGGED, all_stop_words, detected, primary, stop_words
from chmnode.analysis.scripts import Script, scripts
from chmnode.analysis.words import Lexicon, Token, Words, is_run
from chmnode.concepts import Concept, Concepts

#: To be raised with every change of this package that makes other tokens, tags or values.
CODE_VERSION: Final = "4"
#: Ends the token of a query that stands for every token that begins so.
PREFIX: Final = "*"

#: Letters of a word that is taken for one of another language than the reader's, where no label is spelt so.
SHORT: Final = 5

_SPOKEN: Final = {
    Script.LATIN: ("en", "fr", "es", ""),
    Script.CYRILLIC: ("ru", ""),
    Script.ARABIC: ("ar", ""),
    Script.OTHER: ("",),
}


class Analyzer:
    """Words and concepts of texts, by the vocabularies of this node."""

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts
        self._words = Words()
        self._gazetteers: dict[str, Gazetteer] = {}

    @cached_property
    def version(self) -> str:
        """Changes when tokens, tags or values may change: with this package, labels, or members of regions."""
        digest = blake2b(digest_size=8)
        for name in TAGGED:
            scheme = self._concepts.scheme(name)
            for concept in scheme.concepts.values() if scheme else ():
                digest.update(repr(_facts(concept)).encode("utf-8", "surrogatepass"))
        return f"{CODE_VERSION}.{digest.hexdigest()}"

    def language(self, text: str, tag: str = "") -> str:
        """The language of a text: as it is tagged, else as it seems."""
        lang = primary(tag)
        return detected(text) if lang in UNTAGGED else lang

    def lexicon(self, lang: str) -> Lexicon:
        """The words of a language, for whoever indexes many texts."""
        return self._words.of(lang)

    def gazetteer(self, lang: str) -> Gazetteer:
        """The labels of a language; a language other than the six has none."""
        if lang not in self._gazetteers:
            self._gazetteers[lang] = Gazetteer(self._concepts, lang, self._words.of(lang))
        return self._gazetteers[lang]

    def tokens(self, text: str, lang: str) -> list[str]:
        """Index tokens in the order of the text; the place in the list is the position."""
        return self._words.of(self.language(text, lang)).spaced(text).split()

    def spans(self, text: str, lang: str) -> list[Token]:
        """The same tokens with the characters that each stands for; slower, for highlighting."""
        return list(self._words.of(self.language(text, lang)).spans(text))

    def tags(self, tokens: Sequence[str], lang: str) -> set[str]:
        """Concepts `scheme:notation` that a text of these tokens speaks of, by labels without a second meaning."""
        lang = primary(lang)
        return self.gazetteer(lang).keys([f"{token} " for token in tokens]) if lang in SIX else set()

    def tagged(self, text: str, lang: str) -> list[Found]:
        """Where the tags of a text come from."""
        lang = self.language(text, lang)
        if lang not in SIX:
            return []
        spans = list(self._words.of(lang).spans(text))
        return [
            Found(spans[first].start, spans[last - 1].end, entry.plain)
            for first, last, entry in self.gazetteer(lang).places([span.token for span in spans])
            if entry.plain
        ]

    def found(self, text: str, lang: str) -> list[Found]:
        """Labels in a query, leftmost and longest, with all the concepts that each may mean.

        The labels of all six languages count, since nobody knows in which a query is typed. Where a label of the
        reader's language fills the same place as that of another, the other counts only if it is spelt as typed; so it
        does for a short word, and a word that means nothing in its language is no label at all.
        """
        own = primary(lang)
        places: dict[tuple[int, int], list[tuple[str, Entry]]] = {}
        spans = list(self._words.of("").spans(text))
        for each in SIX:
            for first, last, entry in self._places(text, spans, each):
                places.setdefault((first, last), []).append((each, entry))
        chosen: list[Found] = []
        free = 0
        for first, last in sorted(places, key=lambda place: (place[0], -place[1])):
            if first >= free:
                start, end = spans[first].start, spans[last - 1].end
                entries = _offered(places[first, last], own, text[start:end])
                keys = _meanings(entries, own, folded(text[start:end]))
                if keys:
                    chosen.append(Found(start, end, keys))
                if entries:
                    free = last
        return chosen

    def _places(self, text: str, spans: Sequence[Token], lang: str) -> Iterator[tuple[int, int, Entry]]:
        """Labels of one language in a query; one character of Chinese is a label only where it stands alone."""
        for first, last, entry in self.gazetteer(lang).places(self._words.of(lang).spaced(text).split()):
            start = spans[first].start
            if last - first > 1 or spans[first].end - start > 1 or not start or not is_run(text[start - 1]):
                yield first, last, entry

    def variants(self, word: str, lang: str) -> tuple[str, ...]:
        """Tokens that a typed word may stand as in the index, its stem in the reader's language first.

        One character of a script without spaces is given as `水*`, for every token that begins so. A word that stands
        as several tokens has none of these: it is a phrase.
        """
        spellings = (word, *seated(word))
        found = (phrase[0] for each in spellings for phrase in self.phrases(each, lang) if len(phrase) == 1)
        return tuple(dict.fromkeys(found))

    def phrases(self, text: str, lang: str) -> tuple[tuple[str, ...], ...]:
        """Sequences of tokens that a typed phrase may stand as: one for each language that its script allows.

        In Arabic also behind a preposition or "and", which are written together with the first word.
        """
        found = {
            _asked(self._words.of(each).spaced(form).split()): None
            for each in _plausible(text, primary(lang))
            for form in (text, *(attached(text) if each == "ar" else ()))
        }
        found.pop((), None)
        return tuple(found)

    def is_stop(self, word: str) -> bool:
        """Whether a word carries no meaning by itself in any of the six languages."""
        return fold(word) in all_stop_words()


def _asked(tokens: list[str]) -> tuple[str, ...]:
    """The tokens of a phrase as they stand within a longer text, where a run of Chinese goes on."""
    if tokens and len(tokens[-1]) == 1 and is_run(tokens[-1]):
        if len(tokens) > 1 and len(tokens[-2]) == 2 and is_run(tokens[-2]) and tokens[-2][1] == tokens[-1]:
            return tuple(tokens[:-1])
        return (*tokens[:-1], f"{tokens[-1]}{PREFIX}")
    return tuple(tokens)


def _plausible(text: str, lang: str) -> list[str]:
    """Languages whose stems a text may be written in, the reader's first; the empty one has no stems."""
    spoken = dict.fromkeys(each for script in scripts(text) for each in _SPOKEN[script])
    return [lang] * (lang in spoken) + [each for each in spoken if each != lang]


def _offered(entries: list[tuple[str, Entry]], lang: str, typed: str) -> list[tuple[str, Entry]]:
    """Those of the labels in one place that somebody who reads this language may have typed.

    A stop word is none but where it is spelt like a label of his, or printed like a label with its capitals: *can* is
    not Canada, *sea* is the sea, *Того* is Togo. A short word in Latin letters is not taken for an inflected one of
    another language.
    """
    word = folded(typed)
    stops = stop_words(lang)
    if word in stops or word in all_stop_words():
        return [
            (each, entry)
            for each, entry in entries
            if (each == lang and word not in stops and entry.spelt(word))
            or (not typed.islower() and entry.printed(typed))
        ]
    if len(word) >= SHORT or Script.LATIN not in scripts(typed):
        return entries
    return [(each, entry) for each, entry in entries if each == lang or not entry.labels or entry.spelt(word)]


def _meanings(entries: list[tuple[str, Entry]], lang: str, typed: str) -> tuple[str, ...]:
    """Concepts of one place: those spelt as typed first, then those whose label differs by a plural, else all.

    A label of another language than the reader's counts where it is spelt as typed, or nothing of the reader's fits.
    """
    exact = [key for each, entry in sorted(entries, key=lambda one: one[0] != lang) for key in entry.spelt(typed)]
    own = [entry for each, entry in entries if each == lang] or ([] if exact else [entry for _, entry in entries])
    near = [key for entry in own for key in (entry.like(typed) if exact else entry.labels)]
    return tuple(dict.fromkeys([*exact, *near]))


def _facts(concept: Concept) -> tuple[object, ...]:
    """What of a concept decides tags and values."""
    labels = [label.text for _, label in sorted(concept.labels.items())]
    others = [label.text for _, labels in sorted(concept.alternatives.items()) for label in labels]
    return concept.scheme, concept.notation, labels, others, concept.broader, concept.members, concept.matches
