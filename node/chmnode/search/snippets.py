"""Where a hit has what was asked for: its title and the passage of its text that shows it best, with marks.

Owns the choice of the passage: the text with most of the terms, in the reader's language where it has as many as any
other. Marks are where the index would look: the stems of a word, a phrase as a whole, any label of a concept that was
asked for, in whatever language the text is. A hit that was found only through a code shows its beginning, unmarked.
Bounded work for any text; pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from chmnode.analysis import PREFIX, Analyzer, Token
from chmnode.concepts import Concepts
from chmnode.records.catalogue import Catalogue
from chmnode.records.text import Text, text, texts
from chmnode.search.model import Term

#: Characters of a passage, of a text that are looked at, and of what goes before the first mark.
PASSAGE: Final = 260
_LOOKED_AT: Final = 4_000
_BEFORE: Final = 60
_TITLE: Final = 300
#: Texts of a record that are looked at, their characters together, and marks in one.
_TEXTS: Final = 24
_READ: Final = 12_000
_MARKS: Final = 200
_GISTS: Final = ("summary", "description")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage, in parts that are marked or not."""

    member: str
    lang: str
    parts: tuple[tuple[str, bool], ...]
    #: Whether text was left out before and after it.
    begins: bool = True
    ends: bool = True

    @property
    def marked(self) -> bool:
        """Whether anything in it was asked for."""
        return any(mark for _, mark in self.parts)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One term, as it may stand in a text."""

    sequences: frozenset[tuple[str, ...]]
    keys: frozenset[str]

    def marks(self, tokens: Sequence[Token], tagged: Sequence[tuple[int, int, frozenset[str]]]) -> set[tuple[int, int]]:
        """From which character to which it stands there."""
        found = {(start, end) for start, end, keys in tagged if keys & self.keys}
        for sequence in self.sequences:
            found |= set(_standing(tokens, sequence))
        return found


class Snippets:
    """Marks what was asked for.

    Args:
        analyzer: the one that the index was made with.
        catalogue: says which members are texts.
        concepts: for what a concept reaches.
    """

    def __init__(self, analyzer: Analyzer, catalogue: Catalogue, concepts: Concepts) -> None:
        self._analyzer = analyzer
        self._catalogue = catalogue
        self._concepts = concepts

    def title(self, document: Mapping[str, Any], terms: Sequence[Term], lang: str) -> Snippet | None:
        """The title for a reader of a language, marked; None if the record has none."""
        found = text(document, "title", lang)
        if found is None:
            return None
        shown = Text(found.text[:_TITLE], found.lang)
        return Snippet("title", found.lang, _parts(shown.text, self._marks(shown, self._wanted(terms, lang))[0]))

    def of(self, document: Mapping[str, Any], terms: Sequence[Term], lang: str) -> Snippet | None:
        """The passage that shows best why this was found; None if the record has no text at all."""
        wanted = self._wanted(terms, lang)
        best: tuple[tuple[int, bool, bool], str, Text, list[tuple[int, int]]] | None = None
        left = _READ
        for member, told in self._texts(document, lang):
            if left <= 0 or (best is not None and best[0][0] == len(wanted)):
                break
            left -= len(told.text)
            marks, count = self._marks(told, wanted)
            worth = (count, told.lang.partition("-")[0] == lang, member in _GISTS)
            if best is None or worth > best[0]:
                best = worth, member, told, marks
        if best is None:
            return None
        _, member, told, marks = best
        start, end = _window(told.text, marks)
        inside = [(max(a, start) - start, min(b, end) - start) for a, b in marks if a < end and b > start]
        parts = _parts(told.text[start:end], inside)
        return Snippet(member, told.lang, parts, start == 0, end >= len(told.text))

    def _wanted(self, terms: Sequence[Term], lang: str) -> list[_Wanted]:
        wanted = []
        for term in terms:
            if not term.excluded:
                reached = (one.key for concept in term.concepts for one in self._concepts.reach(concept))
                wanted.append(_Wanted(frozenset(self._analyzer.phrases(term.text, lang)), frozenset(reached)))
        return wanted

    def _texts(self, document: Mapping[str, Any], lang: str) -> Iterator[tuple[str, Text]]:
        """Texts of a record in every language, those that tell the gist first, the reader's language first."""
        known = self._catalogue.of(document)
        names = [field.name for field in known.fields if field.translated] if known else list(document)
        ordered = sorted((name for name in names if name != "title"), key=lambda name: name not in _GISTS)
        found = [(name, told) for name in ordered for told in texts(document, name)]
        found.sort(key=lambda pair: pair[1].lang.partition("-")[0] != lang)
        for name, told in found[:_TEXTS]:
            yield name, Text(told.text[:_LOOKED_AT], told.lang)

    def _marks(self, told: Text, wanted: Sequence[_Wanted]) -> tuple[list[tuple[int, int]], int]:
        """Marks in a text, merged and in order, and how many of the terms it has."""
        tokens = self._analyzer.spans(told.text, told.lang)
        keyed = any(one.keys for one in wanted)
        found = self._analyzer.tagged(told.text, told.lang) if keyed else []
        tagged = [(one.start, one.end, frozenset(one.keys)) for one in found]
        each = [one.marks(tokens, tagged) for one in wanted]
        return _merged(sorted(set().union(*each)))[:_MARKS], sum(bool(marks) for marks in each)


def _standing(tokens: Sequence[Token], sequence: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where a sequence of tokens stands."""
    if len(sequence) == 1 and sequence[0].endswith(PREFIX):
        wanted = sequence[0].removesuffix(PREFIX)
        yield from ((one.start, one.start + len(wanted)) for one in tokens if one.token.startswith(wanted))
        return
    for at in range(len(tokens) - len(sequence) + 1):
        if all(tokens[at + place].token == token for place, token in enumerate(sequence)):
            yield tokens[at].start, tokens[at + len(sequence) - 1].end


def _merged(marks: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in marks:
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _parts(shown: str, marks: Sequence[tuple[int, int]]) -> tuple[tuple[str, bool], ...]:
    """A text cut at its marks."""
    cuts = [0, *(at for mark in marks for at in mark), len(shown)]
    pieces = [(shown[start:end], place % 2 == 1) for place, (start, end) in enumerate(pairwise(cuts))]
    return tuple(piece for piece in pieces if piece[0])


def _window(whole: str, marks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The passage with most marks, at the borders of words where there are any."""
    if len(whole) <= PASSAGE:
        return 0, len(whole)
    starts = [start for start, _ in marks] or [0]
    most = max(starts, key=lambda at: (sum(at <= other < at + PASSAGE - _BEFORE for other in starts), -at))
    start = max(0, min(most - _BEFORE, len(whole) - PASSAGE))
    end = min(len(whole), start + PASSAGE)
    if start and (space := whole.find(" ", start, start + _BEFORE)) >= 0:
        start = min(space + 1, most)
    if end < len(whole) and (space := whole.rfind(" ", end - _BEFORE, end)) > start:
        end = space
    return start, end
