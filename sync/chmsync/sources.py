"""Where a log is read from: one `Source` port, with HTTP, directory and ZIP behind it.

Owns the mapping of log paths (CHM-Sync 1 section 3) onto a transport, and the offline tree of section 9.
Refuses, in offline trees, links, absolute and climbing names, encrypted or doubled ZIP entries, and anything
longer than asked for; what the URL grammar does not name is never looked at. Checks nothing of what it reads:
that is the harvester's business, and the same for every transport.
"""

import os
import re
import stat
import struct
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from asyncio import to_thread
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Final, Protocol, Self

from chmsync.errors import FormatError, LogCode, LogRefused, SyncError
from chmsync.http import Absent, Client, Meter
from chmsync.limits import Limits
from chmsync.tiles import parse_index, parse_path

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MIRRORED: Final = re.compile(r"(mirror/[0-9a-f]{64})/checkpoint")
#: Empty, `.` and `..` parts, absolute names, backslashes, drive letters and streams, control characters.
_HOSTILE: Final = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\\:\x00-\x1f\x7f]")
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: Flags of a ZIP entry: encrypted, strongly encrypted, with a masked header.
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
#: What the standard library raises on a damaged archive.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    struct.error,
)


class NotServed(SyncError):
    """A record, or a file, that this source does not give: the harvester's `MISSING`.

    Attributes:
        status: 404, 410 (erased) or 451 (blocked at that source).
    """

    retry = True

    def __init__(self, path: str, status: int) -> None:
        super().__init__(f"{path} is not served ({status})")
        self.status = status


class Source(Protocol):
    """One place that serves one log. Failures are `LogRefused`; of these, `Absent` is a missing resource."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def is_origin(self) -> bool:
        """Whether it is the publishing node itself, whose older checkpoint is a rollback, not staleness."""

    async def checkpoint(self, etag: str | None) -> tuple[bytes, str | None] | None:
        """The signed note with its entity tag; None if it still has the given one."""

    async def fetch(self, path: str, limit: int) -> bytes:
        """The resource at a path below the log prefix; `NotServed` for an absent record or file."""


@dataclass(frozen=True, slots=True)
class HttpSource:
    """A log below an HTTP prefix, such as `https://chm.example.ke/log`."""

    client: Client
    prefix: str
    is_origin: bool = False
    meter: Meter = field(default_factory=Meter)

    @property
    def name(self) -> str:
        """The prefix."""
        return self.prefix

    async def checkpoint(self, etag: str | None) -> tuple[bytes, str | None] | None:
        """The signed note, by a conditional request."""
        limit = self.client.limits.note_bytes
        response = await self.client.get(self._url("checkpoint"), limit=limit, etag=etag, meter=self.meter)
        return None if response.status == 304 else (response.body, response.etag)

    async def fetch(self, path: str, limit: int) -> bytes:
        """The decoded body of one resource."""
        check_path(path)
        with _absence_of(path):
            return (await self.client.get(self._url(path), limit=limit, meter=self.meter)).body

    def _url(self, path: str) -> str:
        return f"{self.prefix.rstrip('/')}/{path}"


class OfflineTree(ABC):
    """A web root in files, standing for a base URL (section 9). Its methods block; its sources do not.

    Attributes:
        path: the directory or the archive.
        limits: for the checkpoints of its logs.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - a directory keeps nothing open
        """Let go of what is open."""

    def logs(self) -> list[tuple[str, Source]]:
        """Every log of the tree with the origin its checkpoint claims; "" where no origin can be read."""
        return [
            (origin, TreeSource(self, prefix))
            for prefix in ("log", *sorted(self.mirrors()))
            if (origin := self._origin(prefix)) is not None
        ]

    @abstractmethod
    def mirrors(self) -> list[str]:
        """The prefixes `mirror/<hex>` there are."""

    @abstractmethod
    def read(self, name: str, limit: int) -> bytes:
        """The file of that name; `Absent` if there is none, `LogRefused` if a link, too long or damaged."""

    def _origin(self, prefix: str) -> str | None:
        """One bad checkpoint must not keep the other logs from being found: it has no readable origin."""
        try:
            note = self.read(f"{prefix}/checkpoint", self.limits.note_bytes)
            line = note.partition(b"\n")[0].decode()
        except Absent:
            return None
        except (LogRefused, UnicodeDecodeError):
            return ""
        return line if line.isprintable() else ""


@dataclass(frozen=True, slots=True)
class TreeSource:
    """One log of an offline tree; it counts as a mirror."""

    tree: OfflineTree
    prefix: str

    @property
    def name(self) -> str:
        """File name of the tree, and the prefix in it."""
        return f"{self.tree.path.name}/{self.prefix}"

    @property
    def is_origin(self) -> bool:
        """Never: an older copy is stale, not a rollback."""
        return False

    async def checkpoint(self, etag: str | None) -> tuple[bytes, str | None] | None:
        """The signed note; its entity tag is its hash."""
        note = await to_thread(self.tree.read, f"{self.prefix}/checkpoint", self.tree.limits.note_bytes)
        tag = f'"{sha256(note).hexdigest()}"'
        return None if tag == etag else (note, tag)

    async def fetch(self, path: str, limit: int) -> bytes:
        """One file."""
        check_path(path)
        with _absence_of(path):
            return await to_thread(self.tree.read, f"{self.prefix}/{path}", limit)


class DirectoryTree(OfflineTree):
    """An offline tree in a directory. The directory may be reached through a link; its logs hold none."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        _refuse_links(path)

    def mirrors(self) -> list[str]:
        """The prefixes `mirror/<hex>` there are."""
        folder = self.path / "mirror"
        places = folder.iterdir() if folder.is_dir() else ()
        return [f"mirror/{place.name}" for place in places if _DIGEST.fullmatch(place.name)]

    def read(self, name: str, limit: int) -> bytes:
        """The file of that name, looked at part by part so that a link on the way is seen."""
        _check_name(name)
        shown = f"{self.path.name}/{name}"
        try:
            with _open_plain(self.path, name) as file:
                return _read(file, limit, shown)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise Absent(f"{shown}: no such file") from error
        except OSError as error:
            raise LogRefused(LogCode.UNREACHABLE, f"{shown}: {error.strerror}") from error


class ZipTree(OfflineTree):
    """An offline tree in a ZIP archive. No name of the archive ever becomes a path."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(path, limits)
        self._lock = threading.Lock()  # reading threads share one open file
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise FormatError(f"{path.name} is no ZIP archive, or a damaged one: {error}") from error
        try:
            _check_entries(self._zip.infolist())
        except FormatError as error:
            self._zip.close()
            raise FormatError(f"{path.name}: {error}") from error

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()

    def mirrors(self) -> list[str]:
        """The prefixes `mirror/<hex>` there are."""
        return [match[1] for name in self._zip.namelist() if (match := _MIRRORED.fullmatch(name))]

    def read(self, name: str, limit: int) -> bytes:
        """The entry of that name, unpacked no further than `limit`, whatever its header claims."""
        _check_name(name)
        shown = f"{self.path.name}/{name}"
        if name not in self._zip.NameToInfo:
            raise Absent(f"{shown}: no such file")
        try:
            with self._lock, self._zip.open(name) as file:
                return _read(file, limit, shown)
        except _DAMAGE as error:
            raise LogRefused(LogCode.UNREACHABLE, f"{shown}: the archive is damaged ({error})") from error


def open_tree(path: Path, limits: Limits | None = None) -> OfflineTree:
    """The offline tree in a directory or a ZIP archive; `FormatError` if it holds what no export writes.

    Blocks while every name is looked at. To be used as a context manager.
    """
    kind = DirectoryTree if path.is_dir() else ZipTree
    return kind(path, limits or Limits())


def check_path(path: str) -> None:
    """Refuse with `FormatError` what is no path below a log prefix (section 3)."""
    kind, _, rest = path.partition("/")
    if kind == "tile":
        parse_path(path)
    elif kind == "records":
        parse_index(rest)
    elif kind not in {"record", "file"} or not _DIGEST.fullmatch(rest):
        raise FormatError(f"no path below a log: {path!a}")


@contextmanager
def _absence_of(path: str) -> Iterator[None]:
    """Absence of a record or file is that record's fate; absence of anything else is the source's failure."""
    try:
        yield
    except Absent as absent:
        if path.startswith(("record/", "file/")):
            raise NotServed(path, absent.status) from absent
        raise


def _check_name(name: str) -> None:
    if _HOSTILE.search(name):
        raise FormatError(f"a name that leads elsewhere: {name[:200]!a}")


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        _check_name(name.removesuffix("/"))
        if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise FormatError(f"{name!a} is a link or a device")
        if entry.flag_bits & _ENCRYPTED:
            raise FormatError(f"{name!a} is encrypted")
        if entry.compress_type not in _METHODS:
            raise FormatError(f"{name!a} is compressed by a method other than deflate")
        if entry.filename != name or name in seen:
            raise FormatError(f"{name!a} stands twice, or under two names")
        seen.add(name)


def _refuse_links(root: Path) -> None:
    """Refuse links anywhere in the logs of a directory, before anything is read."""
    pending = [root / "log", root / "mirror"]
    while pending:
        folder = pending.pop()
        if folder.is_symlink():
            raise FormatError(f"{str(folder.relative_to(root))!a} is a link")
        if folder.is_dir():
            with os.scandir(folder) as entries:
                pending += [Path(entry) for entry in entries if entry.is_symlink() or entry.is_dir()]


def _open_plain(root: Path, name: str) -> IO[bytes]:
    """Open a regular file to which no link leads, as far as that can be seen beforehand."""
    place, mode = root, 0
    for part in name.split("/"):
        place /= part
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise LogRefused(LogCode.UNREACHABLE, f"{root.name}/{name}: {part} is a link")
    if not stat.S_ISREG(mode):
        raise IsADirectoryError
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(place, flags), "rb")


def _read(file: IO[bytes], limit: int, shown: str) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise LogRefused(LogCode.LIMIT, f"{shown}: more than {limit} bytes")
    return data
