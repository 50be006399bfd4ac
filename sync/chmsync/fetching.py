"""What a harvest reads from a source, in order and with bounds (CHM-Sync 1 sections 3, 5 and 7).

Owns the shape of requests: entry bundles ahead of their use, the full tile when a partial one is gone, record bundles
or single records, the limit of each answer. Believes nothing of what it reads.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self, TypeVar

import orjson

from chmsync import tiles
from chmsync.errors import FormatError, LogCode, LogRefused
from chmsync.http import Absent
from chmsync.limits import RECORD_BYTES, TILE_WIDTH
from chmsync.merkle import HASH_BYTES
from chmsync.sources import NotServed, Source

T = TypeVar("T")
U = TypeVar("U")

#: Bytes of one entry in a bundle at most: what its 16-bit length can say, and that length (section 10).
_BUNDLE_ITEM = 0xFFFF + 2
_GROWING_LIMIT = TILE_WIDTH * (RECORD_BYTES + 1)


async def ahead(items: AsyncIterator[T], depth: int) -> AsyncGenerator[T, None]:
    """The same items, made up to `depth` ahead of their use by a task of their own."""
    queue: asyncio.Queue[tuple[T | None, BaseException | None]] = asyncio.Queue(depth)

    async def produce() -> None:
        try:
            async for item in items:
                await queue.put((item, None))
        except Exception as error:  # noqa: BLE001 - handed to the consumer, who raises it
            await queue.put((None, error))
        else:
            await queue.put((None, StopAsyncIteration()))

    task = asyncio.create_task(produce())
    try:
        while True:
            item, end = await queue.get()
            if isinstance(end, StopAsyncIteration):
                return
            if end is not None:
                raise end
            yield item  # type: ignore[misc]  # an item, for `end` is None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def mapped(items: AsyncIterator[T], work: Callable[[T], Awaitable[U]], width: int) -> AsyncGenerator[U, None]:
    """What `work` makes of each item, in their order, with `width` of them under way at once."""
    waiting: list[asyncio.Future[U]] = []
    try:
        async for item in items:
            waiting.append(asyncio.ensure_future(work(item)))
            if len(waiting) == width:
                yield await waiting[0]
                waiting.pop(0)
        while waiting:
            yield await waiting[0]
            waiting.pop(0)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def in_order(calls: Iterable[Callable[[], Awaitable[T]]], width: int) -> AsyncGenerator[T, None]:
    """Results of calls in their order, `width` of them under way at once."""
    waiting: list[asyncio.Task[T]] = []
    todo = iter(calls)
    try:
        while True:
            while len(waiting) < width and (call := next(todo, None)) is not None:
                waiting.append(asyncio.ensure_future(call()))
            if not waiting:
                return
            yield await waiting[0]
            waiting.pop(0)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def entries(source: Source, start: int, size: int, width: int) -> AsyncGenerator[tuple[int, list[bytes]], None]:
    """Entries `[start, size)` in order, as runs with the index of their first.

    Raises:
        LogRefused: `BAD_BUNDLE` for a bundle that is not one, else what the source raised.
    """
    calls = (lambda bundle=bundle: _leaves(source, bundle) for bundle in tiles.bundles_of(start, size))
    async with aclosing(in_order(calls, width)) as results:
        async for first, leaves in results:
            skip = max(start - first, 0)
            yield first + skip, leaves[skip:]


async def _leaves(source: Source, bundle: tiles.Bundle) -> tuple[int, list[bytes]]:
    data, width = await _whole_or_part(source, bundle)
    try:
        return bundle.start, tiles.decode_bundle(data, width)[: bundle.width]
    except FormatError as error:
        raise LogRefused(LogCode.BAD_BUNDLE, f"{bundle.path()} of {source.name}: {error}") from error


async def _whole_or_part(source: Source, place: tiles.Bundle | tiles.Tile) -> tuple[bytes, int]:
    """A tile or bundle; when the partial one is gone, the full one that replaced it."""
    item = _BUNDLE_ITEM if isinstance(place, tiles.Bundle) else HASH_BYTES
    try:
        return await source.fetch(place.path(), item * place.width), place.width
    except Absent:
        if place.width == TILE_WIDTH:
            raise
    path = place.path().rpartition(".p/")[0]
    return await source.fetch(path, item * TILE_WIDTH), TILE_WIDTH


async def hash_tiles(source: Source, wanted: Iterable[tiles.Tile], width: int) -> dict[tiles.Tile, bytes]:
    """These hash tiles, as served."""
    places = list(wanted)
    calls = (lambda tile=tile: _whole_or_part(source, tile) for tile in places)
    found: dict[tiles.Tile, bytes] = {}
    async with aclosing(in_order(calls, width)) as results:
        async for data, _ in results:
            tile = places[len(found)]
            found[tile] = data[: tile.width * HASH_BYTES]
    return found


class Text(Protocol):
    """The text that a put names; an `Entry` does, too."""

    @property
    def sha256(self) -> str | None:
        """Its hash."""

    @property
    def size(self) -> int | None:
        """Its length in bytes."""


class Put(NamedTuple):
    """What an entry says of the text to fetch."""

    sha256: str
    size: int

    @classmethod
    def of(cls, leaf: bytes) -> Self:
        """Read it from a leaf whose shape is known to be good; this is done for every entry of a log."""
        members = orjson.loads(leaf)
        return cls(members["sha256"], members["size"])


@dataclass(frozen=True, slots=True)
class Block:
    """The part of one record bundle that a batch wants.

    Args:
        index: of the bundle.
        puts: every put of the bundle's 256 entries, by log index.
        wanted: those whose text we need.
        growing: whether the log may still add to this bundle.
    """

    index: int
    puts: Mapping[int, Text]
    wanted: Mapping[int, Text]
    growing: bool

    @property
    def limit(self) -> int:
        """Bytes of the bundle at most (section 10)."""
        if self.growing:
            return _GROWING_LIMIT
        return sum(put.size or 0 for put in self.puts.values()) + TILE_WIDTH

    async def bundle(self, source: Source) -> dict[int, bytes]:
        """What the source's bundle holds for the wanted entries; empty lines are left out."""
        data = await source.fetch(tiles.records_path(self.index), self.limit)
        lines = data.split(b"\n", TILE_WIDTH)[:-1]  # what follows the last newline is no line
        first = self.index * TILE_WIDTH
        return {
            index: lines[index - first] for index in self.wanted if index - first < len(lines) and lines[index - first]
        }


async def record(source: Source, put: Text) -> bytes | None:
    """One record by its hash; None if this source does not give it."""
    try:
        return await source.fetch(f"record/{put.sha256}", put.size or 0)
    except NotServed:
        return None
