"""How a stored tree grows: the compact range over it and the hashes of its full tiles (RFC 6962, C2SP tlog-tiles).

The sequencer and the harvester append entries in the same way; both keep, beside the entries, the root of every full
tile, so that any tile can be served and any proof made by reading a few rows. Pure but for `Growth.load`, which reads
at most one partial tile per level.
"""

from collections.abc import Sequence
from typing import Protocol, Self

from chmsync.limits import TILE_WIDTH
from chmsync.merkle import CompactRange, leaf_hash, root_of
from chmsync.ports import Node


class RowReader(Protocol):
    """Reads back hashes of one tile level of one log."""

    async def __call__(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Hashes `[start, end)` of a tile level; level 0 are leaf hashes."""


class Growth:
    """A tree under append: its frontier, and the open tile of each level."""

    def __init__(self, frontier: CompactRange, open_tiles: Sequence[Sequence[bytes]]) -> None:
        self.frontier = frontier
        self._open = [list(row) for row in open_tiles]

    @classmethod
    async def load(cls, frontier: CompactRange, row: RowReader) -> Self:
        """Resume at a stored tree."""
        tiles, width, level = [], frontier.size, 0
        while width:
            start = width - width % TILE_WIDTH
            tiles.append(await row(level, start, width) if start < width else [])
            width, level = width // TILE_WIDTH, level + 1
        return cls(frontier, tiles)

    def add(self, leaves: Sequence[bytes]) -> list[Node]:
        """Append entries; the nodes of all tiles that became full, lower levels first."""
        hashes = [leaf_hash(leaf) for leaf in leaves]
        size = self.frontier.size
        self.frontier = self.frontier.extend(hashes)
        return self._fill(0, size, hashes)

    def agrees(self) -> bool:
        """Whether the open tiles, as stored, are those under the frontier: its root can be made from them alone."""
        roots: list[bytes] = []
        for row in self._open:  # rows of higher tiles lie to the left of lower ones
            roots = [*CompactRange().extend(row).hashes, *roots]
        return CompactRange(self.frontier.size, tuple(roots)) == self.frontier

    def _fill(self, level: int, start: int, hashes: Sequence[bytes]) -> list[Node]:
        if level == len(self._open):
            self._open.append([])
        row = self._open[level]
        first = start - len(row)
        row.extend(hashes)
        full = [root_of(row[at : at + TILE_WIDTH]) for at in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)]
        del row[: len(full) * TILE_WIDTH]
        if not full:
            return []
        index = first // TILE_WIDTH
        nodes = [Node(level + 1, index + offset, node) for offset, node in enumerate(full)]
        return nodes + self._fill(level + 1, index, full)
