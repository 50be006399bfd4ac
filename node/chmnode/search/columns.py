"""The index in memory: what searches filter, count, score and sort by, as arrays.

Owns `Columns`, a frozen snapshot of all documents at one change of the index, and how a newer one is made from it and
what has changed since. The database remains the truth: a process that starts reads everything anew, in blocks, and a
change committed by any process is seen by the next search. Positions in the arrays are document numbers; number 0
belongs to no document and takes the place of those that are gone. Pure, but for `load` and `follow`, which read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from chmnode.storage import Documents, Standing
from chmnode.storage.documents import PACKED

Mask: TypeAlias = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)

#: Documents read at a time; a node has no more in memory as Python objects.
BLOCK: Final = 20_000
#: More changed documents than this are read by loading everything anew.
MANY: Final = 20_000
#: Closing day of what never closes.
NEVER: Final = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Column:
    """One facet of all documents: pairs of a document and a number of a value, in no order."""

    owner: NDArray[np.int32]
    value: NDArray[np.uint32]

    def having(self, numbers: Iterable[int], documents: int) -> Mask:
        """Which documents have one of these values."""
        wanted = np.zeros(int(self.value.max(initial=0)) + 1, np.bool_)
        inside = [number for number in numbers if number < len(wanted)]
        mask = np.zeros(documents, np.bool_)
        if inside:
            wanted[inside] = True
            mask[self.owner[wanted[self.value]]] = True
            mask[0] = False
        return mask

    def counts(self, mask: Mask) -> NDArray[np.int64]:
        """How many documents of the mask have each value, by number."""
        return np.bincount(self.value[mask[self.owner]])

    def changed(self, gone: Mask, owner: NDArray[np.int32], value: NDArray[np.uint32]) -> "Column":
        """Without the values of some documents, and with other ones."""
        kept = ~gone[self.owner]
        if kept.all():
            return Column(np.concatenate((self.owner, owner)), np.concatenate((self.value, value)))
        return Column(np.concatenate((self.owner[kept], owner)), np.concatenate((self.value[kept], value)))


_EMPTY: Final = Column(np.zeros(0, np.int32), np.zeros(0, np.uint32))


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Values of facets and their numbers."""

    newest: int = 0
    #: Facet by number of the value, as a place in `facets`.
    facet_of: NDArray[np.int16] = field(default_factory=lambda: np.zeros(1, np.int16))
    facets: tuple[str, ...] = ("",)
    texts: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def with_values(self, values: Sequence[tuple[int, str, str]]) -> "Dictionary":
        """With further values: number, facet, value."""
        if not values:
            return self
        facets = tuple(dict.fromkeys((*self.facets, *(facet for _, facet, _ in values))))
        place = {facet: at for at, facet in enumerate(facets)}
        newest = max(number for number, _, _ in values)
        facet_of = np.zeros(newest + 1, np.int16)
        facet_of[: len(self.facet_of)] = self.facet_of
        for number, facet, _ in values:
            facet_of[number] = place[facet]
        texts = {**self.texts, **{number: value for number, _, value in values}}
        numbers = {**self.numbers, **{(facet, value): number for number, facet, value in values}}
        return Dictionary(newest, facet_of, facets, texts, numbers)

    def meant(self, facet: str, typed: Iterable[str]) -> tuple[str, ...]:
        """Values as they are written, for values as they were typed: capitals do not matter."""
        known = {value.casefold(): value for name, value in self.numbers if name == facet}
        return tuple(known.get(value.casefold(), value) for value in typed)

    def pairs(self, packed: bytes) -> frozenset[tuple[str, str]]:
        """Facets and values of one document, those that were known when this was made."""
        numbers = (int(number) for number in np.frombuffer(packed, PACKED))
        return frozenset(
            (self.facets[self.facet_of[number]], self.texts[number]) for number in numbers if number <= self.newest
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """All documents at one change of the index."""

    change: int = 0
    #: Whether there is such a document.
    alive: Mask = field(default_factory=lambda: np.zeros(1, np.bool_))
    #: POSIX seconds of the last modification.
    modified: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    #: Last day on which it is open, in days since 1970; NEVER if it has none.
    closes: NDArray[np.int32] = field(default_factory=lambda: np.full(1, NEVER, np.int32))
    ranking: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    facets: Mapping[str, Column] = field(default_factory=dict)
    dictionary: Dictionary = field(default_factory=Dictionary)

    @property
    def documents(self) -> int:
        """The length of every mask."""
        return len(self.alive)

    def having(self, facet: str, values: Iterable[str]) -> Mask:
        """Which documents have one of these values of a facet."""
        numbers = (self.dictionary.numbers.get((facet, value)) for value in values)
        column = self.facets.get(facet, _EMPTY)
        return column.having([number for number in numbers if number is not None], self.documents)

    def counts(self, facet: str, mask: Mask) -> dict[str, int]:
        """How many documents of a mask have each value of a facet, for those that any has."""
        found = self.facets.get(facet, _EMPTY).counts(mask)
        numbers = np.flatnonzero(found)
        texts = self.dictionary.texts
        return {texts[number]: count for number, count in zip(numbers.tolist(), found[numbers].tolist(), strict=True)}

    def changed(self, rows: Sequence[Standing], dictionary: Dictionary, change: int) -> "Columns":
        """The snapshot after these documents were written; each is here once, as it is now."""
        size = max(self.documents, max((row.doc for row in rows), default=0) + 1)
        docs = np.fromiter((row.doc for row in rows), np.int64, len(rows))
        gone = np.zeros(size, np.bool_)
        gone[docs] = True
        there = np.fromiter((row.facets is not None for row in rows), np.bool_, len(rows))
        return Columns(
            change,
            _with(self.alive, size, docs, there),
            _with(self.modified, size, docs, np.fromiter((row.modified for row in rows), np.int64, len(rows))),
            _with(self.closes, size, docs, np.fromiter(map(_closing, rows), np.int32, len(rows))),
            _with(self.ranking, size, docs, np.fromiter((row.ranking for row in rows), np.int64, len(rows))),
            self._facets_with(rows, docs, gone, dictionary),
            dictionary,
        )

    def _facets_with(
        self, rows: Sequence[Standing], docs: NDArray[np.int64], gone: Mask, dictionary: Dictionary
    ) -> Mapping[str, Column]:
        packed = [row.facets or b"" for row in rows]
        numbers = np.frombuffer(b"".join(packed), PACKED).astype(np.uint32)
        lengths = np.fromiter((len(one) // PACKED.itemsize for one in packed), np.int64, len(packed))
        owners = np.repeat(docs, lengths).astype(np.int32)
        facet_of = dictionary.facet_of[numbers]
        found = {}
        for at, name in enumerate(dictionary.facets):
            mine = facet_of == at
            found[name] = self.facets.get(name, _EMPTY).changed(gone, owners[mine], numbers[mine])
        return found


async def load(documents: Documents) -> Columns:
    """Everything, read anew in blocks; what is written meanwhile is here or in the changes that follow, or in both."""
    change = await documents.change()
    newest = await documents.newest()
    dictionary, blocks = Dictionary(), list[Columns]()
    for start in range(1, newest + 1, BLOCK):
        rows = await documents.block(start, start + BLOCK)
        dictionary = dictionary.with_values(await documents.values(dictionary.newest))
        blocks.append(Columns().changed(rows, dictionary, change))
    return _joined(blocks, dictionary, change)


async def follow(columns: Columns, documents: Documents) -> Columns:
    """The newest snapshot: the same one when nothing has changed."""
    upto = await documents.change()
    if upto == columns.change:
        return columns
    if not columns.change or await documents.changed(columns.change) > MANY:
        columns = await load(documents)
        upto = await documents.change()
    rows = await documents.changes(columns.change, upto)
    dictionary = columns.dictionary.with_values(await documents.values(columns.dictionary.newest))
    return columns.changed(rows, dictionary, upto) if rows else replace(columns, change=upto)


def _joined(blocks: Sequence[Columns], dictionary: Dictionary, change: int) -> Columns:
    """Blocks of documents as one snapshot; each says nothing about the documents of the others."""
    if not blocks:
        return Columns(change=change, dictionary=dictionary)
    size = max(block.documents for block in blocks)
    whole = Columns(
        change,
        np.zeros(size, np.bool_),
        np.zeros(size, np.int64),
        np.full(size, NEVER, np.int32),
        np.zeros(size, np.int64),
        {
            name: Column(
                np.concatenate([block.facets.get(name, _EMPTY).owner for block in blocks]),
                np.concatenate([block.facets.get(name, _EMPTY).value for block in blocks]),
            )
            for name in dictionary.facets
        },
        dictionary,
    )
    for block in blocks:
        there = np.flatnonzero(block.alive)
        for mine, theirs in (
            (whole.alive, block.alive),
            (whole.modified, block.modified),
            (whole.closes, block.closes),
            (whole.ranking, block.ranking),
        ):
            mine[there] = theirs[there]
    return whole


def _with(column: NDArray[T], size: int, docs: NDArray[np.int64], values: NDArray[T]) -> NDArray[T]:
    """A longer copy of a column with other values at some places."""
    longer = np.zeros(size, column.dtype)
    longer[: len(column)] = column
    longer[docs] = values
    return longer


def _closing(row: Standing) -> int:
    return NEVER if row.closes is None else min(max(row.closes, -NEVER), NEVER)
