"""A disk that loses power: an SQLite VFS that knows what was synced.

Files are written through at once, so that SQLite, its locks and its shared memory work as they always do and several
connections see each other. Beside that, every write is remembered until an `xSync` of its file makes it durable. When
the power fails, each write that was not synced survives or not, as the test chooses: a real disk gives no promise about
them, neither all nor none nor their order, and may tear one at a sector's border.

    disk = LossyDisk(tmp_path / "disk")
    connection = apsw.Connection(str(disk.root / "chm.sqlite"), vfs=disk.name)
    disk.fail_after(7)                      # the seventh write, sync, truncation or deletion from now does not happen
    ...                                     # apsw.IOError from then on, whatever is tried
    survived = disk.lose_power(tmp_path / "after", nothing)              # a folder to open with the ordinary VFS

With `SQLiteDatabase(path, connect=disk.connect)` the node's own storage runs on it.
"""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512
_SERIAL = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the disk was asked to do."""

    kind: str
    file: str
    bytes: int = 0


#: Decides how many of a write's bytes reached the disk, though nobody synced them.
Survival = Callable[[bytes], int]


def nothing(_data):
    """No write that was not synced survives."""
    return 0


def everything(data):
    """Every write survives, as when the process alone is killed."""
    return len(data)


def some(seed):
    """Each write survives, does not, or is torn at a sector's border, by chance."""
    chance = random.Random(seed)

    def survival(data):
        sectors = len(data) // SECTOR
        return chance.choice([0, len(data), SECTOR * chance.randint(0, sectors)])

    return survival


@dataclass
class _Platter:
    """What of one file is on the disk for certain, and what has been asked for since."""

    durable: bytearray = field(default_factory=bytearray)
    #: (offset, data) of writes; (size, None) of truncations.
    pending: list = field(default_factory=list)
    #: Whether its name is on the disk for certain: from its first sync.
    named: bool = False

    def sync(self):
        self._apply(self.durable, everything)
        self.pending.clear()
        self.named = True

    def remains(self, survival):
        """The content after a loss of power; None if not even the name is there."""
        content = bytearray(self.durable)
        self._apply(content, survival)
        return content if self.named or content else None

    def _apply(self, content, survival):
        for place, data in self.pending:
            if data is None:
                if survival(bytes(SECTOR)):
                    del content[place:]
            elif kept := data[: survival(data)]:
                content.extend(bytes(max(0, place - len(content))))
                content[place : place + len(kept)] = kept


class LossyDisk(apsw.VFS):
    """A folder whose files survive a loss of power only as far as they were synced.

    Attributes:
        root: the folder; give connections paths below it.
        name: of the VFS.
        operations: what was written, synced, truncated and deleted so far.
        powered: false once the power has failed.
    """

    def __init__(self, root: Path):
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.name = f"lossy-{next(_SERIAL)}"
        self.operations: list[Operation] = []
        self.powered = True
        self._left = None
        self._platters = {
            path.name: _Platter(bytearray(path.read_bytes()), named=True)
            for path in root.iterdir()
            if not path.name.endswith("-shm")
        }
        super().__init__(self.name, "")

    def connect(self, path):
        """Open a database on this disk, as `SQLiteDatabase(connect=...)` wants it."""
        return apsw.Connection(path, vfs=self.name)

    def fail_after(self, count: int):
        """The power fails at the `count`-th operation from now (1: the next); that one does not happen."""
        self._left = count

    def lose_power(self, into: Path, survival: Survival = nothing) -> Path:
        """End all work on the disk and lay out what survived in a new folder."""
        self.powered = False
        into.mkdir(parents=True)
        for file, platter in self._platters.items():
            content = platter.remains(survival)
            if content is not None:
                (into / file).write_bytes(content)
        return into

    # What SQLite calls.

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's word
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _LossyFile(self, name, flags, self.platter(path) if path else _Platter(), _file(path))

    def xDelete(self, name, sync_folder):  # noqa: N802 - SQLite's word
        self.does("delete", _file(name))
        super().xDelete(name, sync_folder)
        # A deleted WAL that came back would be replayed, which changes nothing: its pages are in the file already.
        self._platters.pop(_file(name), None)

    # What the files call.

    def does(self, kind, file, count=0):
        """Count an operation, or fail."""
        if self.powered and self._left is not None:
            self._left -= 1
            self.powered = self._left > 0
        if not self.powered:
            raise apsw.IOError("the power is off")
        self.operations.append(Operation(kind, file, count))

    def platter(self, path):
        return self._platters.setdefault(_file(path), _Platter())


class _LossyFile(apsw.VFSFile):
    """An open file of a LossyDisk."""

    def __init__(self, disk, name, flags, platter, file):
        self._disk = disk
        self._platter = platter
        self._file = file
        super().__init__("", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's word
        self._disk.does("write", self._file, len(data))
        super().xWrite(data, offset)
        self._platter.pending.append((offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802 - SQLite's word
        self._disk.does("truncate", self._file, size)
        super().xTruncate(size)
        self._platter.pending.append((size, None))

    def xSync(self, flags):  # noqa: N802 - SQLite's word
        # The real sync is left out: whoever runs the test will not pull the plug.
        self._disk.does("sync", self._file)
        self._platter.sync()


def _file(path):
    return Path(path).name if path else "(temporary)"
