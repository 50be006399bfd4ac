"""Which documents a query finds, and how well each fits: arithmetic on whole numbers, the same on every database.

Owns the rules of look.md's "what it was understood as". Exclusions, phrases, `+words`, fields and chosen concepts are
binding. Of up to three other terms all must be there, of three concepts two; but words beside recognised concepts only
raise the rank, for a text in another language has the concepts and not the words. Of a longer question nobody has
everything: what is worth two fifths of the best answer is found. When nothing has all of a short query, whatever has
anything of it is shown, and said to be so. A term is worth more the rarer it is, and the better the place: a title, a
code that the author chose, the text. A country beside other terms is also reached by what covers it. Of equals, what
is in the reader's language comes first. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chmnode.search.columns import Columns, Mask
from chmnode.search.model import Kind
from chmnode.search.order import HEAVIEST, Cursor
from chmnode.search.query import Clause
from chmnode.storage.documents import Docs

Levels: TypeAlias = NDArray[np.uint8]

#: What it is worth where a term stands; its words apart from each other are worth least.
APART: Final = 1
IN_TEXT: Final = 2
CONCEPT_IN_TEXT: Final = 3
CODED: Final = 4
IN_TITLE: Final = 5
#: Terms of which all must be there; more of them are a question.
ALL_OF: Final = 3
#: What a record must be worth of the best one to answer a question.
SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Looked:
    """A clause, where the database found its words, and the concepts that it reaches, as keys."""

    clause: Clause
    anywhere: Docs
    in_titles: Docs
    apart: Docs
    reach: tuple[str, ...]
    #: For places: facets and values of what lies within; and, for a place beside other terms, of what covers it, too.
    within: tuple[tuple[str, str], ...] = ()
    covering: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """Every document with its score, before it is decided which are found."""

    levels: tuple[Levels, ...]
    scores: NDArray[np.int32]
    #: What the binding terms leave.
    bound: Mask
    #: Documents that each clause finds, and its weight.
    found: tuple[int, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What a query finds."""

    mask: Mask
    #: The least score of what is found.
    least: int
    relaxed: bool


def score(columns: Columns, looked: Sequence[Looked], before: Cursor | None, readable: Mask) -> Scored:
    """Score.

    Args:
        columns: of all documents.
        looked: the clauses; none finds everything.
        before: where the page before ended, if there was one; its weights stay.
        readable: documents in the reader's language, which decides between equals.
    """
    beside = len(looked) > 1
    levels = tuple(_levels(columns, one, beside=beside) for one in looked)
    found = tuple(int(np.count_nonzero(level)) for level in levels)
    documents = int(np.count_nonzero(columns.alive))
    weights = before.weights if before else tuple(_weight(count, documents) for count in found)
    scores = np.zeros(columns.documents, np.int32)
    for level, weight, one in zip(levels, weights, looked, strict=True):
        if not one.clause.term.excluded:
            scores += level.astype(np.int32) * weight
    scores = 2 * scores + (readable & (scores > 0))
    return Scored(levels, scores, _bound(columns, looked, levels), found, weights)


def match(scored: Scored, looked: Sequence[Looked], within: Mask, before: Cursor | None) -> Matched:
    """Decide what is found.

    Args:
        scored: the scores.
        looked: the clauses.
        within: documents within the chosen facets and dates; the best among them is what others are measured by.
        before: where the page before ended, if there was one; its decision stays.
    """
    if before is not None:
        least, relaxed = before.least, before.relaxed
    else:
        least, relaxed = _decided(scored, looked, within)
    enough = scored.scores >= least
    if not relaxed and not _is_question(looked):
        enough &= _enough(scored, looked)
    return Matched(scored.bound & enough, least, relaxed)


def _decided(scored: Scored, looked: Sequence[Looked], within: Mask) -> tuple[int, bool]:
    """The least score, and whether anything of a short query will do."""
    some = scored.bound & within & (scored.scores > 0)
    if _is_question(looked):
        best = int(scored.scores[some].max(initial=0))
        return max(1, int(best * SHARE)), False
    relaxed = bool(looked) and not (scored.bound & within & _enough(scored, looked)).any() and bool(some.any())
    return int(relaxed), relaxed


def _is_question(looked: Sequence[Looked]) -> bool:
    return sum(not _is_binding(one) for one in looked) > ALL_OF


def _is_binding(one: Looked) -> bool:
    return one.clause.term.excluded or one.clause.term.required


def _levels(columns: Columns, one: Looked, *, beside: bool) -> Levels:
    """Where in each document a term stands, in worth; 0 for nowhere."""
    level = np.zeros(columns.documents, np.uint8)
    _raise(level, one.apart, APART)
    _raise(level, one.anywhere, IN_TEXT)
    for facet, value in one.covering if beside else one.within:
        level[columns.having(facet, (value,))] = IN_TEXT
    if one.reach:
        level[columns.having("text", one.reach)] = CONCEPT_IN_TEXT
        level[columns.having("concept", one.reach)] = CODED
    _raise(level, one.in_titles, IN_TITLE)
    level[~columns.alive] = 0
    return level


def _raise(level: Levels, docs: Docs, worth: int) -> None:
    """The database may know documents that this snapshot does not have yet."""
    level[docs[docs < len(level)]] = worth


def _weight(found: int, documents: int) -> int:
    """The rarer, the more: the bits of how many documents there are for each that has it."""
    return min(HEAVIEST, 1 + 2 * ((documents + 1) // (found + 1)).bit_length()) if found else 1


def _bound(columns: Columns, looked: Sequence[Looked], levels: Sequence[Levels]) -> Mask:
    """What the binding terms leave."""
    mask = columns.alive.copy()
    for one, level in zip(looked, levels, strict=True):
        if one.clause.term.excluded:
            mask &= level == 0
        elif one.clause.term.required:
            mask &= level > 0
    return mask


def _enough(scored: Scored, looked: Sequence[Looked]) -> Mask:
    """What has the concepts that are not binding; where there are none, the words."""
    free = [(one, level) for one, level in zip(looked, scored.levels, strict=True) if not _is_binding(one)]
    concepts = [level for one, level in free if one.clause.term.kind is Kind.CONCEPT]
    wanted = concepts or [level for _, level in free]
    count = np.zeros(len(scored.scores), np.uint8)
    for level in wanted:
        count += level > 0
    return count >= len(wanted) - (len(concepts) == ALL_OF)
