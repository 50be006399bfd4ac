"""The store that the protocol library is given: each method one transaction over `Logs`.

Owns where transactions begin and end, and tells `on_change`, inside the same transaction, which records came into force
or left it, so that whatever is derived from records (a search index) can never disagree with them.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from chmnode.storage.database import Database, Session
from chmnode.storage.logs import Change, Logs
from chmsync.merkle import CompactRange
from chmsync.ports import (
    Append,
    Applied,
    Batch,
    HarvestStore,
    Head,
    Leaf,
    LogReader,
    LogState,
    Node,
    Refusal,
    SequencerStore,
    Staged,
)

OnChange = Callable[[Session, Change], Awaitable[None]]


class LogStore(HarvestStore, LogReader, SequencerStore):
    """All logs of a node.

    Args:
        database: open and migrated.
        on_change: called with the records that came into force or left it, when there are any.
        clock: POSIX seconds.
    """

    def __init__(
        self, database: Database, *, on_change: OnChange | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._on_change = on_change
        self._clock = clock

    @property
    def _reading(self) -> Logs:
        return Logs(self._database.read, self._clock)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Logs]:
        async with self._database.transaction() as session:
            yield Logs(session, self._clock)

    async def _tell(self, session: Session, change: Change) -> None:
        if self._on_change is not None and (change.in_force or change.left or change.erased):
            await self._on_change(session, change)

    async def load(self, origin: str) -> LogState:
        """The state of a log; a fresh one when nothing is known."""
        return await self._reading.load(origin)

    async def origins(self) -> list[str]:
        """Origins of the logs that have a trusted checkpoint."""
        return await self._reading.origins()

    async def leaves(self, origin: str, start: int, end: int) -> list[Leaf]:
        """Stored entries `[start, end)` in order."""
        return await self._reading.leaves(origin, start, end)

    async def leaf_bytes(self, origin: str, start: int, end: int) -> list[bytes]:
        """Entries `[start, end)`."""
        return await self._reading.leaf_bytes(origin, start, end)

    async def nodes(self, origin: str, level: int, start: int, end: int) -> list[bytes]:
        """Hashes `[start, end)` of tile level `level` (1 and above)."""
        return await self._reading.nodes(origin, level, start, end)

    async def bodies(self, origin: str, start: int, end: int, size: int) -> list[bytes | None]:
        """Per entry of `[start, end)` the record text, or None."""
        return await self._reading.bodies(origin, start, end, size)

    async def body(self, origin: str, sha256: str) -> tuple[bytes | None, bool]:
        """A record's bytes by hash, and whether it was erased."""
        return await self._reading.body(origin, sha256)

    async def heads(self, origin: str, iris: Sequence[str]) -> dict[str, Head]:
        """The newest well-formed judged entries of these records."""
        return await self._reading.heads(origin, iris)

    async def living(self, origin: str, start: int, end: int) -> list[Leaf]:
        """Of `[start, end)` the well-formed entries that nothing judged so far supersedes, in order."""
        return await self._reading.living(origin, start, end)

    async def undecided(self, origin: str) -> list[int]:
        """Indexes left undecided, still living, ascending."""
        return await self._reading.undecided(origin)

    async def quarantined(self, origin: str) -> list[Refusal]:
        """Every quarantined entry, ascending by index."""
        return await self._reading.quarantined(origin)

    async def root_at(self, origin: str, size: int) -> bytes:
        """Root of our own tree of the log at `size <= fetched`."""
        return await self._reading.root_at(origin, size)

    async def staged(self, limit: int) -> list[Staged]:
        """The oldest staged entries."""
        return await self._reading.staged(limit)

    async def retarget(self, origin: str, note: bytes, size: int) -> None:
        """Remember a verified checkpoint as the target."""
        async with self._writing() as logs:
            await logs.retarget(origin, note, size)

    async def save_entries(
        self, origin: str, leaves: Sequence[Leaf], nodes: Sequence[Node], frontier: CompactRange
    ) -> None:
        """Append pending entries; `frontier` covers them. Conflict if the log has moved meanwhile."""
        async with self._writing() as logs:
            await logs.save_entries(origin, leaves, nodes, frontier)

    async def discard_pending(self, origin: str) -> None:
        """Forget everything above `proven`: entries, nodes, target."""
        async with self._writing() as logs:
            await logs.discard_pending(origin)

    async def prove(self, origin: str, size: int) -> None:
        """Everything fetched, `size` entries, lies under the target's root."""
        async with self._writing() as logs:
            await logs.prove(origin, size)

    async def judge(
        self, origin: str, end: int, refused: Sequence[Refusal], superseded: Sequence[tuple[int, int]]
    ) -> None:
        """Record the verdict on `[judged, end)`: refused ones, and pairs (older index, newer index)."""
        async with self._writing() as logs:
            await logs.judge(origin, end, refused, superseded)

    async def apply(self, origin: str, batch: Batch) -> Applied:
        """Apply a batch and move `applied` to its end (when it starts there; else it is a retry)."""
        async with self._database.transaction() as session:
            applied, change = await Logs(session, self._clock).apply(origin, batch)
            await self._tell(session, change)
        if batch.erased:
            await self._database.forget()
        return applied

    async def trust(self, origin: str, note: bytes, size: int, root: bytes) -> None:
        """The checkpoint at `applied` becomes trusted; also used to keep newer cosignatures of the same one."""
        async with self._writing() as logs:
            await logs.trust(origin, note, size, root)

    async def freeze(self, origin: str, evidence: str | None) -> None:
        """Set the evidence of a fork, or lift it (None)."""
        async with self._writing() as logs:
            await logs.freeze(origin, evidence)

    async def append(self, origin: str, step: Append) -> None:
        """Everything of the step, or nothing, durably before returning; Conflict if the log has grown."""
        async with self._database.transaction() as session:
            await self._tell(session, await Logs(session, self._clock).append(origin, step))
        if any(entry.op == "erase" for entry in step.staged):
            await self._database.forget()

    async def cosigned(self, origin: str, size: int, note: bytes) -> None:
        """Keep a note of the same checkpoint with newer cosignatures; Conflict if the log has grown."""
        async with self._writing() as logs:
            await logs.cosigned(origin, size, note)
