"""Signed notes and the signatures on them (C2SP signed-note, tlog-cosignature; Ed25519 types 0x01 and 0x04).

Owns the one form of a note: reading one and writing it gives the same bytes, with the lines of unknown
signers kept as they are. Refuses text that another reader could see differently: bytes that are not UTF-8,
control characters, base64 that is not canonical. A signature of an unknown key is ignored; a false one of a
known key refuses the whole note.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from chmsync.errors import FormatError
from chmsync.keys import COSIGNATURE, ED25519, PrivateKey, Vkey, key_id

KEY_ID_BYTES = 4
TIME_BYTES = 8
#: Cosignature times are POSIX seconds below this (tlog-cosignature, "Format").
END_OF_TIME = 2**63

_LINE = re.compile("\N{EM DASH} ([^ ]+) ([^ ]+)")
#: What a note must not contain (signed-note, "Format"): control characters, and what UTF-8 cannot say.
_UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


def to_base64(data: bytes) -> str:
    """Write standard base64, as all C2SP formats do."""
    return base64.b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """Read base64 in its only canonical form: padded, no white space, no stray bits."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FormatError(f"not base64: {text[:80]!r}") from error
    if to_base64(data) != text:
        raise FormatError(f"base64 that is not canonical: {text[:80]!r}")
    return data


def _require_clean(text: str) -> None:
    if _UNCLEAN.search(text):
        raise FormatError("a note is UTF-8 without control characters, but for newlines")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, which of their keys, and what the key's algorithm says."""

    name: str
    key_id: bytes
    payload: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(map(str.isspace, self.name)):
            raise FormatError(f"a key name is not empty and has no space or plus: {self.name!r}")
        if len(self.key_id) != KEY_ID_BYTES or not self.payload:
            raise FormatError(f"the signature of {self.name} is not a key id and something after it")
        _require_clean(self.name)

    @property
    def signer(self) -> tuple[str, bytes]:
        """What identifies the key: name and id together, never one alone."""
        return self.name, self.key_id

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a signature line without its newline."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(f"not a signature line: {line[:80]!r}")
        data = from_base64(match[2])
        return cls(match[1], data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])

    def __str__(self) -> str:
        return f"\N{EM DASH} {self.name} {to_base64(self.key_id + self.payload)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and the one or more signatures under it."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise FormatError("the text of a note ends in a newline")
        if not self.signatures:
            raise FormatError("a note has at least one signature")
        _require_clean(self.text)

    @classmethod
    def parse(cls, data: bytes, *, max_signatures: int = 64) -> Self:
        """Read a note; nothing in it is verified yet."""
        try:
            head, blank, tail = data.decode().rpartition("\n\n")
        except UnicodeDecodeError as error:
            raise FormatError("a note is UTF-8") from error
        if not blank or not tail.endswith("\n"):
            raise FormatError("a note is text, an empty line, and signature lines, each ending in a newline")
        lines = tail[:-1].split("\n")
        if len(lines) > max_signatures:
            raise FormatError(f"a note with more than {max_signatures} signatures")
        return cls(head + "\n", tuple(map(Signature.parse, lines)))

    def encode(self) -> bytes:
        """Write the note; the inverse of `parse`."""
        return "".join([self.text, "\n", *(f"{line}\n" for line in self.signatures)]).encode()

    def with_signatures(self, *more: Signature) -> Self:
        """Add signatures at the end; those of the same keys give way, all others stay as they were."""
        added = {signature.signer: signature for signature in more}
        kept = (signature for signature in self.signatures if signature.signer not in added)
        return type(self)(self.text, (*kept, *added.values()))


def sign(text: str, name: str, key: PrivateKey) -> Signature:
    """Sign a note's text (type 0x01)."""
    return Signature(name, key_id(name, ED25519, key.public), key.sign(text.encode()))


def _cosigned(text: str, time: int) -> bytes:
    """Give the message that a cosignature signs (tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosign(text: str, name: str, key: PrivateKey, time: int) -> Signature:
    """Say that of this checkpoint's log nothing newer was seen at that POSIX time (type 0x04)."""
    if not 0 <= time < END_OF_TIME:
        raise FormatError(f"not the time of a cosignature: {time}")
    payload = time.to_bytes(TIME_BYTES) + key.sign(_cosigned(text, time))
    return Signature(name, key_id(name, COSIGNATURE, key.public), payload)


def _of_known_keys(note: Note, vkeys: Iterable[Vkey], algorithm: int) -> Iterator[tuple[Vkey, bytes]]:
    """Pair every signature line of a known key of that algorithm with its key."""
    known = {(vkey.name, vkey.id): vkey for vkey in vkeys if vkey.algorithm == algorithm}
    for signature in note.signatures:
        vkey = known.get(signature.signer)
        if vkey is not None:
            yield vkey, signature.payload


def verified(note: Note, vkeys: Iterable[Vkey]) -> tuple[Vkey, ...]:
    """Give the keys of type 0x01 that signed the note, each once; FormatError if one did so falsely."""
    signers: dict[Vkey, None] = {}
    for vkey, payload in _of_known_keys(note, vkeys, ED25519):
        if not vkey.public.verify(payload, note.text.encode()):
            raise FormatError(f"the signature of {vkey.name} is false")
        signers[vkey] = None
    return tuple(signers)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A valid cosignature: whose, and at what POSIX time by their clock."""

    vkey: Vkey
    time: int


def cosignatures(note: Note, vkeys: Iterable[Vkey]) -> tuple[Cosignature, ...]:
    """Give the newest cosignature of each key of type 0x04; FormatError if one of them is false.

    One for each key, so that counting them against a quorum counts cosigners.
    """
    newest: dict[Vkey, int] = {}
    for vkey, payload in _of_known_keys(note, vkeys, COSIGNATURE):
        time = int.from_bytes(payload[:TIME_BYTES])
        if time >= END_OF_TIME or not vkey.public.verify(payload[TIME_BYTES:], _cosigned(note.text, time)):
            raise FormatError(f"the cosignature of {vkey.name} is false")
        newest[vkey] = max(time, newest.get(vkey, 0))
    return tuple(Cosignature(vkey, time) for vkey, time in newest.items())


def times(note: Note, vkeys: Iterable[Vkey]) -> dict[Vkey, int]:
    """Give the newest time of each key's cosignature, passing over keys in whose name somebody wrote a false line.

    For notes that were taken already: a line that was a stranger's then may be in the name of a known key now.
    """
    found: dict[Vkey, int] = {}
    for vkey in vkeys:
        try:
            found |= {given.vkey: given.time for given in cosignatures(note, [vkey])}
        except FormatError:
            continue
    return found
