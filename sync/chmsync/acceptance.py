"""The checks that an entry and its record must pass, in the protocol's order (CHM-Sync 1 section 7).

Owns the verdict: pure functions from bytes to `Accepted` or a refusal with its code. The first three checks (`ENTRY`,
`FOREIGN_IRI`, `REV`) are about the log and alone advance the sequence; the others are about the record and decide
whether it is in force. Nothing here reads a clock, a disk or the network.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chmsync.canonical import JsonValue, decode
from chmsync.entry import Entry, below
from chmsync.errors import FormatError, RecordCode, RecordRefused
from chmsync.member import Member
from chmsync.ports import Accepted, Head, Leaf, Refusal, SchemaCheck
from chmsync.proof import verify_document


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a run of entries: those refused, and pairs (older, newer index) of the ones superseded."""

    refused: Sequence[Refusal]
    superseded: Sequence[tuple[int, int]]


def leaf_of(index: int, leaf: bytes) -> Leaf:
    """Index one entry's bytes; a leaf of bad shape keeps its place in the tree and nothing else."""
    try:
        entry = Entry.parse(leaf)
    except RecordRefused as refused:
        return Leaf(index, leaf, None, None, None, refused.detail)
    return Leaf(index, leaf, entry.id, entry.op, entry.rev)


def judge(leaves: Iterable[Leaf], heads: Mapping[str, Head], prefixes: Sequence[str]) -> Judgement:
    """Judge entries in log order by shape, IRI and sequence.

    Args:
        leaves: consecutive entries.
        heads: the newest well-formed entry of each record they name, before them.
        prefixes: the member's `id_prefixes`.
    """
    newest = dict(heads)
    refused: list[Refusal] = []
    superseded: list[tuple[int, int]] = []
    for leaf in leaves:
        refusal = _unfit(leaf, newest, prefixes)
        if refusal is not None:
            refused.append(refusal)
            continue
        assert leaf.iri is not None
        assert leaf.rev is not None
        assert leaf.op is not None
        older = newest.get(leaf.iri)
        if older is not None:
            superseded.append((older.index, leaf.index))
        newest[leaf.iri] = Head(leaf.iri, leaf.index, leaf.rev, leaf.op)
    return Judgement(refused, superseded)


def _unfit(leaf: Leaf, newest: Mapping[str, Head], prefixes: Sequence[str]) -> Refusal | None:
    if leaf.iri is None or leaf.rev is None:
        detail = leaf.detail or leaf_of(leaf.index, leaf.leaf).detail or "the entry has no valid shape"
        return Refusal(leaf.index, None, RecordCode.ENTRY, detail)
    if not below(prefixes, leaf.iri):
        return Refusal(leaf.index, leaf.iri, RecordCode.FOREIGN_IRI, f"{leaf.iri} is not below the member's prefixes")
    older = newest.get(leaf.iri)
    if older is not None and older.op == "erase":
        return Refusal(leaf.index, leaf.iri, RecordCode.REV, f"the record was erased by entry {older.index}")
    expected = older.rev + 1 if older else 1
    if leaf.rev != expected:
        detail = f"revision {leaf.rev} where {expected} must follow"
        return Refusal(leaf.index, leaf.iri, RecordCode.REV, detail)
    return None


def check_authority(entry: Entry, index: int, member: Member) -> None:
    """Refuse with `AUTHORITY` a put that speaks for others, is of a type not granted, or lies beyond the quota."""
    authority = member.authority
    if entry.government is not None and entry.government not in authority.governments:
        raise RecordRefused(RecordCode.AUTHORITY, f"the member may not speak for {entry.government}")
    if authority.types and entry.type not in authority.types:
        raise RecordRefused(RecordCode.AUTHORITY, f"the member may not publish records of type {entry.type}")
    if authority.quota is not None and index >= authority.quota:
        raise RecordRefused(RecordCode.AUTHORITY, f"entry {index} lies beyond the member's quota of {authority.quota}")


def matches(entry: Entry, body: bytes) -> bool:
    """Whether these bytes are the ones the entry names."""
    return len(body) == entry.size and hashlib.sha256(body).hexdigest() == entry.sha256


def check_record(entry: Entry, index: int, body: bytes, member: Member, schemas: SchemaCheck) -> Accepted:
    """Check one put against the bytes served for it.

    Returns:
        The record, fit to be in force.

    Raises:
        RecordRefused: with the code of the first check that failed.
    """
    check_authority(entry, index, member)
    if not matches(entry, body):
        found = f"{len(body)} bytes with SHA-256 {hashlib.sha256(body).hexdigest()}"
        raise RecordRefused(RecordCode.HASH, f"{found} where the entry names {entry.size} and {entry.sha256}")
    document = _canonical(body)
    _check_agreement(document, entry, member)
    if not schemas.known_context(document.get("@context")):
        raise RecordRefused(RecordCode.CONTEXT, "the record's @context is not one that this software ships")
    verify_document(document, lambda method: member.record_key(method, index))
    problem = schemas.problem(document)
    if problem is not None:
        raise RecordRefused(RecordCode.SCHEMA, problem)
    assert entry.sha256 is not None
    return Accepted.of(index, entry.id, entry.rev, entry.sha256, body, document, schemas.derive(document))


def _canonical(body: bytes) -> dict[str, JsonValue]:
    try:
        document = decode(body)
    except FormatError as error:
        raise RecordRefused(RecordCode.CANONICAL, str(error)) from error
    if not isinstance(document, dict):
        raise RecordRefused(RecordCode.CANONICAL, "a record is one JSON object")
    return document


def _check_agreement(document: dict[str, JsonValue], entry: Entry, member: Member) -> None:
    expected: tuple[tuple[str, JsonValue], ...] = (
        ("id", entry.id),
        ("type", entry.type),
        ("government", entry.government),
        ("countries", list(entry.countries)),
        ("regions", list(entry.regions)),
        ("revision", entry.rev),
        ("publisher", member.did),
    )
    for name, value in expected:
        found = document.get(name)
        if found != value or type(found) is not type(value):  # True == 1 in Python, not in JSON
            raise RecordRefused(RecordCode.MISMATCH, f"`{name}` of the record differs from its entry or member")
