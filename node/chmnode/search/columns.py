"""The index in memory: what searches filter, count, score and sort by, as arrays.

Owns `Columns`, a frozen snapshot of all documents at one change of the index, and how a newer one is made from it and
what has changed since. The database remains the truth: a process that starts reads everything anew, in blocks, and a
change committed by any process is seen by the next search. Positions in the arrays are document numbers; number 0
belongs to no document. Values stand sorted, with the documents of each side by side (`Postings`); what was written
since they were sorted stands apart, until it is much. Pure, but for `load` and `follow`, which read.
"""

import asyncio
import ctypes
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from chmnode.storage import Documents, Standing
from chmnode.storage.documents import PACKED

Mask: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.uint32]
T = TypeVar("T", bound=np.generic)

#: Documents read at a time; a node has no more in memory as Python objects.
BLOCK: Final = 20_000
#: More changed documents than this are read by loading everything anew.
MANY: Final = 50_000
#: Documents written since the values were sorted, and their share of all, from which on they are sorted again.
UNSORTED: Final = 2_000
UNSORTED_SHARE: Final = 0.05
#: Bytes from which on an array is mapped on its own; glibc's name for that.
MAPPED: Final = 1 << 20
_M_MMAP_THRESHOLD: Final = -3
#: Closing day of what never closes.
NEVER: Final = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Pairs:
    """Documents and numbers of their values, side by side."""

    owner: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    value: Numbers = field(default_factory=lambda: np.zeros(0, np.uint32))

    @classmethod
    def of(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """Several as one."""
        return cls(np.concatenate([one.owner for one in parts]), np.concatenate([one.value for one in parts]))

    def where(self, kept: Mask) -> "Pairs":
        """Some of these."""
        return Pairs(self.owner[kept], self.value[kept])


@dataclass(frozen=True, slots=True)
class Postings:
    """Values of one facet, ascending, each with its documents: of `numbers[i]` from `starts[i]` to `starts[i + 1]`."""

    numbers: Numbers
    starts: NDArray[np.int64]
    owner: NDArray[np.int32]

    @classmethod
    def of(cls, pairs: Pairs) -> "Postings":
        """Sort pairs."""
        order = np.argsort(pairs.value, kind="stable")
        numbers, starts = np.unique(pairs.value[order], return_index=True)
        return cls(numbers, np.append(starts, len(order)), pairs.owner[order])

    @property
    def pairs(self) -> Pairs:
        """The same as pairs."""
        return Pairs(self.owner, np.repeat(self.numbers, np.diff(self.starts)))

    def documents(self, numbers: Iterable[int]) -> NDArray[np.int32]:
        """The documents that have one of these values."""
        wanted = np.fromiter(numbers, np.uint32)
        places = np.searchsorted(self.numbers, wanted)
        inside = places < len(self.numbers)
        found = places[inside][self.numbers[places[inside]] == wanted[inside]]
        parts = [self.owner[self.starts[at] : self.starts[at + 1]] for at in found]
        return np.concatenate(parts) if parts else np.zeros(0, np.int32)

    def counts(self, mask: Mask) -> dict[int, int]:
        """How many documents of a mask have each value that any has."""
        if not len(self.numbers):
            return {}
        found = np.add.reduceat(mask[self.owner], self.starts[:-1], dtype=np.int64)
        some = np.flatnonzero(found)
        return dict(zip(self.numbers[some].tolist(), found[some].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Column:
    """One facet of all documents: sorted, and what was written since."""

    sorted: Postings = field(default_factory=lambda: Postings.of(Pairs()))
    since: Pairs = field(default_factory=Pairs)

    def having(self, numbers: Sequence[int], rewritten: Mask) -> Mask:
        """Which documents have one of these values; of `rewritten` ones only what was written since counts."""
        mask = np.zeros(len(rewritten), np.bool_)
        mask[self.sorted.documents(numbers)] = True
        mask &= ~rewritten
        mask[self.since.owner[np.isin(self.since.value, numbers)]] = True
        return mask

    def counts(self, mask: Mask, rewritten: Mask) -> dict[int, int]:
        """How many documents of the mask have each value, by number."""
        counts = self.sorted.counts(mask & ~rewritten)
        numbers, found = np.unique(self.since.value[mask[self.since.owner]], return_counts=True)
        for number, count in zip(numbers.tolist(), found.tolist(), strict=True):
            counts[number] = counts.get(number, 0) + count
        return counts

    def changed(self, gone: Mask, pairs: Pairs) -> "Column":
        """Without what was written of some documents, and with other pairs."""
        return Column(self.sorted, Pairs.of((self.since.where(~gone[self.since.owner]), pairs)))

    def resorted(self, rewritten: Mask) -> "Column":
        """The same, all sorted."""
        before = self.sorted.pairs
        return Column(Postings.of(Pairs.of((before.where(~rewritten[before.owner]), self.since))))


_EMPTY: Final = Column()


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

    def by_facet(self, pairs: Pairs) -> dict[str, Pairs]:
        """Pairs by the facets of their values."""
        facet_of = self.facet_of[pairs.value]
        order = np.argsort(facet_of, kind="stable")
        bounds = np.searchsorted(facet_of[order], np.arange(len(self.facets) + 1))
        places = (order[bounds[at] : bounds[at + 1]] for at in range(len(self.facets)))
        return {
            name: Pairs(pairs.owner[place], pairs.value[place]) for name, place in zip(self.facets, places, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Columns:
    """All documents at one change of the index."""

    change: int = 0
    #: Whether there is such a document.
    alive: Mask = field(default_factory=lambda: np.zeros(1, np.bool_))
    #: Whether it was written since the values were sorted.
    rewritten: Mask = field(default_factory=lambda: np.zeros(1, np.bool_))
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
        known = [number for number in numbers if number is not None]
        return self.facets.get(facet, _EMPTY).having(known, self.rewritten)

    def counts(self, facet: str, mask: Mask) -> dict[str, int]:
        """How many documents of a mask have each value of a facet, for those that any has."""
        found = self.facets.get(facet, _EMPTY).counts(mask, self.rewritten)
        return {self.dictionary.texts[number]: count for number, count in found.items()}

    def changed(self, rows: Sequence[Standing], dictionary: Dictionary, change: int) -> "Columns":
        """The snapshot after these documents were written; each is here once, as it is now."""
        return self.with_written(Written.of(rows), dictionary, change)

    def with_written(self, written: "Written", dictionary: Dictionary, change: int) -> "Columns":
        """The same, of documents that were read as arrays."""
        docs = written.docs
        size = max(self.documents, int(docs.max(initial=0)) + 1)
        gone = np.zeros(size, np.bool_)
        gone[docs] = True
        pairs = dictionary.by_facet(written.pairs)
        columns = Columns(
            change,
            _with(self.alive, size, docs, written.there),
            _with(self.rewritten, size, docs, np.ones(len(docs), np.bool_)),
            _with(self.modified, size, docs, written.modified),
            _with(self.closes, size, docs, written.closes),
            _with(self.ranking, size, docs, written.ranking),
            {name: self.facets.get(name, _EMPTY).changed(gone, found) for name, found in pairs.items()},
            dictionary,
        )
        unsorted = int(np.count_nonzero(columns.rewritten))
        return columns.resorted() if unsorted > max(UNSORTED, UNSORTED_SHARE * size) else columns

    def resorted(self) -> "Columns":
        """The same, with everything sorted."""
        facets = {name: column.resorted(self.rewritten) for name, column in self.facets.items()}
        return replace(self, facets=facets, rewritten=np.zeros_like(self.rewritten))


@dataclass(frozen=True, slots=True)
class Written:
    """Documents as rows have them, each once."""

    docs: NDArray[np.int64]
    #: Whether each can be found; otherwise it left.
    there: Mask
    modified: NDArray[np.int64]
    closes: NDArray[np.int32]
    ranking: NDArray[np.int64]
    pairs: Pairs

    @classmethod
    def of(cls, rows: Sequence[Standing]) -> "Written":
        """Read rows."""
        doc, packed, modified, closes, ranking = zip(*rows, strict=True) if rows else ((),) * 5
        docs = np.array(doc, np.int64)
        texts = [one or b"" for one in packed]
        lengths = np.array([len(one) // PACKED.itemsize for one in texts], np.int64)
        numbers = np.frombuffer(b"".join(texts), PACKED).astype(np.uint32)
        return cls(
            docs,
            np.array([one is not None for one in packed], np.bool_),
            np.array(modified, np.int64),
            np.array([_closing(day) for day in closes], np.int32),
            np.array(ranking, np.int64),
            Pairs(np.repeat(docs, lengths).astype(np.int32), numbers),
        )

    @classmethod
    def joined(cls, parts: Sequence["Written"]) -> "Written":
        """Several as one."""
        return cls(
            np.concatenate([one.docs for one in parts]),
            np.concatenate([one.there for one in parts]),
            np.concatenate([one.modified for one in parts]),
            np.concatenate([one.closes for one in parts]),
            np.concatenate([one.ranking for one in parts]),
            Pairs.of([one.pairs for one in parts]),
        )


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Blocks of documents on their way to a snapshot, their values by facet, so that one facet is sorted at a time."""

    blocks: list[Written] = field(default_factory=lambda: [Written.of(())])
    pairs: dict[str, list[Pairs]] = field(default_factory=dict)

    def add(self, rows: Sequence[Standing], dictionary: Dictionary) -> None:
        """One more block."""
        block = Written.of(rows)
        for name, found in dictionary.by_facet(block.pairs).items():
            self.pairs.setdefault(name, []).append(found)
        self.blocks.append(replace(block, pairs=Pairs()))

    def columns(self, dictionary: Dictionary, change: int) -> Columns:
        """The snapshot; what was gathered is used up."""
        columns = Columns().with_written(Written.joined(self.blocks), dictionary, change)
        facets = {name: Column(Postings.of(Pairs.of(self.pairs.pop(name)))) for name in list(self.pairs)}
        return replace(columns, facets=facets, rewritten=np.zeros_like(columns.rewritten))


async def load(documents: Documents) -> Columns:
    """Everything, read anew in blocks; what is written meanwhile is here or in the changes that follow, or in both."""
    _memory("mallopt", _M_MMAP_THRESHOLD, MAPPED)
    change = await documents.change()
    newest = await documents.newest()
    gathered, dictionary = _Gathered(), Dictionary()
    for start in range(1, newest + 1, BLOCK):
        rows = await documents.block(start, start + BLOCK)
        dictionary = dictionary.with_values(await documents.values(dictionary.newest))
        await asyncio.to_thread(gathered.add, rows, dictionary)
    columns = await asyncio.to_thread(gathered.columns, dictionary, change)
    _memory("malloc_trim", 0)
    return columns


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
    return await asyncio.to_thread(lambda: columns.changed(rows, dictionary, upto))


def _memory(function: str, *arguments: int) -> None:
    """Tell glibc, where that is what allocates, to map large arrays on their own, or to give back what is free.

    It raises its threshold to the size of whatever was freed: what was sorted once would stay with us for ever.
    """
    with suppress(OSError, AttributeError):
        getattr(ctypes.CDLL("libc.so.6"), function)(*arguments)


def _with(column: NDArray[T], size: int, docs: NDArray[np.int64], values: NDArray[T]) -> NDArray[T]:
    """A longer copy of a column with other values at some places."""
    longer = np.zeros(size, column.dtype)
    longer[: len(column)] = column
    longer[docs] = values
    return longer


def _closing(day: int | None) -> int:
    return NEVER if day is None else min(max(day, -NEVER), NEVER)
