"""Writing ZIP archives of any number of files in constant memory (PKWARE APPNOTE 6.3.9, with its ZIP64 parts).

Owns the layout of an archive that is always the same for the same files: no times, Unix modes, stored or deflated. The
standard library reads such archives well, but remembers every file while it writes one, half a kilobyte each; here the
directory of the archive waits in a temporary file. Refuses names that stand twice and names that are not ASCII.
"""

import hashlib
import shutil
import struct
import tempfile
import zlib
from typing import IO, Final

from chmsync.errors import FormatError

_STORED, _DEFLATED = 0, 8
#: 1 January 1980, midnight: the first moment that ZIP knows.
_TIME, _DATE = 0, (1 << 5) | 1
_VERSION, _VERSION_64 = 20, 45
#: Made on Unix, so that readers see the mode of a plain file.
_MADE_BY = 3 << 8
_MODE = 0o100644 << 16
_MOST_16, _MOST_32 = 0xFFFF, 0xFFFFFFFF

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_OFFSET_64: Final = struct.Struct("<2HQ")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_END: Final = struct.Struct("<4s4H2LH")


class ArchiveWriter:
    """Writes one archive to a binary file, from where that stands; without `finish` it is none."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._offset = file.tell()
        self._directory = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the archive
        self._names: set[bytes] = set()

    def __contains__(self, name: str) -> bool:
        return _short(name) in self._names

    def add(self, name: str, data: bytes, *, compress: bool) -> None:
        """Append a file."""
        if name in self or not name.isascii():
            raise FormatError(f"no name for a file of this archive, or one that stands twice: {name!a}")
        self._names.add(_short(name))
        packed = _deflate(data) if compress else data
        method = _DEFLATED if compress else _STORED
        common = (method, _TIME, _DATE, zlib.crc32(data), len(packed), len(data), len(name))
        self._file.write(_LOCAL.pack(b"PK\3\4", _VERSION, 0, *common, 0) + name.encode() + packed)
        self._list(name, common)
        self._offset += _LOCAL.size + len(name) + len(packed)

    def _list(self, name: str, common: tuple[int, ...]) -> None:
        far = self._offset >= _MOST_32
        extra = _OFFSET_64.pack(1, 8, self._offset) if far else b""
        version = _VERSION_64 if far else _VERSION
        offset = _MOST_32 if far else self._offset
        fixed = (b"PK\1\2", _MADE_BY | version, version, 0, *common, len(extra), 0, 0, 0, _MODE, offset)
        self._directory.write(_CENTRAL.pack(*fixed) + name.encode() + extra)

    def finish(self) -> None:
        """Append the directory and the end."""
        count, size, start = len(self._names), self._directory.tell(), self._offset
        self._directory.seek(0)
        shutil.copyfileobj(self._directory, self._file)
        if count >= _MOST_16 or size >= _MOST_32 or start >= _MOST_32:
            made = (_MADE_BY | _VERSION_64, _VERSION_64)
            rest = _END_64.size - 12
            self._file.write(_END_64.pack(b"PK\6\6", rest, *made, 0, 0, count, count, size, start))
            self._file.write(_LOCATOR_64.pack(b"PK\6\7", 0, start + size, 1))
        few = min(count, _MOST_16)
        self._file.write(_END.pack(b"PK\5\6", 0, 0, few, few, min(size, _MOST_32), min(start, _MOST_32), 0))

    def close(self) -> None:
        """Let go of what is open."""
        self._directory.close()


def _short(name: str) -> bytes:
    """What is remembered of a name: enough to tell it from all others."""
    return hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:16]


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()
