"""Tiles: a log as a set of static files, and proofs computed from them (C2SP tlog-tiles).

Owns the grammar of tile paths, the form of tiles and entry bundles, and which of them a tree of a given size
has. Refuses any other spelling of a path, a tile or bundle of another length than its name says, and tiles
that do not join up to the root. Fetches nothing: functions name the tiles they need, and get their bytes in a
mapping.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from chmsync.errors import FormatError
from chmsync.limits import TILE_WIDTH
from chmsync.merkle import (
    HASH_BYTES,
    CompactRange,
    Range,
    consistency_ranges,
    inclusion_ranges,
    root_of,
    split_hashes,
    subtrees,
)

#: Binary levels of the tree in one tile: 2^8 = 256 hashes.
TILE_HEIGHT = 8
MAX_LEVEL = 63
#: Bytes of an entry as far as a bundle's 16-bit length can say.
MAX_LEAF = 65_535

_INDEX = re.compile(r"(?:x[0-9]{3}/){0,6}[0-9]{3}")
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/([x0-9/]+?)(?:\.p/([1-9][0-9]{0,2}))?")


def index_path(number: int) -> str:
    """Write an index in path elements of three digits, all but the last with an x: `x001/x234/067`."""
    groups = f"{number:,}".split(",")
    return "/".join([f"x{group:0>3}" for group in groups[:-1]] + [f"{groups[-1]:0>3}"])


def parse_index(text: str) -> int:
    """Read what `index_path` writes, and nothing else."""
    if _INDEX.fullmatch(text) is None or index_path(number := int(re.sub("[x/]", "", text))) != text:
        raise FormatError(f"not the index of a tile: {text[:80]!r}")
    return number


def records_path(number: int) -> str:
    """Name the record bundle beside an entry bundle (CHM-Sync 1 section 3)."""
    return f"records/{index_path(number)}"


def _suffix(width: int) -> str:
    return f".p/{width}" if width < TILE_WIDTH else ""


def _require_width(width: int) -> None:
    if not 1 <= width <= TILE_WIDTH:
        raise FormatError(f"not the width of a tile: {width}")


@dataclass(frozen=True, slots=True)
class Tile:
    """A row of up to 256 hashes; at level 0 of leaves, above of full tiles of the level below."""

    level: int
    index: int
    width: int

    def __post_init__(self) -> None:
        _require_width(self.width)
        if not 0 <= self.level <= MAX_LEVEL or self.index < 0:
            raise FormatError(f"no tile has level {self.level} and index {self.index}")

    def path(self) -> str:
        """Name the tile below a log's prefix."""
        return f"tile/{self.level}/{index_path(self.index)}{_suffix(self.width)}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Up to 256 entries: those that the tile of level 0 with the same index and width hashes."""

    index: int
    width: int

    def __post_init__(self) -> None:
        _require_width(self.width)
        if self.index < 0:
            raise FormatError(f"no bundle has index {self.index}")

    @property
    def start(self) -> int:
        """The log index of its first entry."""
        return self.index * TILE_WIDTH

    def path(self) -> str:
        """Name the bundle below a log's prefix."""
        return f"tile/entries/{index_path(self.index)}{_suffix(self.width)}"


def parse_path(path: str) -> Tile | Bundle:
    """Read the path of a tile or bundle; FormatError for every spelling but the one that `path()` gives."""
    match = _PATH.fullmatch(path)
    if match is None or match[3] == str(TILE_WIDTH):
        raise FormatError(f"not the path of a tile: {path[:80]!r}")
    index, width = parse_index(match[2]), int(match[3] or TILE_WIDTH)
    return Bundle(index, width) if match[1] == "entries" else Tile(int(match[1]), index, width)


def encode_bundle(leaves: Iterable[bytes]) -> bytes:
    """Write entries as a bundle: each after its length in two bytes."""
    parts = list[bytes]()
    for leaf in leaves:
        if len(leaf) > MAX_LEAF:
            raise FormatError(f"an entry of {len(leaf)} bytes does not fit into a bundle")
        parts += (len(leaf).to_bytes(2), leaf)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Read a bundle of exactly that many entries."""
    leaves = list[bytes]()
    end = 0
    for _ in range(width):
        start = end + 2
        end = start + int.from_bytes(data[end:start])
        leaves.append(data[start:end])
    # Whatever is missing above leaves the end beyond the data.
    if end != len(data):
        raise FormatError(f"a bundle of {len(data)} bytes that are not {width} entries")
    return leaves


def partial_width(level: int, size: int) -> int:
    """Say how many hashes the partial tile of a level has in a tree of that size; 0 if there is none."""
    return (size >> TILE_HEIGHT * level) % TILE_WIDTH


def _width(level: int, index: int, size: int) -> int:
    """Say how wide a tile is in a tree of that size; below 1 if the tree does not reach it."""
    return min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH)


def _tile(level: int, index: int, size: int) -> Tile:
    """Give the tile as it is in a tree of that size."""
    return Tile(level, index, _width(level, index, size))


def tiles_of(size: int) -> Iterator[Tile]:
    """Name every hash tile of a tree, level by level."""
    level = 0
    while hashes := size >> TILE_HEIGHT * level:
        for index in range((hashes + TILE_WIDTH - 1) // TILE_WIDTH):
            yield _tile(level, index, size)
        level += 1


def bundles_of(start: int, size: int) -> Iterator[Bundle]:
    """Name the bundles that hold the entries from `start` up to the size of the tree."""
    for first in range(start - start % TILE_WIDTH, size, TILE_WIDTH):
        yield Bundle(first // TILE_WIDTH, min(TILE_WIDTH, size - first))


def tile_hashes(tile: Tile, data: bytes) -> list[bytes]:
    """Read a tile's hashes."""
    if len(data) != tile.width * HASH_BYTES:
        raise FormatError(f"{tile.path()} has {len(data)} bytes, not {tile.width * HASH_BYTES}")
    return split_hashes(data)


def _locate(level: int, index: int, size: int) -> tuple[Tile, slice]:
    """Say which hashes of which tile make up a complete subtree."""
    tile_level, height = divmod(level, TILE_HEIGHT)
    tile_index, first = divmod(index << height, TILE_WIDTH)
    return _tile(tile_level, tile_index, size), slice(first, first + (1 << height))


def _tiles_for(ranges: Iterable[Range], size: int) -> tuple[Tile, ...]:
    """Name the tiles that give the hashes of these ranges, each once."""
    return tuple(dict.fromkeys(_locate(*node, size)[0] for span in ranges for node in subtrees(*span)))


def _node(level: int, index: int, size: int, tiles: Mapping[Tile, bytes]) -> bytes:
    """Compute the hash of a complete subtree."""
    tile, part = _locate(level, index, size)
    if tile not in tiles:
        raise FormatError(f"{tile.path()} is needed and not there")
    return root_of(tile_hashes(tile, tiles[tile])[part])


def _range_hash(span: Range, size: int, tiles: Mapping[Tile, bytes]) -> bytes:
    """Compute the hash of a range of a proof or of the whole tree."""
    hashes = tuple(_node(level, index, size, tiles) for level, index in subtrees(*span))
    return CompactRange(span[1] - span[0], hashes).root()


def inclusion_tiles(index: int, size: int) -> tuple[Tile, ...]:
    """Name the tiles that `inclusion_proof` needs."""
    return _tiles_for(inclusion_ranges(index, size), size)


def inclusion_proof(index: int, size: int, tiles: Mapping[Tile, bytes]) -> list[bytes]:
    """Prove that an entry is in the tree of that size."""
    return [_range_hash(span, size, tiles) for span in inclusion_ranges(index, size)]


def consistency_tiles(size1: int, size2: int) -> tuple[Tile, ...]:
    """Name the tiles that `consistency_proof` needs; they are tiles of the larger tree."""
    return _tiles_for(consistency_ranges(size1, size2), size2)


def consistency_proof(size1: int, size2: int, tiles: Mapping[Tile, bytes]) -> list[bytes]:
    """Prove that the tree of the first size has grown into that of the second."""
    return [_range_hash(span, size2, tiles) for span in consistency_ranges(size1, size2)]


def root_tiles(size: int) -> tuple[Tile, ...]:
    """Name the tiles that `root_from_tiles` needs: the partial one of each level."""
    return _tiles_for([(0, size)], size)


def root_from_tiles(size: int, tiles: Mapping[Tile, bytes]) -> bytes:
    """Compute the root of the tree of that size."""
    return _range_hash((0, size), size, tiles)


def with_parents(wanted: Iterable[Tile], size: int) -> tuple[Tile, ...]:
    """Add to tiles of a tree what `authenticate` needs to reach its root from them."""
    found = dict.fromkeys(root_tiles(size))
    for tile in wanted:
        found[tile] = None
        while tile.width == TILE_WIDTH:
            tile = _tile(tile.level + 1, tile.index // TILE_WIDTH, size)  # noqa: PLW2901 - climbing
            found[tile] = None
    return tuple(found)


def authenticate(size: int, root: bytes, tiles: Mapping[Tile, bytes]) -> None:
    """Check that every given tile is of the tree of that size and root; FormatError names one that is not.

    The partial tiles together are the root, and a full tile hashes to one place of a tile of the next level.
    The parents of given tiles must therefore be given too, up to the partial ones.
    """
    if root_from_tiles(size, tiles) != root:
        raise FormatError(f"the partial tiles do not lead to the root of the {size} leaves")
    for tile, data in tiles.items():
        if tile.width != _width(tile.level, tile.index, size):
            raise FormatError(f"{tile.path()} is no tile of a tree of {size} leaves")
        if tile.width == TILE_WIDTH:
            own, above = root_of(tile_hashes(tile, data)), TILE_HEIGHT * (tile.level + 1)
            if own != _node(above, tile.index, size, tiles):
                raise FormatError(f"{tile.path()} does not hash to its place in the level above")
