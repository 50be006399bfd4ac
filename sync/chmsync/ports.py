"""What the protocol asks of a node: small Protocols, each a promise with a contract suite.

The library holds no state of its own. A node gives it a place to keep logs (`SequencerStore` for its own,
`HarvestStore` for other people's), a way to read them back (`LogReader`), and a judge of record types
(`SchemaCheck`). All positions are log indexes; a position moves in the same transaction as what it accounts for, so
that a kill at any point repeats at most one step (CHM-Sync 1 sections 6 and 7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from chmsync.canonical import JsonValue
from chmsync.errors import RecordCode
from chmsync.merkle import EMPTY_ROOT, CompactRange


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """The durable state of one log, own or foreign (section 7).

    `applied <= judged <= proven <= fetched`; `size <= proven`. Entries below `proven` lie under a root that matched a
    signed checkpoint; those from `proven` to `fetched` are pending and trusted by nobody.
    """

    origin: str
    #: The trusted checkpoint: its signed note with the cosignatures kept, size and root. No note: nothing trusted yet.
    note: bytes | None = None
    size: int = 0
    root: bytes = EMPTY_ROOT
    #: The verified checkpoint we are harvesting towards.
    target_note: bytes | None = None
    target_size: int = 0
    #: Entries stored, and the compact range over them.
    fetched: int = 0
    frontier: CompactRange = CompactRange()  # noqa: RUF009 - frozen
    #: Entries proven, the compact range over them, and the signed note that proved them.
    proven: int = 0
    proven_frontier: CompactRange = CompactRange()  # noqa: RUF009 - frozen
    proven_note: bytes | None = None
    #: Entries whose shape, IRI and sequence have been judged, in order.
    judged: int = 0
    #: Entries whose records have been checked and applied.
    applied: int = 0
    #: Evidence of a fork (the two notes), until an operator resumes.
    evidence: str | None = None


class Leaf(NamedTuple):
    """One entry as stored: its bytes, and what of them the store indexes (nothing when the shape is bad).

    A named tuple, as `Accepted` is: a harvest makes several for every entry.
    """

    index: int  # type: ignore[assignment]  # hides the tuple's method of that name, which nobody asks for
    leaf: bytes
    iri: str | None
    op: str | None
    rev: int | None
    #: Why its shape was refused, when it was.
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """Root of a full tile one level below: hash `index` of tile level `level` (1 and above)."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The newest well-formed entry of one record so far."""

    iri: str
    index: int
    rev: int
    op: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """One quarantined entry."""

    index: int
    iri: str | None
    code: RecordCode
    detail: str


#: Letters of the longest `identifier` and `modified` that are indexed; what is longer is no identifier and no date.
_KEY_LETTERS = 64


class Accepted(NamedTuple):
    """One record that passed every check: its newest put, its canonical bytes, and what of them a node indexes."""

    index: int  # type: ignore[assignment]
    iri: str
    type: str
    government: str | None
    rev: int
    sha256: str
    body: bytes
    identifier: str | None
    modified: str
    #: What `SchemaCheck.derive` made of it.
    derived: str | None = None

    @classmethod
    def of(
        cls,
        index: int,
        iri: str,
        rev: int,
        sha256: str,
        body: bytes,
        document: Mapping[str, JsonValue],
        derived: str | None = None,
    ) -> Self:
        """The record of an entry; `document` is its body, decoded."""
        government = _key(document, "government")
        identifier, modified = _key(document, "identifier"), _key(document, "modified") or ""
        kind = _key(document, "type") or ""
        return cls(index, iri, kind, government, rev, sha256, body, identifier, modified, derived)


def _key(document: Mapping[str, JsonValue], name: str) -> str | None:
    """A member that is short plain text; a record of an unknown type may hold anything there."""
    found = document.get(name)
    return found if isinstance(found, str) and len(found) <= _KEY_LETTERS and found.isprintable() else None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one records step decided for the entries `[start, end)`; applied in one transaction.

    `held` are bodies whose hash matches though the record is quarantined: a mirror serves them, a node does not show
    them. `withdrawn` and `erased` are record IRIs; erasing deletes the content of all revisions. `undecided` are
    indexes whose text was not served while a newer checkpoint may explain it.
    """

    start: int
    end: int
    accepted: Sequence[Accepted] = ()
    refused: Sequence[Refusal] = ()
    held: Sequence[tuple[int, str, bytes]] = ()
    withdrawn: Sequence[str] = ()
    erased: Sequence[str] = ()
    undecided: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """How many records came into force, and left it, by one batch."""

    accepted: int = 0
    withdrawn: int = 0
    erased: int = 0


class HarvestStore(Protocol):
    """Durable state of harvested logs. Each method is one transaction; after it returns, a crash does not undo it."""

    async def load(self, origin: str) -> LogState:
        """The state of a log; a fresh one when nothing is known."""

    async def retarget(self, origin: str, note: bytes, size: int) -> None:
        """Remember a verified checkpoint as the target."""

    async def save_entries(
        self, origin: str, leaves: Sequence[Leaf], nodes: Sequence[Node], frontier: CompactRange
    ) -> None:
        """Append pending entries; `frontier` covers them. Conflict if the log has moved meanwhile."""

    async def discard_pending(self, origin: str) -> None:
        """Forget everything above `proven`: entries, nodes, target."""

    async def prove(self, origin: str, size: int) -> None:
        """Everything fetched, `size` entries, lies under the target's root."""

    async def leaves(self, origin: str, start: int, end: int) -> list[Leaf]:
        """Stored entries `[start, end)` in order."""

    async def heads(self, origin: str, iris: Sequence[str]) -> dict[str, Head]:
        """The newest well-formed judged entries of these records."""

    async def judge(
        self, origin: str, end: int, refused: Sequence[Refusal], superseded: Sequence[tuple[int, int]]
    ) -> None:
        """Record the verdict on `[judged, end)`: refused ones, and pairs (older index, newer index)."""

    async def living(self, origin: str, start: int, end: int) -> list[Leaf]:
        """Of `[start, end)` the well-formed entries that nothing judged so far supersedes, in order."""

    async def apply(self, origin: str, batch: Batch) -> Applied:
        """Apply a batch and move `applied` to its end if it starts there; else it is a retry, and positions stay."""

    async def undecided(self, origin: str) -> list[int]:
        """Indexes left undecided, still living, ascending."""

    async def quarantined(self, origin: str) -> list[Refusal]:
        """Every quarantined entry, ascending by index."""

    async def trust(self, origin: str, note: bytes, size: int, root: bytes) -> None:
        """The checkpoint at `applied` becomes trusted; also used to keep newer cosignatures of the same one."""

    async def freeze(self, origin: str, evidence: str | None) -> None:
        """Set the evidence of a fork, or lift it (None)."""

    async def root_at(self, origin: str, size: int) -> bytes:
        """Root of our own tree of the log at `size <= fetched`."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The answer to one log path: bytes and how long they may be cached."""

    body: bytes
    content_type: str
    #: Seconds; `None` means immutable.
    max_age: int | None


class LogReader(Protocol):
    """Reads logs for serving: own and mirrored alike."""

    async def load(self, origin: str) -> LogState:
        """The state of a log."""

    async def origins(self) -> list[str]:
        """Origins of the logs that have a trusted checkpoint."""

    async def leaf_bytes(self, origin: str, start: int, end: int) -> list[bytes]:
        """Entries `[start, end)`."""

    async def nodes(self, origin: str, level: int, start: int, end: int) -> list[bytes]:
        """Hashes `[start, end)` of tile level `level` (1 and above)."""

    async def bodies(self, origin: str, start: int, end: int, size: int) -> list[bytes | None]:
        """Per entry of `[start, end)` the record text, or None: no put, superseded below `size`, erased, not held."""

    async def body(self, origin: str, sha256: str) -> tuple[bytes | None, bool]:
        """A record's bytes by hash, and whether it was erased."""


@dataclass(frozen=True, slots=True)
class Staged:
    """An entry that waits for its index: staged by the transaction of the edit (section 6)."""

    seq: int
    iri: str
    op: str
    rev: int
    leaf: bytes
    sha256: str | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Append:
    """One sequencing step: entries from `expected.size`, the tree after them, the checkpoint over it."""

    expected_size: int
    staged: Sequence[Staged]
    nodes: Sequence[Node]
    frontier: CompactRange
    note: bytes
    root: bytes


class SequencerStore(Protocol):
    """Durable state of a node's own log."""

    async def load(self, origin: str) -> LogState:
        """The state of the log."""

    async def staged(self, limit: int) -> list[Staged]:
        """The oldest staged entries."""

    async def append(self, origin: str, step: Append) -> None:
        """Everything of the step, or nothing, durably (fsync) before returning; Conflict if `expected_size` is passed.

        Entries, revisions, records in force, tree nodes, state with note; the staged rows are gone.
        """

    async def cosigned(self, origin: str, size: int, note: bytes) -> None:
        """Keep a note of the same checkpoint with newer cosignatures; Conflict if the log has grown."""


class SchemaCheck(Protocol):
    """Knows record types. The only thing the protocol asks about the inside of a record."""

    def problem(self, document: dict[str, JsonValue]) -> str | None:
        """Why the document fails the schema it names, as one sentence; None if it passes or the type is unknown."""

    def known_context(self, context: JsonValue) -> bool:
        """Whether this `@context` is shipped with the software."""

    def derive(self, document: dict[str, JsonValue]) -> str | None:
        """What the node wants to have with an accepted record, made here because all cores check; opaque otherwise."""
