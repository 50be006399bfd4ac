"""Serving a log, own or mirrored: the static resources of CHM-Sync 1 section 3 from a `LogReader`.

One function answers every path below a log prefix; the web server, the exporter and the tests all use it, so that
what a static host serves is what a live node serves. Bytes are never rewritten: a mirror appends its cosignature line
to the checkpoint and nothing else. Refuses paths outside the grammar, tiles that the served tree does not have, and
text that was erased.
"""

import hashlib
import re
from enum import Enum

from chmsync import tiles
from chmsync.errors import FormatError
from chmsync.limits import TILE_WIDTH
from chmsync.merkle import leaf_hash
from chmsync.ports import LogReader, LogState, Resource

_RECORD = re.compile(r"record/([0-9a-f]{64})")
_TEXT_SECONDS = 300
_CHECKPOINT_SECONDS = 5
NOTE_TYPE = "text/plain; charset=utf-8"
TILE_TYPE = "application/octet-stream"
BUNDLE_TYPE = "application/x-ndjson"
RECORD_TYPE = "application/ld+json"


class Absence(Enum):
    """Why a path is not served."""

    UNKNOWN = 404
    ERASED = 410


def mirror_name(origin: str) -> str:
    """The folder of a mirrored log: hex SHA-256 of its origin."""
    return hashlib.sha256(origin.encode()).hexdigest()


async def serve(reader: LogReader, origin: str, path: str) -> Resource | Absence:
    """The resource at `path` (no leading slash) of a log, as of its trusted checkpoint."""
    state = await reader.load(origin)
    if state.note is None:
        return Absence.UNKNOWN
    if path == "checkpoint":
        return Resource(state.note, NOTE_TYPE, _CHECKPOINT_SECONDS)
    if match := _RECORD.fullmatch(path):
        return await _record(reader, state, match[1])
    try:
        if path.startswith("records/"):
            return await _record_bundle(reader, state, tiles.parse_index(path.removeprefix("records/")))
        place = tiles.parse_path(path)
    except FormatError:
        return Absence.UNKNOWN
    if isinstance(place, tiles.Bundle):
        return await _entry_bundle(reader, state, place)
    return await _tile(reader, state, place)


async def _record(reader: LogReader, state: LogState, sha256: str) -> Resource | Absence:
    body, erased = await reader.body(state.origin, sha256)
    if body is None:
        return Absence.ERASED if erased else Absence.UNKNOWN
    return Resource(body, RECORD_TYPE, _TEXT_SECONDS)


async def _record_bundle(reader: LogReader, state: LogState, index: int) -> Resource | Absence:
    start = index * TILE_WIDTH
    end = min(start + TILE_WIDTH, state.size)
    if start >= end:
        return Absence.UNKNOWN
    bodies = await reader.bodies(state.origin, start, end, state.size)
    text = b"".join(_line(body) for body in bodies)
    return Resource(text, BUNDLE_TYPE, _TEXT_SECONDS)


def _line(body: bytes | None) -> bytes:
    """One line of a record bundle; text that is not canonical may hold a newline, and is to be had singly."""
    return b"\n" if body is None or b"\n" in body else body + b"\n"


async def _entry_bundle(reader: LogReader, state: LogState, bundle: tiles.Bundle) -> Resource | Absence:
    if bundle.start + bundle.width > state.size:
        return Absence.UNKNOWN
    leaves = await reader.leaf_bytes(state.origin, bundle.start, bundle.start + bundle.width)
    return Resource(tiles.encode_bundle(leaves), TILE_TYPE, None)


async def _tile(reader: LogReader, state: LogState, tile: tiles.Tile) -> Resource | Absence:
    start = tile.index * TILE_WIDTH
    end = start + tile.width
    if end << (8 * tile.level) > state.size:
        return Absence.UNKNOWN
    return Resource(b"".join(await tile_row(reader, state.origin, tile.level, start, end)), TILE_TYPE, None)


async def tile_row(reader: LogReader, origin: str, level: int, start: int, end: int) -> list[bytes]:
    """Hashes `[start, end)` of a tile level; level 0 is hashed from the entries, the others are stored."""
    if level == 0:
        return [leaf_hash(leaf) for leaf in await reader.leaf_bytes(origin, start, end)]
    return await reader.nodes(origin, level, start, end)


async def read_tiles(reader: LogReader, origin: str, wanted: tuple[tiles.Tile, ...]) -> dict[tiles.Tile, bytes]:
    """The bytes of these hash tiles of a stored log, for proofs."""
    found = {}
    for tile in wanted:
        start = tile.index * TILE_WIDTH
        found[tile] = b"".join(await tile_row(reader, origin, tile.level, start, start + tile.width))
    return found
