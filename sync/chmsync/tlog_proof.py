"""Proofs that travel alone: an entry's place in a log, checked offline (C2SP tlog-proof).

Owns the text of a `.tlog-proof` and its verification against the keys one trusts. Refuses every second
spelling. The `extra` line is nobody's word: it is carried, and authenticated only by a caller who derives the
leaf from it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from chmsync.checkpoint import MAX_SIZE, SignedCheckpoint, from_decimal, open_checkpoint
from chmsync.errors import FormatError
from chmsync.keys import Vkey
from chmsync.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from chmsync.note import from_base64, to_base64

HEADER = "c2sp.org/tlog-proof@v1"

_HEAD = re.compile(rf"{re.escape(HEADER)}\n(?:extra ([^\n]+)\n)?index ([^\n]+)((?:\n[^\n]+)*)")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An index, the hashes from the leaf's sibling up, and the signed checkpoint they lead to."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise FormatError(f"not the index of an entry: {self.index}")
        if any(len(value) != HASH_BYTES for value in self.hashes):
            raise FormatError(f"the hashes of a proof have {HASH_BYTES} bytes")
        if self.extra == b"":
            raise FormatError("a proof without extra data has no extra line")

    def encode(self) -> bytes:
        """Write the proof; the inverse of `parse`."""
        extra = () if self.extra is None else (f"extra {to_base64(self.extra)}",)
        lines = (HEADER, *extra, f"index {self.index}", *map(to_base64, self.hashes), "")
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof; nothing in it is verified yet."""
        head, blank, checkpoint = data.partition(b"\n\n")
        # What is not ASCII is replaced by what no line may contain.
        match = _HEAD.fullmatch(head.decode("ascii", errors="replace"))
        if match is None or not blank:
            raise FormatError(f"not a proof of the form {HEADER}")
        extra = from_base64(match[1]) if match[1] else None
        hashes = tuple(map(from_base64, match[3].split("\n")[1:]))
        return cls(from_decimal(match[2]), hashes, checkpoint, extra)


def verify(proof: TlogProof, leaf: bytes, origin: str, vkeys: Callable[[int], Sequence[Vkey]]) -> SignedCheckpoint:
    """Check that the log of that origin holds the entry `leaf` where the proof says; give its checkpoint.

    LogRefused if the checkpoint is not the log's, FormatError if the proof does not lead to it.
    """
    signed = open_checkpoint(proof.checkpoint, origin, vkeys)
    checkpoint = signed.checkpoint
    verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return signed
