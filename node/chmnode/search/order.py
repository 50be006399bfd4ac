"""The order of the hits, and the cursor that goes on in it.

Owns how hits are compared. Three sorts, one comparison: a first key, the smaller the better; then the last change,
the newer the better; then a number made of the record's IRI, which is the same at every node. A cursor holds the place
of the last hit and what its first key was made from, so that pages neither repeat nor skip what stays as it is,
whatever is written between them. Pure.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chmnode.search.columns import NEVER, Columns, Mask
from chmnode.search.model import Sort

Keys: TypeAlias = NDArray[np.int64]

#: The most that one term may weigh.
HEAVIEST: Final = 17
#: First keys of what never closes, and of what is closed, in days.
_UNDATED: Final = 1_000_000
_CLOSED: Final = 2_000_000
#: Bits of a moment within a key.
_MOMENT_BITS: Final = 34
_LATEST: Final = (1 << _MOMENT_BITS) - 1
_LONGEST: Final = 1024


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended."""

    sort: Sort
    #: First key and last change as one number, and the ranking, of the last hit.
    key: int
    ranking: int
    #: Weights of the terms by which the first page was sorted, the least score, whether it was relaxed, and its day.
    weights: tuple[int, ...]
    least: int
    relaxed: bool
    day: int

    def __str__(self) -> str:
        numbers = [self.key, self.ranking, *self.weights, self.least, int(self.relaxed), self.day]
        whole = json.dumps([self.sort.value, *numbers], separators=(",", ":"))
        return base64.urlsafe_b64encode(whole.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read what `str` wrote; ValueError for anything else."""
        if len(text) > _LONGEST or not text.isascii():
            raise ValueError(text[:_LONGEST])
        sort, *numbers = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if len(numbers) < 5 or not all(type(one) is int and abs(one) < 1 << 62 for one in numbers):
            raise ValueError(text)
        key, ranking, *weights, least, relaxed, day = numbers
        if not all(0 < weight <= HEAVIEST for weight in weights) or not 0 <= day < _UNDATED:
            raise ValueError(text)
        return cls(Sort(sort), key, ranking, tuple(weights), least, bool(relaxed), day)


def keys(sort: Sort, columns: Columns, scores: NDArray[np.int32], day: int) -> Keys:
    """What all documents are compared by first: first key and last change as one number, the smaller the better."""
    moment = np.clip(columns.modified, 0, _LATEST)
    return (_first(sort, columns, scores, day) << _MOMENT_BITS) + (_LATEST - moment)


def _first(sort: Sort, columns: Columns, scores: NDArray[np.int32], day: int) -> Keys:
    if sort is Sort.RELEVANCE:
        return -scores.astype(np.int64)
    if sort is Sort.NEWEST:
        return np.zeros(columns.documents, np.int64)
    left = columns.closes.astype(np.int64) - day
    past = np.where(left < 0, np.minimum(_CLOSED - left, 2 * _CLOSED), np.minimum(left, _UNDATED - 1))
    return np.where(columns.closes == NEVER, _UNDATED, past)


def page(mask: Mask, by: Keys, columns: Columns, after: Cursor | None, limit: int) -> list[int]:
    """The first documents of a mask behind the cursor, at most so many."""
    docs = np.flatnonzero(mask)
    if after is not None:
        key, ranking = by[docs], columns.ranking[docs]
        docs = docs[(key > after.key) | ((key == after.key) & (ranking > after.ranking))]
    if len(docs) > limit:
        key = by[docs]
        docs = docs[key <= np.partition(key, limit - 1)[limit - 1]]
    order = np.lexsort((columns.ranking[docs], by[docs]))
    found: list[int] = docs[order[:limit]].tolist()
    return found


def parse(text: str | None, sort: Sort, terms: Sequence[object]) -> Cursor | None:
    """The cursor that an address holds; ValueError if it is none of this search."""
    if not text:
        return None
    cursor = Cursor.parse(text)
    if cursor.sort is not sort or len(cursor.weights) != len(terms):
        raise ValueError(text)
    return cursor
