"""Drafts as they come in, and what is said about those that are refused.

Owns the reading of JSON Lines: one strict I-JSON object a line (CHM-Sync 1 section 5), a byte order mark tolerated,
blank lines skipped. A bad line is refused with its number and the mend, and reading goes on: one slip in a file of
thousands must not hide the others. A table, or text in UTF-16, is refused as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chmnode.errors import NodeError
from chmnode.records.validation import Problem
from chmsync.canonical import JsonValue, parse
from chmsync.errors import FormatError
from chmsync.limits import RECORD_BYTES

#: Kinds of file that authors have tried, by the end of the name, and by the first bytes: ZIP, and UTF-16.
_TABLES = frozenset({".csv", ".tsv", ".xls", ".xlsx", ".ods"})
_OTHERS = (b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff", b"{\x00", b"\x00{")
_SPAN = 4
_SAVE = "CSV and XLSX are not read yet; save as UTF-8 JSON Lines"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: The parser counts lines from the beginning of what it was given, which is one line.
_POSITION = re.compile(r"line \d+ column")


class PublishingError(NodeError):
    """What was asked cannot be published; nothing was staged for it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record as its author gives it, without what only the node may set.

    Attributes:
        line: of the file it came from, or any number by which the caller knows it.
        document: what `canonical.parse` has read.
    """

    line: int
    document: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Refused:
    """A draft that was not taken, and everything that is wrong with it; at least one thing is."""

    line: int
    problems: Sequence[Problem]

    @property
    def field(self) -> str | None:
        """Where the first problem is, `title.fr`; None if it is the whole."""
        return self.problems[0].path.removeprefix("$").removeprefix(".") or None

    @property
    def code(self) -> str:
        """What the first problem is, in a word."""
        return self.problems[0].code

    @property
    def detail(self) -> str:
        """What the first problem is, in a sentence."""
        return self.problems[0].detail

    @property
    def hint(self) -> str | None:
        """How to mend the first problem, if we know."""
        return self.problems[0].hint

    def document(self) -> dict[str, JsonValue]:
        """Give it as JSON; `detail` tells all problems, the first without its place, which is in `field`."""
        first, *others = self.problems
        sentences = [_sentence(first), *(f"{other.path}: {_sentence(other)}" for other in others)]
        return {"line": self.line, "field": self.field, "code": self.code, "detail": " ".join(sentences)}


def read_drafts(path: Path) -> Iterator[Draft | Refused]:
    """Read a file of JSON Lines, one draft at a time; refused as a whole if it is of another kind."""
    try:
        with path.open("rb") as file:
            if path.suffix.lower() in _TABLES or file.peek(_SPAN)[:_SPAN].startswith(_OTHERS):
                raise PublishingError(f"{path} is no JSON Lines: {_SAVE}")
            for line, data in enumerate(_lines(file), 1):
                if data.strip():
                    yield _read(line, data)
    except OSError as error:
        raise PublishingError(f"{path} cannot be read: {error}") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines, none of them longer in memory than is needed to know that it is too long."""
    mark = _BYTE_ORDER_MARK
    while data := file.readline(RECORD_BYTES + len(b"\r\n")):
        yield data.removeprefix(mark)
        mark = b""
        while not data.endswith(b"\n") and (data := file.readline(RECORD_BYTES)):
            pass


def _read(line: int, data: bytes) -> Draft | Refused:
    data = data.rstrip(b"\r\n")
    if len(data) > RECORD_BYTES:
        return _refused(line, "too-long", f"has more than {RECORD_BYTES} bytes", "Link to what is so long.")
    try:
        document = parse(data)
    except FormatError as error:
        return _malformed(line, data, str(error))
    if isinstance(document, dict):
        return Draft(line, document)
    return _refused(line, "type", "is no JSON object", "Write one record a line: { ... }.")


def _malformed(line: int, data: bytes, reason: str) -> Refused:
    """What to say of text that is no I-JSON, with the path where the parser knows it."""
    if reason.startswith("$"):
        path, _, detail = reason.partition(": ")
        return _refused(line, "form", detail, None, path)
    whole = data.strip() in {b"[", b"{"}
    mend = "Write each record on one line, without a list around them." if whole else _MENDS.get(reason[:9])
    return _refused(line, "form", _POSITION.sub("column", reason), mend)


_MENDS = {"not UTF-8": "Save the file as UTF-8.", "not JSON ": "Check the quotes, commas and brackets of the line."}


def _refused(line: int, code: str, detail: str, hint: str | None, path: str = "$") -> Refused:
    return Refused(line, (Problem(path, code, detail, hint),))


def _sentence(problem: Problem) -> str:
    return f"{problem.detail}. {problem.hint}" if problem.hint else f"{problem.detail}."
