"""What was typed, understood: words, phrases, concepts, exclusions, fields, identifiers.

Owns the language of the search field. `"in quotes"` is a phrase, `-this` is left out, `+this` must be there,
`title:this` looks at titles alone, `country:KE` is the facet, an identifier or an IRI names one record. What is the
label of a concept in any language stands for the concept, unless it is taken literally. Nothing that can be typed is an
error: what is not understood is a word. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Final

from chmnode.analysis import TITLE, Analyzer
from chmnode.analysis.languages import stop_words
from chmnode.concepts import Concept, Concepts
from chmnode.search.model import FACETS, Ask, Kind, Term
from chmnode.storage.documents import Sequenced

#: Characters and terms of a query; the rest is not read.
LONGEST: Final = 500
MOST_TERMS: Final = 24
_PART = re.compile(r'([-+])?(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))')
_IDENTIFIER = re.compile(r"CHM-[A-Z]{3}-[A-Z0-9-]+-[0-9]+", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+")
#: A run of Chinese characters, and how many are still looked up as one.
_RUN = re.compile(r"([\u3400-\u9fff]+)")
_SHORT_RUN: Final = 4
#: Controls and lone surrogates, which no database looks up.
_UNTYPABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A term, and how it is looked up."""

    term: Term
    #: Sequences of tokens, any of which is the term as it was typed.
    literal: tuple[Sequenced, ...]
    #: Of the label of a concept that has several words, each word as it may stand.
    words: tuple[tuple[Sequenced, ...], ...] = ()

    @property
    def in_titles(self) -> tuple[Sequenced, ...]:
        """The same sequences, in titles."""
        return tuple(tuple(TITLE + token for token in one) for one in self.literal)


@dataclass(frozen=True, slots=True)
class Query:
    """A search as it was understood."""

    clauses: tuple[Clause, ...] = ()
    #: Facets chosen in the text, and those with a minus sign.
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    barred: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Identifier or IRI of a record.
    named: str | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    sign: str
    within: str
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Understanding:
    """Understands queries.

    Args:
        analyzer: of words.
        concepts: for labels.
    """

    analyzer: Analyzer
    concepts: Concepts

    def query(self, ask: Ask) -> Query:
        """What a search asks for."""
        text = _UNTYPABLE.sub(" ", ask.text[:LONGEST]).strip()
        parts = [_Part(*match) for match in _parts(text)]
        chosen, barred = dict[str, tuple[str, ...]](), dict[str, tuple[str, ...]]()
        for part in parts:
            if part.within in FACETS and part.text:
                values = barred if part.sign == "-" else chosen
                values[part.within] = (*values.get(part.within, ()), part.text)
        named = _name(text) or next((_name(part.text) or part.text for part in parts if part.within == "id"), None)
        if _name(text):
            return Query(named=named)
        rest = [part for part in parts if part.within not in FACETS and part.within != "id"]
        clauses = [*self._given(ask.concepts), *self._clauses(rest, ask)]
        return Query(tuple(clauses[:MOST_TERMS]), chosen, barred, named)

    def _given(self, keys: Iterable[str]) -> Iterator[Clause]:
        """Concepts that were chosen as such."""
        for key in keys:
            if concept := self.concepts.by_key(key):
                label = self.concepts.label(concept, "en")
                yield Clause(Term(kind=Kind.CONCEPT, text=label.text, concepts=(concept,), required=True), ())

    def _clauses(self, parts: Sequence[_Part], ask: Ask) -> Iterator[Clause]:
        """Clauses of what was typed, in its order; words that stand together are read together."""
        if _is_quoting(parts) and self._is_label(whole := " ".join(part.text for part in parts), ask.lang):
            yield from self._together(whole, ask)
            return
        together: list[str] = []
        for part in parts:
            if part.sign or part.within or part.quoted:
                yield from self._together(" ".join(together), ask)
                together = []
                yield from self._apart(part, ask)
            else:
                together.append(part.text)
        yield from self._together(" ".join(together), ask)

    def _is_label(self, text: str, lang: str) -> bool:
        found = self.analyzer.found(text, lang)
        return len(found) == 1 and (found[0].start, found[0].end) == (0, len(text))

    def _apart(self, part: _Part, ask: Ask) -> Iterator[Clause]:
        """A phrase, or a word with a sign or a field."""
        literal = self._literal(part.text, ask.lang)
        if not literal:
            return
        several = any(len(one) > 1 for one in literal)
        yield Clause(
            Term(
                kind=Kind.PHRASE if part.quoted and several else Kind.WORD,
                text=part.text,
                within=part.within or None,
                excluded=part.sign == "-",
                required=part.sign != "-",
            ),
            literal,
        )

    def _together(self, text: str, ask: Ask) -> Iterator[Clause]:
        """Concepts by their labels, and the words between them."""
        if not text:
            return  # the labels of six languages need not be compiled for a search without words
        at, clauses = 0, list[Clause]()
        for found in self.analyzer.found(text, ask.lang):
            span = text[found.start : found.end]
            concepts = tuple(concept for key in found.keys if (concept := self.concepts.by_key(key)))
            if span.casefold() in ask.plain or not concepts:
                continue
            clauses += self._words(text[at : found.start], ask)
            clauses.append(self._concept(span, concepts, ask.lang))
            at = found.end
        clauses += self._words(text[at:], ask)
        meant = [clause for clause in clauses if not self._means_nothing(clause)]
        yield from meant or clauses

    def _concept(self, span: str, concepts: tuple[Concept, ...], lang: str) -> Clause:
        words = [word for word in span.split() if not self.analyzer.is_stop(word)]
        each = tuple(self._literal(word, lang) for word in words) if len(words) > 1 else ()
        return Clause(Term(kind=Kind.CONCEPT, text=span, concepts=concepts), self._literal(span, lang), each)

    def _words(self, text: str, ask: Ask) -> Iterator[Clause]:
        for word in text.split():
            for piece in _pieces(word):
                if literal := self._literal(piece, ask.lang):
                    yield Clause(Term(kind=Kind.WORD, text=piece), literal)

    def _means_nothing(self, clause: Clause) -> bool:
        return clause.term.kind is Kind.WORD and self.analyzer.is_stop(clause.term.text)

    def _literal(self, text: str, lang: str) -> tuple[Sequenced, ...]:
        """What a typed text may stand as in the index."""
        phrases = self.analyzer.phrases(text, lang)
        if all(len(one) == 1 for one in phrases):
            return tuple((token,) for token in self.analyzer.variants(text, lang))
        return tuple(dict.fromkeys(phrases))


def _pieces(word: str) -> Iterator[str]:
    """A word; of a long run of Chinese characters, what stands between particles, in pairs of characters.

    Nobody writes spaces there: taken as one phrase, a question would find nothing but itself.
    """
    for run in _RUN.split(word):
        if not _RUN.fullmatch(run) or len(run) <= _SHORT_RUN:
            yield run
            continue
        for part in filter(None, _particles().split(run)):
            yield from ([part] if len(part) <= _SHORT_RUN - 1 else map("".join, pairwise(part)))


@cache
def _particles() -> re.Pattern[str]:
    """The stop words of Chinese, longest first."""
    return re.compile("|".join(sorted(map(re.escape, stop_words("zh")), key=len, reverse=True)))


def _is_quoting(parts: Sequence[_Part]) -> bool:
    """Whether some of it is quoted and some is not, as in the label `technologie "propre"`."""
    plain = not any(part.sign or part.within for part in parts)
    return plain and len({part.quoted for part in parts}) == 2


def _name(text: str) -> str | None:
    """The identifier or IRI of a record, if that is what was typed."""
    if _IDENTIFIER.fullmatch(text):
        return text.upper()
    return text if _ADDRESS.fullmatch(text) else None


def _parts(text: str) -> Iterator[tuple[str, str, str, bool]]:
    """Sign, field, text, whether it was quoted; a field that there is not belongs to the text."""
    for match in _PART.finditer(text):
        sign, within, quoted, bare = match.groups(default="")
        is_quoted = match[3] is not None
        if within and within not in {*FACETS, "title", "id"}:
            within, bare = "", f"{within}:{quoted or bare}"
        yield sign, within, (quoted if is_quoted else "") or bare, is_quoted
