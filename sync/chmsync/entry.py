"""One entry of a log (CHM-Sync 1 section 4).

Owns the shape of a leaf: what `ENTRY` checks, no more, so that the verdict never changes with software or
date. Refuses with RecordRefused ENTRY. Whose id it is, its sequence and its authority are checks of others;
the record itself is not known here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn, Self

import orjson

from chmsync.canonical import JsonValue, decode, encode
from chmsync.errors import FormatError, RecordCode, RecordRefused
from chmsync.limits import ENTRY_BYTES, MAX_INTEGER, RECORD_BYTES

PUT = "put"
WITHDRAW = "withdraw"
ERASE = "erase"

_Pattern = Callable[[str], re.Match[str] | None]

# `fullmatch` of patterns that mean the same in every version of Unicode: only ASCII is classed.
_SEGMENT = r"/(?!(?:\.|%2[Ee]){1,2}(?:/|\Z))[^/?#\x00-\x20\x7f]+"
_ID: _Pattern = re.compile(rf"https?://[^/?#\x00-\x20\x7f]+(?:{_SEGMENT})+").fullmatch
_TYPE: _Pattern = re.compile(r"[A-Z][A-Za-z0-9]{0,63}").fullmatch
_DAY, _CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_AT: _Pattern = re.compile(rf"{_DAY}T{_CLOCK}(?:\.[0-9]{{3}})?Z").fullmatch
_COUNTRY: _Pattern = re.compile(r"[A-Z]{2}").fullmatch
_REGION: _Pattern = re.compile(r"[A-Za-z0-9-]{1,64}").fullmatch
_SHA256: _Pattern = re.compile(r"[0-9a-f]{64}").fullmatch
_REASON: _Pattern = re.compile(r"[A-Za-z0-9-]+").fullmatch

_COMMON = frozenset({"v", "op", "id", "type", "rev", "at", "government", "countries", "regions"})
#: The members that each operation reads; those of another one are kept like unknown ones.
_KNOWN = {
    PUT: _COMMON | {"sha256", "size"},
    WITHDRAW: _COMMON | {"reason"},
    ERASE: _COMMON | {"reason"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a leaf says; see the table of section 4."""

    op: str
    id: str
    type: str
    rev: int
    at: str
    government: str | None = None
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    #: Of a put, else None.
    sha256: str | None = None
    size: int | None = None
    #: Of a withdrawal or erasure, else None.
    reason: str | None = None
    #: Unknown members and those of another operation, kept as they are.
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, leaf: bytes) -> Self:
        """Read a leaf, or raise RecordRefused ENTRY."""
        if len(leaf) > ENTRY_BYTES:
            _refuse(f"the entry has {len(leaf)} bytes, more than {ENTRY_BYTES}")
        try:
            members = decode(leaf)
        except FormatError as error:
            raise RecordRefused(RecordCode.ENTRY, str(error)) from None
        if not isinstance(members, dict):
            _refuse("the entry is not a JSON object")
        return cls._read(members)

    @classmethod
    def known(cls, leaf: bytes) -> Self:
        """Read a leaf that `parse` has taken before; nothing is checked again."""
        members = orjson.loads(leaf)
        known = _KNOWN[members["op"]]
        is_put = members["op"] == PUT
        return cls(
            op=members["op"],
            id=members["id"],
            type=members["type"],
            rev=members["rev"],
            at=members["at"],
            government=members.get("government"),
            countries=tuple(members["countries"]),
            regions=tuple(members["regions"]),
            sha256=members["sha256"] if is_put else None,
            size=members["size"] if is_put else None,
            reason=None if is_put else members["reason"],
            extra={name: members[name] for name in members.keys() - known},
        )

    @classmethod
    def _read(cls, members: dict[str, JsonValue]) -> Self:
        _integer(members, "v", 1, 1)
        op = members.get("op")
        if not isinstance(op, str) or op not in _KNOWN:
            _refuse(f"`op` is unknown: {op!r}")
        known, is_put = _KNOWN[op], op == PUT
        return cls(
            op=op,
            id=_text(members, "id", _ID),
            type=_text(members, "type", _TYPE),
            rev=_integer(members, "rev", 1, MAX_INTEGER),
            at=_time(members, "at"),
            government=_text(members, "government", _COUNTRY) if "government" in members else None,
            countries=_codes(members, "countries", _COUNTRY),
            regions=_codes(members, "regions", _REGION),
            sha256=_text(members, "sha256", _SHA256) if is_put else None,
            size=_integer(members, "size", 2, RECORD_BYTES) if is_put else None,
            reason=None if is_put else _text(members, "reason", _REASON),
            extra={name: value for name, value in members.items() if name not in known},
        )

    def encode(self) -> bytes:
        """Give the leaf; RecordRefused ENTRY if no harvester would take it."""
        optional = {
            "government": self.government,
            "sha256": self.sha256,
            "size": self.size,
            "reason": self.reason,
        }
        members: dict[str, JsonValue] = {
            **self.extra,
            "v": 1,
            "op": self.op,
            "id": self.id,
            "type": self.type,
            "rev": self.rev,
            "at": self.at,
            "countries": list(self.countries),
            "regions": list(self.regions),
            **{name: value for name, value in optional.items() if value is not None},
        }
        leaf = encode(members)
        if Entry.parse(leaf) != self:
            _refuse(f"the entry has members that do not belong to {self.op!r}")
        return leaf


def below(prefixes: Iterable[str], iri: str) -> bool:
    """Say whether the IRI lies below one of the prefixes, by path segment."""
    return any(iri.startswith(f"{prefix}/") for prefix in prefixes)


def _text(members: Mapping[str, JsonValue], name: str, matches: _Pattern) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not matches(value):
        _refuse(f"`{name}` is missing or has not the form it should: {value!r:.200}")
    return value


def _integer(members: Mapping[str, JsonValue], name: str, least: int, most: int) -> int:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        _refuse(f"`{name}` must be an integer from {least} to {most}, not {value!r:.200}")
    return value


def _time(members: Mapping[str, JsonValue], name: str) -> str:
    text = _text(members, name, _AT)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"`{name}` is no date and time that exists: {text}")
    return text


def _codes(members: Mapping[str, JsonValue], name: str, matches: _Pattern) -> tuple[str, ...]:
    value = members.get(name)
    if not isinstance(value, list):
        _refuse(f"`{name}` must be a list, which may be empty")
    before = ""
    codes = []
    for code in value:
        if not isinstance(code, str) or not matches(code) or code <= before:
            _refuse(f"`{name}` must hold codes, sorted and each once: {value!r:.200}")
        codes.append(code)
        before = code
    return tuple(codes)


def _refuse(detail: str) -> NoReturn:
    raise RecordRefused(RecordCode.ENTRY, detail)
