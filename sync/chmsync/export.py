"""Export: the logs of a node as static files, for any web host or a memory stick (CHM-Sync 1 sections 3 and 9).

Owns the order in which files appear. What stands in them is `chmsync.mirror`'s, so a static host serves what a live
node serves, as of one checkpoint. A file is written under another name and moved into its place; a log's checkpoint
comes last, when all it names is on disk; what no longer belongs goes after that: partial tiles whose full one is there,
and text that was erased or is not served any more. Refuses to write over a newer tree, another history or another log,
and never touches what the URL grammar does not name.
"""

import os
import shutil
import sys
from abc import ABC, abstractmethod
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from chmsync import tiles
from chmsync.archive import ArchiveWriter
from chmsync.checkpoint import Checkpoint
from chmsync.entry import Entry
from chmsync.errors import FormatError, LogRefused, RecordRefused, SyncError
from chmsync.http import Absent
from chmsync.limits import TILE_WIDTH, Limits
from chmsync.merkle import EMPTY_ROOT
from chmsync.mirror import Absence, mirror_name, read_tiles, serve
from chmsync.note import Note
from chmsync.ports import LogReader, LogState, Resource
from chmsync.sources import OfflineTree, open_tree

#: Told the origin of a log, entries exported, and entries to export.
Progress = Callable[[str, int, int], None]

_CHECKPOINT: Final = "checkpoint"
#: Where files of a directory are written before they are moved into place; whoever has it locked exports.
_STAGING: Final = ".export"
#: First parts of paths that are not for documents.
_RESERVED: Final = frozenset({"log", "mirror", _STAGING})


class ExportRefused(SyncError):
    """What is at the target must not be, or cannot be, written over; the sentence says why, and the mend."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did.

    Attributes:
        logs: origin and size of each log.
        written: files that are new or differ from what was there.
        kept: files that were there already.
        removed: files that do not belong any more.
        strangers: folders of mirrored logs at the target that are not ours to renew; left as they are.
    """

    logs: tuple[tuple[str, int], ...]
    written: int
    kept: int
    removed: int
    strangers: tuple[str, ...]


async def export(
    reader: LogReader,
    own: str,
    target: Path,
    documents: Mapping[str, bytes],
    *,
    mirrors: Sequence[str] | None = None,
    progress: Progress = lambda _origin, _done, _size: None,
) -> Exported:
    """Write logs and documents to a directory, or to a ZIP archive if the target's name ends in `.zip`.

    Args:
        reader: where the logs are.
        own: origin of the node's own log.
        target: renewed if it exists.
        documents: what stands beside the logs, by path from the web root.
        mirrors: origins of the mirrored logs to export; None for all that the reader has.
        progress: told after every block of entries.

    Raises:
        ExportRefused: nothing of a log has been changed if it is because of what is there.
    """
    _require_beside(documents)
    await to_thread(_require_free, target)
    others = [origin for origin in await reader.origins() if origin != own] if mirrors is None else mirrors
    logs = [await _Log.open(reader, own, "log")]
    logs += [await _Log.open(reader, origin, f"mirror/{mirror_name(origin)}") for origin in sorted(others)]
    try:
        with _open(target) as place:
            strangers = await _require_older(target, logs)
            for name in sorted(documents):
                await to_thread(place.write, name, documents[name])
            for log in logs:
                await log.write(place, progress)
            return Exported(
                tuple((log.state.origin, log.state.size) for log in logs),
                place.written,
                place.kept,
                place.removed,
                strangers,
            )
    except OSError as error:
        raise ExportRefused(f"{target}: {error.strerror or error}") from error


def _require_beside(documents: Mapping[str, bytes]) -> None:
    for name in documents:
        parts = PurePosixPath(name).parts
        if (
            not parts
            or not name.isascii()
            or name != "/".join(parts)
            or {"..", "/"} & {*parts}
            or parts[0] in _RESERVED
        ):
            raise ExportRefused(f"{name!r} is no path of a document beside the logs")


def _require_free(target: Path) -> None:
    """Refuse a folder with something in it that no export has left, not even one that was broken off."""
    if target.suffix.lower() == ".zip" or not target.is_dir():
        return
    ours = (_STAGING, "log/checkpoint", "log/tile", "mirror/*/checkpoint", "mirror/*/tile")
    if any(target.iterdir()) and not any(any(target.glob(name)) for name in ours):
        raise ExportRefused(f"{target} has files that are no export: give an empty folder")


# -- what is there already -------------------------------------------------------------------------------------------


async def _require_older(target: Path, logs: Sequence["_Log"]) -> tuple[str, ...]:
    """Refuse a target whose logs are not earlier states of ours; the mirrored logs there that we do not have."""
    if not await to_thread(target.exists):
        return ()
    try:
        with await to_thread(open_tree, target) as tree:
            for log in logs:
                await log.require_grown(tree)
            ours = {log.prefix for log in logs}
            return tuple(sorted(set(tree.mirrors()) - ours))
    except (FormatError, LogRefused) as error:
        raise ExportRefused(f"{error}; export to another place, or remove it") from error


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A log as of one state, while it grows."""

    reader: LogReader
    state: LogState

    async def load(self, origin: str) -> LogState:
        assert origin == self.state.origin
        return self.state

    async def origins(self) -> list[str]:
        return [self.state.origin]

    async def leaf_bytes(self, origin: str, start: int, end: int) -> list[bytes]:
        return await self.reader.leaf_bytes(origin, start, end)

    async def nodes(self, origin: str, level: int, start: int, end: int) -> list[bytes]:
        return await self.reader.nodes(origin, level, start, end)

    async def bodies(self, origin: str, start: int, end: int, size: int) -> list[bytes | None]:
        return await self.reader.bodies(origin, start, end, size)

    async def body(self, origin: str, sha256: str) -> tuple[bytes | None, bool]:
        return await self.reader.body(origin, sha256)


@dataclass(frozen=True, slots=True)
class _Log:
    """One log on its way to its prefix."""

    reader: LogReader
    state: LogState
    prefix: str

    @classmethod
    async def open(cls, reader: LogReader, origin: str, prefix: str) -> "_Log":
        state = await reader.load(origin)
        if state.note is None:
            raise ExportRefused(f"{origin} has no checkpoint yet; there is nothing to export")
        return cls(_Snapshot(reader, state), state, prefix)

    async def require_grown(self, tree: OfflineTree) -> None:
        """Refuse unless the log there, if any, is this one at this size or before."""
        name = f"{self.prefix}/{_CHECKPOINT}"
        try:
            there = Checkpoint.parse(Note.parse(await to_thread(tree.read, name, Limits().note_bytes)).text)
        except Absent:
            return
        if there.origin != self.state.origin:
            raise FormatError(f"{name} there is of {there.origin!r}, not of {self.state.origin!r}")
        if there.size > self.state.size:
            raise FormatError(f"{name} there has {there.size} entries, more than the {self.state.size} that we have")
        if there.root != await self._root_at(there.size):
            raise FormatError(f"{name} there is of another history of {there.origin!r}: two trees of {there.size}")

    async def _root_at(self, size: int) -> bytes:
        if size == 0:
            return EMPTY_ROOT
        return tiles.root_from_tiles(size, await read_tiles(self.reader, self.state.origin, tiles.root_tiles(size)))

    async def write(self, place: "_Place", progress: Progress) -> None:
        """Everything below the prefix, the checkpoint last."""
        outdated: list[str] = []
        for bundle in tiles.bundles_of(0, self.state.size):
            async for path, found in self._block(bundle):
                if isinstance(found, Resource):
                    await to_thread(place.write, f"{self.prefix}/{path}", found.body)
                elif place.has(f"{self.prefix}/{path}"):
                    outdated.append(f"{self.prefix}/{path}")
            progress(self.state.origin, bundle.start + bundle.width, self.state.size)
        for tile in tiles.tiles_of(self.state.size):
            await to_thread(place.write, f"{self.prefix}/{tile.path()}", (await self._served(tile.path())).body)
        checkpoint = await self._served(_CHECKPOINT)
        await to_thread(place.publish, f"{self.prefix}/{_CHECKPOINT}", checkpoint.body)
        await to_thread(place.remove, [*outdated, *self._partials(place)])

    async def _block(self, bundle: tiles.Bundle) -> AsyncIterator[tuple[str, Resource | Absence]]:
        """Entry bundle, record bundle and single records of up to 256 entries; absent ones only of records."""
        entries = await self._served(bundle.path())
        yield bundle.path(), entries
        records = await self._served(tiles.records_path(bundle.index))
        yield tiles.records_path(bundle.index), records
        lines = records.body.split(b"\n")
        for leaf, line in zip(tiles.decode_bundle(entries.body, bundle.width), lines, strict=False):
            digest = _named(leaf)
            if digest is None:
                continue
            if sha256(line).hexdigest() == digest:
                yield f"record/{digest}", Resource(line, "", None)
            else:
                yield f"record/{digest}", await serve(self.reader, self.state.origin, f"record/{digest}")

    async def _served(self, path: str) -> Resource:
        found = await serve(self.reader, self.state.origin, path)
        if isinstance(found, Absence):
            raise ExportRefused(f"{self.state.origin} does not give {path}: the store is damaged; run `chm check`")
        return found

    def _partials(self, place: "_Place") -> Iterator[str]:
        """The folders of partial tiles and bundles that are full now."""
        full = (item.path() for item in _all_of(self.state.size) if item.width == TILE_WIDTH)
        return (name for path in full if place.has(name := f"{self.prefix}/{path}.p"))


def _all_of(size: int) -> Iterator[tiles.Tile | tiles.Bundle]:
    yield from tiles.tiles_of(size)
    yield from tiles.bundles_of(0, size)


def _named(leaf: bytes) -> str | None:
    """Hash of the record that an entry puts; None if it puts none."""
    try:
        return Entry.parse(leaf).sha256
    except RecordRefused:
        return None


# -- where it goes ---------------------------------------------------------------------------------------------------


class _Place(ABC):
    """Takes the files of a tree. Its methods block."""

    def __init__(self) -> None:
        self.written = 0
        self.kept = 0
        self.removed = 0

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """One file, unless it stands there already."""

    @abstractmethod
    def publish(self, name: str, data: bytes) -> None:
        """One file that must not be seen, also after a power loss, before all that were written earlier."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file or folder of that name was there before."""

    @abstractmethod
    def remove(self, names: Sequence[str]) -> None:
        """Files, or folders of partial tiles, that `has` has seen."""


class _Directory(_Place):
    """A web root in the file system."""

    def __init__(self, root: Path, staging: Path) -> None:
        super().__init__()
        self._root = root
        self._new = staging / "new"

    def write(self, name: str, data: bytes) -> None:
        place = self._root / name
        if _holds(place, data):
            self.kept += 1
            return
        self._new.write_bytes(data)
        self._move(place)

    def publish(self, name: str, data: bytes) -> None:
        place = self._root / name
        if _holds(place, data):
            self.kept += 1
            return
        _sync_all()
        with self._new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._move(place)
        _sync_folder(place.parent)

    def _move(self, place: Path) -> None:
        try:
            self._new.replace(place)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._new.replace(place)
        self.written += 1

    def has(self, name: str) -> bool:
        return (self._root / name).exists()

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            place = self._root / name
            files = [place] if place.is_file() else list(place.iterdir())
            for file in files:
                file.unlink(missing_ok=True)
            self.removed += len(files)
            if place.is_dir():
                place.rmdir()


class _Archive(_Place):
    """A ZIP archive, made anew."""

    def __init__(self, archive: ArchiveWriter) -> None:
        super().__init__()
        self._zip = archive

    def write(self, name: str, data: bytes) -> None:
        if name in self._zip:  # one text under two entries
            return
        hashes = "/tile/" in name and "/entries/" not in name
        self._zip.add(name, data, compress=not hashes)
        self.written += 1

    def publish(self, name: str, data: bytes) -> None:
        self.write(name, data)

    def has(self, name: str) -> bool:  # noqa: ARG002 - nothing was there
        return False

    def remove(self, names: Sequence[str]) -> None:
        assert not names


@contextmanager
def _open(target: Path) -> Iterator[_Place]:
    archived = target.suffix.lower() == ".zip"
    with _open_archive(target) if archived else _open_directory(target) as place:
        yield place


@contextmanager
def _open_archive(target: Path) -> Iterator[_Place]:
    """An archive that takes the target's place when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with part.open("xb") as file:
            with closing(ArchiveWriter(file)) as archive:
                yield _Archive(archive)
                archive.finish()
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        _sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _open_directory(target: Path) -> Iterator[_Place]:
    staging = target / _STAGING
    staging.mkdir(parents=True, exist_ok=True)
    with _locked(staging):
        try:
            yield _Directory(target, staging)
        finally:
            shutil.rmtree(staging)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Be the only export to a directory; the lock ends with the process, however that ends."""
    if sys.platform == "win32":  # no folder can be locked there; two exports at once are the operator's to avoid
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ExportRefused(f"another export to {folder.parent} is under way") from error
        yield
    finally:
        os.close(handle)


def _holds(place: Path, data: bytes) -> bool:
    try:
        return place.stat().st_size == len(data) and place.read_bytes() == data
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sync_all() -> None:
    """One call for many small files; a call for each would take minutes."""
    if sys.platform != "win32":
        os.sync()


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
