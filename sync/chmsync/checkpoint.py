"""Checkpoints: a log's size and root, signed by the log (C2SP tlog-checkpoint).

Owns their text and the decision whose signature makes one worth reading. Refuses a checkpoint of another
origin, one that no key valid at its size has signed, and every second spelling of the same numbers and
hashes. Whether it agrees with an earlier one is the verifier's question.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from chmsync.errors import FormatError, LogCode, LogRefused
from chmsync.keys import Vkey
from chmsync.merkle import HASH_BYTES
from chmsync.note import Note, from_base64, to_base64, verified

#: No log is larger; what other implementations hold in a signed 64-bit integer.
MAX_SIZE = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def from_decimal(text: str) -> int:
    """Read a size or index: ASCII decimal without leading zeroes, not above MAX_SIZE."""
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise FormatError(f"not a decimal number without leading zeroes: {text[:80]!r}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says about itself: this many entries, under this root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise FormatError(f"not the size of a log: {self.size}")
        if len(self.root) != HASH_BYTES:
            raise FormatError(f"a root hash has {HASH_BYTES} bytes, not {len(self.root)}")
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            raise FormatError("the lines of a checkpoint are not empty")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint's note."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1]:
            raise FormatError("a checkpoint has three lines or more, each ending in a newline")
        return cls(lines[0], from_decimal(lines[1]), from_base64(lines[2]), tuple(lines[3:-1]))

    def text(self) -> str:
        """Write the text that is signed; the inverse of `parse`."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that keys of its log have signed, and the note it came in."""

    checkpoint: Checkpoint
    note: Note
    signers: tuple[Vkey, ...]


def open_checkpoint(
    data: bytes, origin: str, vkeys: Callable[[int], Sequence[Vkey]], *, max_signatures: int = 64
) -> SignedCheckpoint:
    """Read and verify the checkpoint of one log; LogRefused says what is wrong with it.

    Args:
        data: the signed note.
        origin: the log whose checkpoint it must be.
        vkeys: gives the keys that are valid for a checkpoint of that size (CHM-Sync 1 section 2).
        max_signatures: how many signature lines are read at most.
    """
    try:
        note = Note.parse(data, max_signatures=max_signatures)
        checkpoint = Checkpoint.parse(note.text)
    except FormatError as error:
        raise LogRefused(LogCode.BAD_NOTE, str(error)) from error
    if checkpoint.origin != origin:
        raise LogRefused(LogCode.BAD_NOTE, f"a checkpoint of {checkpoint.origin[:200]!r}, not of {origin!r}")
    try:
        signers = verified(note, vkeys(checkpoint.size))
    except FormatError as error:
        raise LogRefused(LogCode.BAD_SIGNATURE, str(error)) from error
    if not signers:
        raise LogRefused(LogCode.BAD_SIGNATURE, f"no key valid at size {checkpoint.size} has signed")
    return SignedCheckpoint(checkpoint, note, signers)
