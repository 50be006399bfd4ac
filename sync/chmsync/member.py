"""Who may publish, with which keys, at which log position: member descriptors (CHM-Sync 1 sections 2 and 8).

Owns the names that follow from a base URL (DID, origin, cosigners), the descriptor's shape and rules, its
validity by log position, and the DID document. Refuses a descriptor that contradicts itself, naming the member
and the mend. It fetches nothing: descriptors come from the registry or from an operator's hand.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import NoReturn, Self, TypeVar

from chmsync.canonical import JsonValue, encode, parse
from chmsync.errors import FormatError
from chmsync.keys import COSIGNATURE, ED25519, PublicKey, Vkey, from_multikey, to_multikey

_T = TypeVar("_T")

STATUSES = ("active", "suspended", "retired")
ROOT_BYTES = 32

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
#: A DNS name whose last label is no number, so that it is no IPv4 address either.
_HOST = rf"(?:{_LABEL}\.)*(?!(?:[0-9]+|0x[0-9a-f]*)(?![a-z0-9.-])){_LABEL}"
_PORT = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
_PATH = r"(?P<path>(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)*)"
_BASE_URL = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST}){_PORT}{_PATH}")
_ORIGIN = re.compile(rf"{_HOST}{_PORT}{_PATH}")
#: A log prefix may name an address: the guard of outgoing connections decides, and signatures judge the rest.
_SOURCE = re.compile(rf"https?://(?:{_HOST}|[0-9.]+|\[[0-9a-f:.]+\]){_PORT}{_PATH}")
_GOVERNMENT = re.compile(r"[A-Z]{2}")
_TYPE = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
#: Neither control characters nor ends of lines, for a name is shown on terminals and in logs; not only spaces.
_NAME = re.compile(r"(?!\s*\Z)[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,200}")


def _split(base_url: str) -> re.Match[str]:
    """Match a base URL by the rules of section 2, or raise FormatError with the mend."""
    match = _BASE_URL.fullmatch(base_url)
    if match is None:
        raise FormatError(
            f"{base_url!r} is not a base URL: https://<lower-case host name>[:port][/path], "
            "no IP address, no slash at the end"
        )
    if int(match["port"] or 0) > 65535:
        raise FormatError(f"{base_url!r}: there is no port above 65535")
    if match["scheme"] == "http" and match["host"] != "localhost":
        raise FormatError(f"{base_url!r}: plain http is for localhost alone; use https")
    return match


def _scheme_less(base_url: str) -> str:
    return base_url[_split(base_url).start("host") :]


def did_of(base_url: str) -> str:
    """Give the did:web of a base URL; FormatError if it can have none."""
    match = _split(base_url)
    port = f"%3A{match['port']}" if match["port"] else ""
    return f"did:web:{match['host']}{port}{match['path'].replace('/', ':')}"


def did_document_url(base_url: str) -> str:
    """Give the path of the DID document, to be appended to the base URL."""
    return "/did.json" if _split(base_url)["path"] else "/.well-known/did.json"


def origin_of(base_url: str) -> str:
    """Give the origin that a new log at this base URL takes, and then keeps for ever."""
    return f"{_scheme_less(base_url)}/log"


def cosigner_name(base_url: str, role: str) -> str:
    """Give the name under which the node cosigns as `witness` or `mirror`."""
    return f"{_scheme_less(base_url)}/{role}"


@dataclass(frozen=True, slots=True)
class Until:
    """A checkpoint at which something ended: a key's use, or a log."""

    size: int
    root: bytes
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    def document(self) -> dict[str, JsonValue]:
        """Give it as JSON; the root as in checkpoints."""
        return {**self.extra, "size": self.size, "root": base64.b64encode(self.root).decode()}


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key for checkpoints of `start <= size <= until.size`."""

    vkey: Vkey
    start: int
    until: Until | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    def covers(self, size: int) -> bool:
        """Say whether it may sign a checkpoint of that size."""
        return self.start <= size and (self.until is None or size <= self.until.size)

    def document(self) -> dict[str, JsonValue]:
        """Give it as JSON."""
        return {**self.extra, "vkey": str(self.vkey), **_span(self.start, self.until)}


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A key for the records of entries `start <= index < until.size`."""

    id: str
    public: PublicKey
    start: int
    until: Until | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    def covers(self, index: int) -> bool:
        """Say whether it may sign the record of that entry."""
        return self.start <= index and (self.until is None or index < self.until.size)

    def document(self) -> dict[str, JsonValue]:
        """Give it as JSON."""
        named: dict[str, JsonValue] = {"id": self.id, "publicKeyMultibase": to_multikey(self.public)}
        return {**self.extra, **named, **_span(self.start, self.until)}


@dataclass(frozen=True, slots=True)
class Authority:
    """For which governments a member may speak, and with what."""

    governments: tuple[str, ...] = ()
    #: Empty means all.
    types: tuple[str, ...] = ()
    #: A put at an index at or above it is refused.
    quota: int | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    def document(self) -> dict[str, JsonValue]:
        """Give it as JSON."""
        optional = _present({"types": list(self.types), "quota": self.quota})
        return {**self.extra, "governments": list(self.governments), **optional}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Everything a harvester pins of a node. Writing what was read changes nothing but the layout."""

    did: str
    origin: str
    name: str
    kind: str
    base_url: str
    id_prefixes: tuple[str, ...]
    sources: tuple[str, ...] = ()
    vkeys: tuple[LogKey, ...]
    record_keys: tuple[RecordKey, ...]
    witness_vkey: Vkey | None = None
    mirror_vkey: Vkey | None = None
    message_key: PublicKey | None = None
    authority: Authority = field(default_factory=Authority)
    status: str = "active"
    closed: Until | None = None
    successor: str | None = None
    parents: tuple[str, ...] = ()
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _require_consistent(self)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a descriptor in any layout, or raise FormatError naming the member and the mend."""
        document = parse(data)
        if not isinstance(document, dict):
            raise FormatError("member descriptor: it must be one JSON object")
        given = _Given(document)
        return cls(
            did=given.text("did"),
            origin=given.text("origin"),
            name=given.text("name"),
            kind=given.text("kind"),
            base_url=given.text("base_url"),
            id_prefixes=given.texts("id_prefixes"),
            sources=given.texts("sources"),
            vkeys=tuple(map(_log_key, given.objects("vkeys"))),
            record_keys=tuple(map(_record_key, given.objects("record_keys"))),
            witness_vkey=given.read_if_there("witness_vkey", Vkey.parse),
            mirror_vkey=given.read_if_there("mirror_vkey", Vkey.parse),
            message_key=given.read_if_there("message_key", from_multikey),
            authority=_authority(given.object("authority")),
            status=given.text("status"),
            closed=_until(given, "closed"),
            successor=given.read_if_there("successor", str),
            parents=given.texts("parents"),
            extra=given.rest(_MEMBERS),
        )

    def document(self) -> dict[str, JsonValue]:
        """Give it as JSON; absent members are omitted."""
        optional = _present(
            {
                "sources": list(self.sources),
                "witness_vkey": str(self.witness_vkey) if self.witness_vkey else None,
                "mirror_vkey": str(self.mirror_vkey) if self.mirror_vkey else None,
                "message_key": to_multikey(self.message_key) if self.message_key else None,
                "closed": self.closed.document() if self.closed else None,
                "successor": self.successor,
                "parents": list(self.parents),
            }
        )
        return {
            **self.extra,
            "did": self.did,
            "origin": self.origin,
            "name": self.name,
            "kind": self.kind,
            "base_url": self.base_url,
            "id_prefixes": list(self.id_prefixes),
            "vkeys": [key.document() for key in self.vkeys],
            "record_keys": [key.document() for key in self.record_keys],
            "authority": self.authority.document(),
            "status": self.status,
            **optional,
        }

    def encode(self) -> bytes:
        """Give the canonical bytes."""
        return encode(self.document())

    def fingerprint(self) -> str:
        """Give what an operator compares before pinning: hex SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.encode()).hexdigest()

    def log_keys(self, size: int) -> tuple[Vkey, ...]:
        """Give the keys valid for a checkpoint of that size."""
        return tuple(key.vkey for key in self.vkeys if key.covers(size))

    def record_key(self, method_id: str, index: int) -> PublicKey | None:
        """Give the key of that id if it was valid for the entry at that index."""
        valid = (key.public for key in self.record_keys if key.id == method_id and key.covers(index))
        return next(valid, None)

    def allowing(self, governments: Iterable[str]) -> Self:
        """Give the member as an operator accepts it, speaking for these governments and no other."""
        return replace(self, authority=replace(self.authority, governments=tuple(governments)))


def did_document(member: Member) -> dict[str, JsonValue]:
    """Give the DID document: every record key, past ones too, since old records stay verifiable."""
    keys = {key.id: key.public for key in member.record_keys}
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": member.did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": member.did, "publicKeyMultibase": to_multikey(key)}
            for name, key in keys.items()
        ],
        "assertionMethod": list(keys),
    }


def _span(start: int, until: Until | None) -> dict[str, JsonValue]:
    return {"from": start} if until is None else {"from": start, "until": until.document()}


def _present(members: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in members.items() if value is not None and value != []}


_MEMBERS = frozenset(Member.__dataclass_fields__) - {"extra"}


@dataclass(frozen=True, slots=True)
class _Given:
    """One JSON object of a descriptor being read, and where it stands."""

    members: Mapping[str, JsonValue]
    path: str = ""

    def refuse(self, name: str, mend: str) -> NoReturn:
        raise FormatError(f"member descriptor, `{self.path}{name}`: {mend}")

    def text(self, name: str) -> str:
        value = self.members.get(name)
        if not isinstance(value, str) or not value:
            self.refuse(name, "it must be there, as text that is not empty")
        return value

    def number(self, name: str) -> int:
        value = self.members.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.refuse(name, "it must be there, as a whole number from 0")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.members.get(name, [])
        if not isinstance(value, list) or not all(value):
            self.refuse(name, "it must be a list of texts")
        return tuple(
            item if isinstance(item, str) else self.refuse(f"{name}[{index}]", "it must be text")
            for index, item in enumerate(value)
        )

    def object(self, name: str) -> "_Given":
        value = self.members.get(name)
        if not isinstance(value, dict):
            self.refuse(name, "it must be there, as an object")
        return _Given(value, f"{self.path}{name}.")

    def objects(self, name: str) -> Iterator["_Given"]:
        value = self.members.get(name)
        if not isinstance(value, list) or not value:
            self.refuse(name, "it must be there, as a list that is not empty")
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                self.refuse(f"{name}[{index}]", "it must be an object")
            yield _Given(item, f"{self.path}{name}[{index}].")

    def read(self, name: str, reader: Callable[[str], _T]) -> _T:
        text = self.text(name)
        try:
            return reader(text)
        except FormatError as error:
            self.refuse(name, str(error))

    def read_if_there(self, name: str, reader: Callable[[str], _T]) -> _T | None:
        return self.read(name, reader) if name in self.members else None

    def rest(self, known: AbstractSet[str]) -> dict[str, JsonValue]:
        """Give what the fields do not tell: unknown members, and lists written out although empty."""
        return {name: value for name, value in self.members.items() if name not in known or value == []}


def _root(text: str) -> bytes:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != ROOT_BYTES or base64.b64encode(root).decode() != text:
        raise FormatError("it must be the base64 of 32 bytes, as in checkpoints")
    return root


def _until(given: _Given, name: str) -> Until | None:
    if name not in given.members:
        return None
    until = given.object(name)
    return Until(until.number("size"), until.read("root", _root), until.rest({"size", "root"}))


def _log_key(given: _Given) -> LogKey:
    rest = given.rest({"vkey", "from", "until"})
    return LogKey(given.read("vkey", Vkey.parse), given.number("from"), _until(given, "until"), rest)


def _record_key(given: _Given) -> RecordKey:
    public = given.read("publicKeyMultibase", from_multikey)
    rest = given.rest({"id", "publicKeyMultibase", "from", "until"})
    return RecordKey(given.text("id"), public, given.number("from"), _until(given, "until"), rest)


def _authority(given: _Given) -> Authority:
    if "governments" not in given.members:
        given.refuse("governments", "it must be there, as a list that may be empty")
    quota = given.number("quota") if "quota" in given.members else None
    rest = given.rest({"governments", "types", "quota"})
    return Authority(given.texts("governments"), given.texts("types"), quota, rest)


def _require(ok: bool, place: str, mend: str) -> None:  # noqa: FBT001
    if not ok:
        raise FormatError(f"member descriptor, `{place}`: {mend}")


def _require_consistent(member: Member) -> None:
    """Check what every descriptor must keep, read or made; each function is one group of rules."""
    _require_spelling(member)
    _require_names(member)
    _require_vkeys(member)
    _require_record_keys(member)
    _require_distinct_keys(member)


def _require_spelling(member: Member) -> None:
    _require(bool(_NAME.fullmatch(member.name)), "name", "it must be one line of 1 to 200 characters")
    _require(member.status in STATUSES, "status", f"it must be one of {', '.join(STATUSES)}")
    _require(bool(_ORIGIN.fullmatch(member.origin)), "origin", "it must be host[:port]/path, without a scheme")
    for place, values, pattern, form in (
        ("sources", member.sources, _SOURCE, "a log prefix, https://host/path without a slash at the end"),
        ("parents", member.parents, _ORIGIN, "the origin of a log"),
        ("successor", filter(None, [member.successor]), _ORIGIN, "the origin of a log"),
        ("authority.governments", member.authority.governments, _GOVERNMENT, "two capital letters"),
        ("authority.types", member.authority.types, _TYPE, "the name of a record type"),
    ):
        for value in values:
            _require(bool(pattern.fullmatch(value)), place, f"{value!r} is not {form}")


def _require_names(member: Member) -> None:
    prefixes = member.id_prefixes
    try:
        wanted = did_of(member.base_url)
        # A node that moved keeps its DID; the prefixes, only ever added to, show where it was.
        known = {wanted, *(did_of(prefix.removesuffix("/records")) for prefix in prefixes)}
    except FormatError as error:
        raise FormatError(f"member descriptor, `base_url` or `id_prefixes`: {error}") from None
    first = f"{member.base_url}/records"
    _require(prefixes[:1] == (first,), "id_prefixes", f"it must start with {first}")
    _require(member.did in known, "did", f"it must be the did:web of `base_url`, {wanted}")


def _require_vkeys(member: Member) -> None:
    _require(bool(member.vkeys), "vkeys", "there must be at least one")
    for index, key in enumerate(member.vkeys):
        _require_vkey(f"vkeys[{index}].vkey", key.vkey, member.origin, ED25519)
        _require_span(f"vkeys[{index}].until", key)
    if member.witness_vkey:
        _require_vkey("witness_vkey", member.witness_vkey, cosigner_name(member.base_url, "witness"), COSIGNATURE)
    if member.mirror_vkey:
        _require_vkey("mirror_vkey", member.mirror_vkey, cosigner_name(member.base_url, "mirror"), COSIGNATURE)


def _require_vkey(place: str, vkey: Vkey, name: str, algorithm: int) -> None:
    _require(vkey.name == name, place, f"its name must be {name}, not {vkey.name}")
    _require(vkey.algorithm == algorithm, place, f"its signature type must be {algorithm}, not {vkey.algorithm}")


def _require_record_keys(member: Member) -> None:
    _require(bool(member.record_keys), "record_keys", "there must be at least one")
    for index, key in enumerate(member.record_keys):
        wanted = f"{member.did}#{to_multikey(key.public)}"
        _require(key.id == wanted, f"record_keys[{index}].id", f"it must be {wanted}")
        _require_span(f"record_keys[{index}].until", key)


def _require_span(place: str, key: LogKey | RecordKey) -> None:
    _require(key.until is None or key.start <= key.until.size, place, f"it must not end before {key.start}")


def _require_distinct_keys(member: Member) -> None:
    """Demand a key of its own for each role, so that no signature of one passes for another's (section 2)."""
    roles: dict[PublicKey, str] = {}
    for role, keys in (
        ("vkeys", [key.vkey.public for key in member.vkeys]),
        ("record_keys", [key.public for key in member.record_keys]),
        ("witness_vkey", [member.witness_vkey.public] if member.witness_vkey else []),
        ("mirror_vkey", [member.mirror_vkey.public] if member.mirror_vkey else []),
        ("message_key", [member.message_key] if member.message_key else []),
    ):
        for key in keys:
            first = roles.setdefault(key, role)
            _require(first == role, role, f"the key is in `{first}` too; make one for each")
