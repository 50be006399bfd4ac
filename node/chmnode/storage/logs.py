"""Logs as rows: what `chmsync.ports` promises, within one transaction of the caller.

Owns the tables log, entry, node, revision, record, quarantine and undecided, and the order in which they change. A
position moves in the same transaction as what it accounts for (CHM-Sync 1 sections 6 and 7); a step that does not start
where the log stands raises Conflict and changes nothing. A record belongs to one log: ForeignRecord when a second one
claims its IRI.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chmnode.errors import ForeignRecord
from chmnode.storage.database import Row, Session, Value
from chmsync import mirror, tiles
from chmsync.canonical import decode
from chmsync.errors import Conflict, FormatError, LogDamaged, RecordCode
from chmsync.merkle import EMPTY_ROOT, CompactRange
from chmsync.ports import Accepted, Append, Applied, Batch, Head, Leaf, LogState, Node, Refusal, Staged

#: Tile levels above the entries that a tree of at most 2^63 entries can fill.
_LEVELS = range(1, 8)
#: Letters of a refusal that are kept.
_DETAIL_LETTERS = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to the records in force; for whoever derives something from them."""

    origin: str
    #: The log's own number in this database.
    log: int
    in_force: Sequence[Accepted]
    left: Sequence[str]
    #: Where the records that left, and those that were replaced, had been in force: number of the log, index.
    places: Mapping[str, tuple[int, int]]
    #: Records whose text is deleted, whether or not they were in force.
    erased: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Log:
    """A log row, locked until the transaction ends."""

    id: int
    state: LogState


class Logs:
    """The logs of a node, own and foreign, as seen by one session.

    Args:
        session: of a transaction for everything that writes.
        clock: POSIX seconds, for the date beside a refusal.
    """

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        self._session = session
        self._clock = clock

    # Reading.

    async def load(self, origin: str) -> LogState:
        """The state of a log; a fresh one when nothing is known."""
        row = await self._session.fetch_one("log_load", origin=origin)
        return _state(row) if row else LogState(origin=origin)

    async def origins(self) -> list[str]:
        """Origins of the logs that have a trusted checkpoint."""
        return [origin for (origin,) in await self._session.fetch_all("log_origins")]

    async def leaves(self, origin: str, start: int, end: int) -> list[Leaf]:
        """Stored entries `[start, end)` in order."""
        rows = await self._session.fetch_all("entry_range", origin=origin, start=start, end=end)
        return [Leaf(*row) for row in rows]

    async def leaf_bytes(self, origin: str, start: int, end: int) -> list[bytes]:
        """The bytes of entries `[start, end)`."""
        rows = await self._session.fetch_all("entry_leaves", origin=origin, start=start, end=end)
        return [leaf for (leaf,) in rows]

    async def nodes(self, origin: str, level: int, start: int, end: int) -> list[bytes]:
        """Hashes `[start, end)` of tile level `level` (1 and above)."""
        rows = await self._session.fetch_all("node_range", origin=origin, level=level, start=start, end=end)
        return [found for (found,) in rows]

    async def heads(self, origin: str, iris: Sequence[str]) -> dict[str, Head]:
        """The newest well-formed judged entries of these records."""
        rows = await self._session.fetch_all("entry_heads", heavy=True, origin=origin, iris=json.dumps(iris))
        return {row[0]: Head(*row) for row in rows}

    async def living(self, origin: str, start: int, end: int) -> list[Leaf]:
        """Of `[start, end)` the judged well-formed entries that nothing judged so far supersedes, in order."""
        rows = await self._session.fetch_all("entry_living", origin=origin, start=start, end=end)
        return [Leaf(*row) for row in rows]

    async def undecided(self, origin: str) -> list[int]:
        """Indexes left undecided, still living, ascending."""
        return [index for (index,) in await self._session.fetch_all("undecided_list", heavy=True, origin=origin)]

    async def quarantined(self, origin: str) -> list[Refusal]:
        """Every quarantined entry that nothing supersedes, ascending by index."""
        rows = await self._session.fetch_all("quarantine_list", heavy=True, origin=origin)
        return [Refusal(index, iri, RecordCode(code), detail) for index, iri, code, detail in rows]

    async def bodies(self, origin: str, start: int, end: int, size: int) -> list[bytes | None]:
        """Per entry of `[start, end)` the record text, or None: no put, superseded below `size`, erased, not held."""
        rows = await self._session.fetch_all(
            "revision_bundle", heavy=True, origin=origin, start=start, end=end, size=size
        )
        found: dict[int, bytes] = dict(rows)
        return [found.get(index) for index in range(start, end)]

    async def body(self, origin: str, sha256: str) -> tuple[bytes | None, bool]:
        """A record's bytes by hash, and whether it was erased."""
        row = await self._session.fetch_one("revision_body", origin=origin, sha256=sha256)
        return (row[0], row[0] is None) if row else (None, False)

    async def root_at(self, origin: str, size: int) -> bytes:
        """Root of our tree of the log at `size <= fetched`, from at most one tile a level."""
        try:
            return tiles.root_from_tiles(size, await mirror.read_tiles(self, origin, tiles.root_tiles(size)))
        except FormatError as error:
            raise LogDamaged(f"our copy of {origin} does not hold the tree of {size} entries: {error}") from error

    async def staged(self, limit: int) -> list[Staged]:
        """The oldest staged entries of our own log."""
        return [Staged(*row) for row in await self._session.fetch_all("staged_list", limit=limit)]

    # Harvesting (section 7).

    async def retarget(self, origin: str, note: bytes, size: int) -> None:
        """Remember a verified checkpoint as the target."""
        await self._save(await self._lock(origin), target_note=note, target_size=size)

    async def save_entries(
        self, origin: str, leaves: Sequence[Leaf], nodes: Sequence[Node], frontier: CompactRange
    ) -> None:
        """Append pending entries; `frontier` covers them."""
        log = await self._lock(origin)
        _require(
            frontier.size == log.state.fetched + len(leaves)
            and all(leaf.index == index for index, leaf in enumerate(leaves, log.state.fetched)),
            f"{origin} has {log.state.fetched} entries; these end at {frontier.size}",
        )
        await self._add(log, leaves, nodes)
        await self._save(log, fetched=frontier.size, frontier=frontier)

    async def discard_pending(self, origin: str) -> None:
        """Forget everything above `proven`: entries, nodes, target."""
        log = await self._lock(origin)
        proven = log.state.proven
        await self._session.execute("entry_discard", log=log.id, start=proven)
        starts = [{"log": log.id, "level": level, "start": proven >> 8 * level} for level in _LEVELS]
        await self._session.execute_many("node_discard", starts)
        frontier = log.state.proven_frontier
        await self._save(log, fetched=proven, frontier=frontier, target_note=None, target_size=0)

    async def prove(self, origin: str, size: int) -> None:
        """Everything fetched, `size` entries, lies under the target's root."""
        log = await self._lock(origin)
        fits = log.state.fetched == log.state.target_size == size
        _require(fits, f"{origin} has {log.state.fetched} entries for a target of {log.state.target_size}, not {size}")
        state = log.state
        await self._save(log, proven=size, proven_frontier=state.frontier, proven_note=state.target_note)

    async def judge(
        self, origin: str, end: int, refused: Sequence[Refusal], superseded: Sequence[tuple[int, int]]
    ) -> None:
        """Record the verdict on `[judged, end)`: refused ones, and pairs (older index, newer index)."""
        log = await self._lock(origin)
        judged, proven = log.state.judged, log.state.proven
        touched = [refusal.index for refusal in refused] + [newer for _, newer in superseded]
        _require(
            judged <= end <= proven and all(judged <= index < end for index in touched),
            f"{origin} is judged up to {judged} and proven up to {proven}; this verdict ends at {end}",
        )
        codes = [{"log": log.id, "idx": refusal.index, "code": refusal.code.value} for refusal in refused]
        await self._session.execute_many("entry_refuse", codes)
        pairs = [{"log": log.id, "idx": older, "newer": newer} for older, newer in superseded]
        await self._session.execute_many("entry_supersede", pairs)
        await self._quarantine(log, refused)
        await self._save(log, judged=end)

    async def apply(self, origin: str, batch: Batch) -> tuple[Applied, Change]:
        """Apply a batch and move `applied` to its end, when it starts there; else it is a retry."""
        log = await self._lock(origin)
        applied, judged = log.state.applied, log.state.judged
        _require(
            batch.start <= applied and batch.end <= judged,
            f"{origin} is applied up to {applied} and judged up to {judged}; this batch is {batch.start}:{batch.end}",
        )
        kept = [(record.index, record.sha256, record.body) for record in batch.accepted]
        await self._keep(log, [*kept, *batch.held])
        gone = dict.fromkeys([*batch.withdrawn, *batch.erased], batch.end)
        gone |= {refusal.iri: refusal.index for refusal in batch.refused if refusal.iri is not None}
        change = await self._enforce(log, batch.accepted, gone)
        await self._erase(log, batch.erased)
        await self._close(log, [record.index for record in batch.accepted])
        await self._quarantine(log, batch.refused)
        open_rows = [{"log": log.id, "idx": index} for index in batch.undecided]
        await self._session.execute_many("undecided_add", open_rows)
        if batch.start == applied:
            await self._save(log, applied=batch.end)
        left = set(change.left)
        counts = Applied(len(change.in_force), len(left & {*batch.withdrawn}), len(left & {*batch.erased}))
        return counts, replace(change, erased=batch.erased)

    async def trust(self, origin: str, note: bytes, size: int, root: bytes) -> None:
        """The checkpoint at `applied` becomes trusted; also keeps newer cosignatures of the same one."""
        log = await self._lock(origin)
        state = log.state
        _require(
            size == state.applied or (size, root) == (state.size, state.root),
            f"{origin} is applied up to {state.applied}; the checkpoint to trust has {size}",
        )
        await self._save(log, note=note, size=size, root=root)

    async def rejudge(self, origin: str) -> None:
        """Judge and apply every entry again at the next harvest: more of its IRIs are the member's own now."""
        log = await self._lock(origin)
        await self._session.execute("entry_unjudge", log=log.id)
        await self._session.execute("quarantine_forget", log=log.id)
        await self._session.execute("undecided_forget", log=log.id)
        await self._save(log, judged=0, applied=0)

    async def freeze(self, origin: str, evidence: str | None) -> None:
        """Set the evidence of a fork, or lift it."""
        await self._save(await self._lock(origin), evidence=evidence)

    # Publishing (section 6).

    async def append(self, origin: str, step: Append) -> Change:
        """Everything of one sequencing step."""
        log = await self._lock(origin)
        size = step.expected_size
        _require(
            log.state.size == log.state.fetched == size and step.frontier.size == size + len(step.staged),
            f"{origin} has {log.state.size} entries, not {size}",
        )
        await self._session.execute("log_own", log=log.id)
        numbered = list(enumerate(step.staged, size))
        leaves = [Leaf(index, entry.leaf, entry.iri, entry.op, entry.rev) for index, entry in numbered]
        await self._add(log, leaves, step.nodes)
        newer: list[Mapping[str, Value]] = [
            {"log": log.id, "iri": entry.iri, "newer": index} for index, entry in numbered
        ]
        await self._session.execute_many("entry_supersede_iri", newer)
        await self._keep(
            log, [(i, e.sha256, e.body) for i, e in numbered if e.sha256 is not None and e.body is not None]
        )
        newest = {entry.iri: (index, entry) for index, entry in numbered}
        accepted = [_accepted(index, entry) for index, entry in newest.values() if entry.op == "put"]
        gone = {iri: index for iri, (index, entry) in newest.items() if entry.op != "put"}
        change = await self._enforce(log, accepted, gone)
        erased = [entry.iri for entry in step.staged if entry.op == "erase"]
        await self._erase(log, erased)
        await self._session.execute_many("staged_remove", [{"seq": entry.seq} for entry in step.staged])
        await self._grow(log, step)
        return replace(change, erased=erased)

    async def cosigned(self, origin: str, size: int, note: bytes) -> None:
        """Keep a note of the same checkpoint with newer cosignatures."""
        log = await self._lock(origin)
        _require(log.state.size == size, f"{origin} has {log.state.size} entries, not {size}")
        await self._save(log, note=note)

    # Parts of the above.

    async def _lock(self, origin: str) -> _Log:
        """The log's row, made if it is not there; whoever else wants to write to this log waits."""
        row = await self._session.fetch_one("log_lock", origin=origin)
        if row is None:
            await self._session.execute("log_create", origin=origin, root=EMPTY_ROOT, frontier=b"")
            row = await self._session.fetch_one("log_lock", origin=origin)
        assert row is not None
        return _Log(row[0], _state(row))

    async def _save(self, log: _Log, **changes: Any) -> None:
        await self._session.execute("log_save", log=log.id, **_columns(replace(log.state, **changes)))

    async def _grow(self, log: _Log, step: Append) -> None:
        """Every position of our own log is its size."""
        size, frontier = step.frontier.size, step.frontier
        trusted = {"note": step.note, "size": size, "root": step.root}
        proven = {"fetched": size, "frontier": frontier, "proven": size, "proven_frontier": frontier}
        await self._save(log, **trusted, **proven, judged=size, applied=size)

    async def _add(self, log: _Log, leaves: Sequence[Leaf], nodes: Sequence[Node]) -> None:
        entries: list[Mapping[str, Value]] = [
            {
                "log": log.id,
                "idx": leaf.index,
                "leaf": leaf.leaf,
                "iri": leaf.iri,
                "op": leaf.op,
                "rev": leaf.rev,
                "detail": _plain(leaf.detail) if leaf.detail else None,
            }
            for leaf in leaves
        ]
        await self._session.execute_many("entry_add", entries)
        hashes: list[Mapping[str, Value]] = [
            {"log": log.id, "level": node.level, "idx": node.index, "hash": node.hash} for node in nodes
        ]
        await self._session.execute_many("node_add", hashes)

    async def _keep(self, log: _Log, texts: Iterable[tuple[int, str, bytes]]) -> None:
        rows: list[Mapping[str, Value]] = [
            {"log": log.id, "idx": index, "sha256": sha256, "body": body} for index, sha256, body in texts
        ]
        await self._session.execute_many("revision_add", rows)

    async def _erase(self, log: _Log, iris: Iterable[str]) -> None:
        """Delete the text of every revision, under whatever entry; the row stays and says that there was one."""
        await self._session.execute_many("revision_erase", [{"log": log.id, "iri": iri} for iri in iris])

    async def _enforce(self, log: _Log, accepted: Sequence[Accepted], gone: Mapping[str, int]) -> Change:
        """Bring records into force, and take out those that an entry at or before that index has put there."""
        iris = json.dumps([*(record.iri for record in accepted), *gone])
        places = {
            iri: (owner, index)
            for iri, owner, index in await self._session.fetch_all("record_places", heavy=True, iris=iris)
        }
        nowhere = (log.id, -1)
        for record in accepted:
            if places.get(record.iri, nowhere)[0] != log.id:
                raise ForeignRecord(
                    f"{record.iri} is in force from another log than {log.state.origin}: the prefixes of two pinned "
                    "members overlap; see `chm peer list` and remove one"
                )
        new = [record for record in accepted if places.get(record.iri, nowhere)[1] < record.index]
        left = [iri for iri, bound in gone.items() if iri in places and _reaches(log, bound, places[iri])]
        replaced = [record.iri for record in new if record.iri in places]
        await self._session.execute_many("record_remove", [{"iri": iri} for iri in [*left, *replaced]])
        await self._session.execute_many("record_add", [_record_row(log, record) for record in new])
        return Change(log.state.origin, log.id, new, left, {iri: places[iri] for iri in [*left, *replaced]})

    async def _quarantine(self, log: _Log, refused: Sequence[Refusal]) -> None:
        at = int(self._clock())
        rows: list[Mapping[str, Value]] = [
            {
                "log": log.id,
                "idx": refusal.index,
                "iri": refusal.iri,
                "code": refusal.code.value,
                "detail": _plain(refusal.detail),
                "at": at,
            }
            for refusal in refused
        ]
        await self._session.execute_many("quarantine_add", rows)
        await self._session.execute_many("undecided_remove", [{"log": log.id, "idx": r.index} for r in refused])

    async def _close(self, log: _Log, decided: Sequence[int]) -> None:
        """Accepted entries are open no longer; in a first harvest none was."""
        if not decided:
            return
        start, end = min(decided), max(decided) + 1
        found = await self._session.fetch_all("open_between", log=log.id, start=start, end=end)
        was_open = {index for (index,) in found}
        rows = [{"log": log.id, "idx": index} for index in decided if index in was_open]
        await self._session.execute_many("quarantine_remove", rows)
        await self._session.execute_many("undecided_remove", rows)


def _reaches(log: _Log, bound: int, place: tuple[int, int]) -> bool:
    """Whether an entry of a log ends what is in force from a place: its own log, and not a later entry."""
    owner, index = place
    return owner == log.id and index <= bound


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise Conflict(otherwise)


def _state(row: Row) -> LogState:
    try:
        return _read_state(row)
    except FormatError as error:
        raise LogDamaged(f"the stored tree of {row[1]} cannot be read ({error}): restore a backup") from error


def _read_state(row: Row) -> LogState:
    _, origin, note, size, root, target, target_size, fetched, frontier, proven, proven_frontier, *rest = row
    proven_note, judged, applied, evidence = rest
    return LogState(
        origin=origin,
        note=note,
        size=size,
        root=root,
        target_note=target,
        target_size=target_size,
        fetched=fetched,
        frontier=CompactRange.decode(fetched, frontier),
        proven=proven,
        proven_frontier=CompactRange.decode(proven, proven_frontier),
        proven_note=proven_note,
        judged=judged,
        applied=applied,
        evidence=evidence,
    )


def _columns(state: LogState) -> dict[str, Value]:
    return {
        "note": state.note,
        "size": state.size,
        "root": state.root,
        "target_note": state.target_note,
        "target_size": state.target_size,
        "fetched": state.fetched,
        "frontier": state.frontier.encode(),
        "proven": state.proven,
        "proven_frontier": state.proven_frontier.encode(),
        "proven_note": state.proven_note,
        "judged": state.judged,
        "applied": state.applied,
        "evidence": state.evidence,
    }


def _accepted(index: int, entry: Staged) -> Accepted:
    """Our own put, which was checked before it was staged."""
    assert entry.body is not None
    assert entry.sha256 is not None
    document = decode(entry.body)
    assert isinstance(document, dict)
    return Accepted.of(index, entry.iri, entry.rev, entry.sha256, entry.body, document)


def _record_row(log: _Log, record: Accepted) -> Mapping[str, Value]:
    return {
        "iri": record.iri,
        "log": log.id,
        "idx": record.index,
        "type": record.type,
        "government": record.government,
        "rev": record.rev,
        "identifier": record.identifier,
        "modified": record.modified,
    }


def _plain(detail: str) -> str:
    """A refusal may quote what it refuses: no NUL, which PostgreSQL has none of, no lone surrogate, no end."""
    return detail[:_DETAIL_LETTERS].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
