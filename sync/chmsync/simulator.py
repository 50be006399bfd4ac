"""A peer that can lie: a whole publishing node in memory, for tests and demonstrations.

It keeps its log the naive way (a list of leaves, every hash made anew), on purpose unlike the real one, so that the
two check each other. Whoever holds it can publish records that are well or badly made, fork it, roll it back, and
change any answer on the way out: `lies` are functions from path and answer to another answer.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from chmsync import tiles
from chmsync.canonical import JsonValue, encode
from chmsync.checkpoint import Checkpoint
from chmsync.entry import Entry
from chmsync.errors import FormatError, LogCode, LogRefused
from chmsync.http import Absent
from chmsync.keys import COSIGNATURE, ED25519, PrivateKey, Vkey, to_multikey
from chmsync.limits import TILE_WIDTH
from chmsync.member import Authority, LogKey, Member, RecordKey, cosigner_name, did_of, origin_of
from chmsync.merkle import leaf_hash, root_of
from chmsync.note import Note, cosign, sign
from chmsync.proof import sign_document
from chmsync.sources import NotServed

Document = dict[str, JsonValue]
#: What a lie makes of an answer; None is "not there".
Lie = Callable[[str, bytes | None], bytes | None]

CONTEXT = "https://w3id.org/chm/context/v1"
_AT = "2026-01-01T00:00:00Z"


def _seed(name: str, role: str) -> PrivateKey:
    return PrivateKey.from_seed(hashlib.sha256(f"{name} {role}".encode()).digest())


@dataclass(slots=True)
class Peer:
    """A publishing node.

    Args:
        base_url: what all its names follow from.
        governments: what its own descriptor claims; what a harvester grants is the harvester's affair.
        clock: POSIX seconds of its cosignatures; None leaves checkpoints without one.
    """

    base_url: str = "https://chm.example.ke"
    governments: tuple[str, ...] = ("KE",)
    clock: int | None = 1_767_225_600
    leaves: list[bytes] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    lies: list[Lie] = field(default_factory=list)

    # -- who it is -----------------------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """Name of its log."""
        return origin_of(self.base_url)

    @property
    def log_key(self) -> PrivateKey:
        """Signs checkpoints; the same for the same base URL, so that a fork can be made by the same node."""
        return _seed(self.base_url, "log")

    @property
    def record_key(self) -> PrivateKey:
        """Signs records."""
        return _seed(self.base_url, "record")

    @property
    def method(self) -> str:
        """Name of the record key."""
        return f"{did_of(self.base_url)}#{to_multikey(self.record_key.public)}"

    @property
    def member(self) -> Member:
        """Its descriptor."""
        witness, mirror = (cosigner_name(self.base_url, role) for role in ("witness", "mirror"))
        return Member(
            did=did_of(self.base_url),
            origin=self.origin,
            name="A simulated node",
            kind="national",
            base_url=self.base_url,
            id_prefixes=(f"{self.base_url}/records",),
            vkeys=(LogKey(Vkey(self.origin, ED25519, self.log_key.public), 0, None),),
            record_keys=(RecordKey(self.method, self.record_key.public, 0, None),),
            witness_vkey=Vkey(witness, COSIGNATURE, _seed(self.base_url, "witness").public),
            mirror_vkey=Vkey(mirror, COSIGNATURE, _seed(self.base_url, "mirror").public),
            authority=Authority(governments=self.governments),
            status="active",
        )

    # -- publishing ----------------------------------------------------------------------------------------------

    def iri(self, slug: str) -> str:
        """The IRI of one of its records."""
        return f"{self.base_url}/records/{slug}"

    def record(self, slug: str, **members: JsonValue) -> Document:
        """An unsigned record with the envelope's members; `members` override or add."""
        record: Document = {
            "@context": CONTEXT,
            "id": self.iri(slug),
            "type": "Example",
            "schema": "https://w3id.org/chm/schemas/example/1.0",
            "government": self.governments[0] if self.governments else None,
            "countries": list(self.governments[:1]),
            "regions": [],
            "languages": ["en"],
            "title": {"en": f"Record {slug}"},
            "publisher": did_of(self.base_url),
            "revision": self._next_rev(slug),
        }
        record.update(members)
        return {name: value for name, value in record.items() if value is not None}

    def _next_rev(self, slug: str) -> int:
        iri = self.iri(slug).encode()
        return 1 + sum(1 for leaf in self.leaves if b'"id":"' + iri + b'"' in leaf)

    def sign(self, document: Mapping[str, JsonValue], key: PrivateKey | None = None) -> Document:
        """The document with its proof, by our record key or another."""
        return sign_document(dict(document), key or self.record_key, self.method, _AT)

    def put(self, slug: str, document: Document | None = None, **entry: JsonValue) -> str:
        """Publish a record, signed unless it carries a proof, and give its hash; `entry` overrides the entry."""
        document = document if document is not None else self.record(slug)
        body = encode(document if "proof" in document else self.sign(document))
        return self.put_bytes(slug, body, document, **entry)

    def put_bytes(self, slug: str, body: bytes, document: Document, **entry: JsonValue) -> str:
        """Publish any bytes as the text of a record, and give their hash."""
        members: Document = {
            "v": 1,
            "op": "put",
            "id": self.iri(slug),
            "type": document.get("type", "Example"),
            "rev": self._next_rev(slug),
            "at": _AT,
            "government": document.get("government"),
            "countries": document.get("countries", []),
            "regions": document.get("regions", []),
            "sha256": hashlib.sha256(body).hexdigest(),
            "size": len(body),
        }
        members.update(entry)
        self.append(encode({name: value for name, value in members.items() if value is not None}), body)
        return hashlib.sha256(body).hexdigest()

    def remove(self, slug: str, op: str = "withdraw", **entry: JsonValue) -> None:
        """Withdraw or erase a record."""
        members: Document = {
            "v": 1,
            "op": op,
            "id": self.iri(slug),
            "type": "Example",
            "rev": self._next_rev(slug),
            "at": _AT,
            "countries": [],
            "regions": [],
            "reason": "error",
        }
        members.update(entry)
        if op == "erase":
            for leaf in self.leaves:
                if f'"id":"{self.iri(slug)}"'.encode() in leaf:
                    self.bodies.pop(Entry.parse(leaf).sha256 or "", None)
        self.append(encode(members))

    def append(self, leaf: bytes, body: bytes | None = None) -> None:
        """Log any leaf at all."""
        self.leaves.append(leaf)
        if body is not None:
            self.bodies[hashlib.sha256(body).hexdigest()] = body

    def forked(self, size: int) -> "Peer":
        """The same node with another history after its first `size` entries."""
        return replace(self, leaves=self.leaves[:size], bodies=dict(self.bodies), lies=[])

    def copy(self) -> "Peer":
        """A copy that lives its own life."""
        return deepcopy(self)

    # -- serving -------------------------------------------------------------------------------------------------

    def checkpoint(self, size: int | None = None) -> bytes:
        """The signed checkpoint over the first `size` entries, cosigned by its witness."""
        size = len(self.leaves) if size is None else size
        text = Checkpoint(self.origin, size, root_of([leaf_hash(leaf) for leaf in self.leaves[:size]])).text()
        note = Note(text, (sign(text, self.origin, self.log_key),))
        if self.clock is not None:
            name = cosigner_name(self.base_url, "witness")
            note = note.with_signatures(cosign(text, name, _seed(self.base_url, "witness"), self.clock))
        return note.encode()

    def resource(self, path: str) -> bytes | None:
        """The answer to a path below the log prefix, after the lies."""
        answer = self._truth(path)
        for lie in self.lies:
            answer = lie(path, answer)
        return answer

    def _truth(self, path: str) -> bytes | None:
        if path == "checkpoint":
            return self.checkpoint()
        if path.startswith("record/"):
            return self.bodies.get(path.removeprefix("record/"))
        try:
            if path.startswith("records/"):
                return self._lines(tiles.parse_index(path.removeprefix("records/")))
            place = tiles.parse_path(path)
        except FormatError:
            return None
        start, end = place.index * TILE_WIDTH, place.index * TILE_WIDTH + place.width
        if isinstance(place, tiles.Bundle):
            return tiles.encode_bundle(self.leaves[start:end]) if end <= len(self.leaves) else None
        return self._tile(place.level, start, end)

    def _tile(self, level: int, start: int, end: int) -> bytes | None:
        span = TILE_WIDTH**level
        if end * span > len(self.leaves):
            return None
        hashes = [leaf_hash(leaf) for leaf in self.leaves]
        return b"".join(root_of(hashes[at * span : (at + 1) * span]) for at in range(start, end))

    def _lines(self, index: int) -> bytes | None:
        leaves = self.leaves[index * TILE_WIDTH : (index + 1) * TILE_WIDTH]
        return b"".join(self._line(leaf) + b"\n" for leaf in leaves) or None

    def _line(self, leaf: bytes) -> bytes:
        entry = _entry(leaf)
        if entry is None or entry.op != "put" or _newest(self.leaves, entry.id) != leaf:
            return b""
        body = self.bodies.get(entry.sha256 or "", b"")
        return b"" if b"\n" in body else body


def _entry(leaf: bytes) -> Entry | None:
    try:
        return Entry.parse(leaf)
    except Exception:  # noqa: BLE001 - a leaf that is no entry has no text
        return None


def _newest(leaves: Sequence[bytes], iri: str) -> bytes | None:
    needle = f'"id":"{iri}"'.encode()
    return next((leaf for leaf in reversed(leaves) if needle in leaf), None)


@dataclass(slots=True)
class PeerSource:
    """A `Source` that reads a simulated peer without a network, counting what it is asked."""

    peer: Peer
    name: str = "simulator"
    is_origin: bool = True
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def checkpoint(self, etag: str | None) -> tuple[bytes, str | None] | None:
        """The note, tagged by its hash."""
        note = await self.fetch("checkpoint", 65_536)
        tag = f'"{hashlib.sha256(note).hexdigest()}"'
        return None if tag == etag else (note, tag)

    async def fetch(self, path: str, limit: int) -> bytes:
        """The peer's answer, within the limit."""
        self.asked.append(path)
        if self.down:
            raise LogRefused(LogCode.UNREACHABLE, "the peer is down")
        answer = self.peer.resource(path)
        if answer is None:
            if path.startswith("record/"):
                raise NotServed(path, 404)
            raise Absent(f"{path}: not there")
        if len(answer) > limit:
            raise LogRefused(LogCode.LIMIT, f"{path}: more than {limit} bytes")
        return answer
