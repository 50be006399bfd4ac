"""Which documents a query finds, and how well each fits: arithmetic on whole numbers, the same on every database.

Owns the rules of look.md's "what it was understood as". Exclusions, phrases, `+words`, fields and chosen concepts are
binding. Of concepts recognised in the text two thirds must be there (all of one or two); words beside them only raise
the rank, for a text in another language has the concepts and not the words. Without concepts two thirds of the words
must be there (all of up to three). When nothing has that, whatever has anything is shown, and said to be so. A term is
worth more the rarer it is, and the better the place: a title, a code that the author chose, the text. Pure.
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


@dataclass(frozen=True, slots=True)
class Looked:
    """A clause, where the database found its words, and the concepts that it reaches, as keys."""

    clause: Clause
    anywhere: Docs
    in_titles: Docs
    apart: Docs
    reach: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What a query finds before facets."""

    mask: Mask
    scores: NDArray[np.int32]
    #: Documents that each clause finds, and its weight.
    found: tuple[int, ...]
    weights: tuple[int, ...]
    relaxed: bool


def match(columns: Columns, looked: Sequence[Looked], before: Cursor | None) -> Matched:
    """Find and score.

    Args:
        columns: of all documents.
        looked: the clauses; none finds everything.
        before: where the page before ended, if there was one; its weights stay.
    """
    levels = [_levels(columns, one) for one in looked]
    found = tuple(int(np.count_nonzero(level)) for level in levels)
    documents = int(np.count_nonzero(columns.alive))
    weights = before.weights if before else tuple(_weight(count, documents) for count in found)
    scores = np.zeros(columns.documents, np.int32)
    for level, weight, one in zip(levels, weights, looked, strict=True):
        if not one.clause.term.excluded:
            scores += level.astype(np.int32) * weight
    bound = _bound(columns, looked, levels)
    mask = bound & _enough(columns, looked, levels)
    nothing = bool(looked) and not mask.any() and bool((bound & (scores > 0)).any())
    relaxed = before.relaxed if before else nothing
    return Matched(bound & (scores > 0) if relaxed else mask, scores, found, weights, relaxed)


def _levels(columns: Columns, one: Looked) -> Levels:
    """Where in each document a term stands, in worth; 0 for nowhere."""
    level = np.zeros(columns.documents, np.uint8)
    _raise(level, one.apart, APART)
    _raise(level, one.anywhere, IN_TEXT)
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


def _enough(columns: Columns, looked: Sequence[Looked], levels: Sequence[Levels]) -> Mask:
    """What has enough of the terms that are not binding."""
    free = [
        (one.clause.term.kind is Kind.CONCEPT, level)
        for one, level in zip(looked, levels, strict=True)
        if not one.clause.term.excluded and not one.clause.term.required
    ]
    concepts = [level for is_concept, level in free if is_concept]
    wanted = concepts or [level for _, level in free]
    all_of = 2 if concepts else 3
    enough = len(wanted) if len(wanted) <= all_of else -(-2 * len(wanted) // 3)
    count = np.zeros(columns.documents, np.uint8)
    for level in wanted:
        count += level > 0
    return count >= enough
