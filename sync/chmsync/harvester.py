"""Harvesting one log: what to fetch next (CHM-Sync 1 section 7).

Owns the order of a run: checkpoint, entries, judgement, records, trust; and which source is asked. It believes
nothing: `verifier` decides about the log, `acceptance` about records, the store keeps what they decided. Every step
is durable before the next begins, so a kill costs at most the batch under way, and applying twice changes nothing. A
failure of the log stops this log; a failure of one record quarantines its entry and goes on.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum

from chmsync import fetching
from chmsync.acceptance import judge
from chmsync.checking import Checking
from chmsync.checkpoint import SignedCheckpoint
from chmsync.errors import PASSING, LogCode, LogRefused, RecordCode
from chmsync.growth import Growth
from chmsync.http import Meter
from chmsync.intake import NOWHERE, Intake, Store
from chmsync.limits import Limits
from chmsync.log import ClockBehind, Cosigner
from chmsync.member import Member
from chmsync.mirror import tile_row
from chmsync.note import Note, times
from chmsync.ports import Batch, Leaf, LogState, Refusal
from chmsync.report import EntityTag, HarvestReport, Tally
from chmsync.sources import Source
from chmsync.verifier import Fork, Relation, TrustedLog


class _Step(Enum):
    """What a look at the checkpoints found."""

    #: A larger tree, its entries now proven.
    GROWN = "grown"
    #: Something newer; but first the records of what is proven.
    BEHIND = "behind"
    #: Nothing newer, but proven entries whose records are not decided.
    PENDING = "pending"
    #: Nothing to do.
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Harvester:
    """Harvests logs into a store.

    Args:
        store: keeps entries, records and positions.
        checking: checks records, on all cores.
        clock: POSIX seconds.
        mirror: cosigns what was harvested completely; None if this node is no mirror.
        limits: what is read, waited for and kept at most.
    """

    store: Store
    checking: Checking
    clock: Callable[[], float]
    mirror: Cosigner | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen

    async def harvest(
        self,
        member: Member,
        sources: Sequence[Source],
        *,
        meter: Meter | None = None,
        tag: EntityTag | None = None,
        recheck: bool = False,
    ) -> HarvestReport:
        """Bring one log up to date; never raises for a peer's fault, which the report names.

        Args:
            member: the pinned descriptor.
            sources: where to read, in order of preference.
            meter: counts what the sources read; the same one they were made with.
            tag: makes a run without news one request.
            recheck: judge all quarantined records again, because schemas or the descriptor changed.
        """
        return await _Run(self, member, sources, meter or Meter(), tag).run(recheck=recheck)


class _Run:
    """One harvest of one log."""

    def __init__(
        self, on: Harvester, member: Member, sources: Sequence[Source], meter: Meter, tag: EntityTag | None
    ) -> None:
        self.on = on
        self.store = on.store
        self.member = member
        self.origin = member.origin
        self.sources = list(sources)
        self.meter = meter
        self.tag = tag
        self.tally = Tally()
        self.state = LogState(origin=member.origin)

    async def run(self, *, recheck: bool) -> HarvestReport:
        """Harvest, retry what was quarantined, report."""
        started = asyncio.get_running_loop().time()
        failure: LogRefused | None = None
        try:
            await self._reload()
            await self._pass_landmarks()
            quarantined = await self.store.quarantined(self.origin)
            await self._harvest()
            await self._retry(quarantined, everything=recheck)
        except LogRefused as refused:
            failure = refused
            if isinstance(refused, Fork):
                await self.store.freeze(self.origin, refused.evidence)
        await self._reload()
        return self._report(failure, asyncio.get_running_loop().time() - started)

    async def _reload(self) -> None:
        self.state = await self.store.load(self.origin)

    @property
    def _log(self) -> TrustedLog:
        return TrustedLog(self.member, self.state, max_signatures=self.on.limits.note_signatures)

    async def _harvest(self) -> None:
        if self.state.evidence is not None:
            detail = "the log has shown two histories; look at the evidence, then `chm peer resume`"
            raise LogRefused(LogCode.FORK, detail)
        for _ in range(self.on.limits.rounds):
            waiting = set(await self.store.undecided(self.origin))
            step = await self._approach()
            if step is _Step.CURRENT:
                await self._settle(waiting)
                return
            await self._judge()
            if step is not _Step.BEHIND:
                await self._settle(waiting)
            await self._records()
            if not await self.store.undecided(self.origin):
                await self._trust()
                if step is not _Step.BEHIND:
                    return
        raise LogRefused(LogCode.LIMIT, f"the log still grew after {self.on.limits.rounds} rounds; tried again later")

    @property
    def _pending(self) -> bool:
        """Whether there are proven entries above the trusted checkpoint, or whose records are not decided."""
        return self.state.note is None or self.state.applied < self.state.proven or self.state.proven > self.state.size

    # -- checkpoint ----------------------------------------------------------------------------------------------

    async def _approach(self) -> _Step:
        """Look at the sources in order until one has a checkpoint as good as ours, or better.

        Raises:
            LogRefused: none has; the gravest failure.
        """
        failures: list[LogRefused] = []
        stale = False
        for source in list(self.sources):
            try:
                step = await self._look(source)
            except Fork:
                raise
            except LogRefused as refused:
                self.tally.failed(source.name, refused)
                failures.append(refused)
                continue
            if step is not None:
                return step
            stale = True
        if stale:
            return _Step.PENDING if self._pending else _Step.CURRENT
        raise _gravest(failures)

    async def _look(self, source: Source) -> _Step | None:
        """Ask one source; None if it is merely stale."""
        held = self.tag.value if self.tag and self.tag.source == source.name and not self._pending else None
        answer = await source.checkpoint(held)
        if answer is None:
            self._prefer(source)
            return _Step.CURRENT
        note, etag = answer
        log = self._log
        offer = log.offer(note, from_origin=source.is_origin)
        if offer.relation is Relation.STALE:
            return None
        if offer.relation is Relation.SMALLER:
            own = await self.store.root_at(self.origin, offer.checkpoint.size)
            log.compare_older(offer, own, from_origin=source.is_origin)
            return None
        self._prefer(source)
        if offer.relation is Relation.LARGER and self.state.applied < self.state.proven:
            return _Step.BEHIND
        self.tag = EntityTag(source.name, etag) if etag else None
        if offer.relation is Relation.LARGER or (self.state.note is None and self.state.target_note is None):
            await self._entries(offer.signed)
            return _Step.GROWN
        if self._pending:
            return _Step.PENDING
        await self._renew(offer.signed.note)
        return _Step.CURRENT

    def _prefer(self, source: Source) -> None:
        """What offered the checkpoint is asked first for what lies under it."""
        self.sources.sort(key=lambda other: other is not source)

    # -- entries -------------------------------------------------------------------------------------------------

    async def _entries(self, target: SignedCheckpoint) -> None:
        """Fetch the entries up to the target from any source until its root proves them."""
        size = target.checkpoint.size
        if size - self.state.proven > self.on.limits.pending_entries:
            raise LogRefused(LogCode.LIMIT, f"{size - self.state.proven} new entries are more than we keep unproven")
        failures: list[LogRefused] = []
        for source in self.sources:
            try:
                await self._entries_from(source, target)
            except Fork:
                raise
            except LogRefused as refused:
                self.tally.failed(source.name, refused)
                failures.append(refused)
            else:
                self._prefer(source)
                return
        raise _gravest(failures)

    async def _entries_from(self, source: Source, target: SignedCheckpoint) -> None:
        """One source's entries; what an earlier run left pending is given up before the source is blamed for it."""
        size = target.checkpoint.size
        left_over = self.state.fetched > self.state.proven
        if self.state.fetched > size:
            await self.store.discard_pending(self.origin)
        await self.store.retarget(self.origin, target.note.encode(), size)
        await self._reload()
        try:
            growth = await self._append(source, size)
        except LogRefused as refused:
            if refused.code is LogCode.BAD_BUNDLE:
                await self._give_up_pending()
            raise
        if self._log.proves(growth.frontier, target.checkpoint):
            await self._reload()
            await self._pass_landmarks()
            self.tally.new += size - self.state.proven
            await self.store.prove(self.origin, size)
            await self._reload()
            return
        blame = None if left_over else await self._blame(source, target)
        await self._give_up_pending()
        if blame is not None:
            raise blame
        await self._entries_from(source, target)

    async def _pass_landmarks(self) -> None:
        """What we hold must pass through the roots that the descriptor names (section 8)."""
        note = self.state.target_note or self.state.note or b""
        for landmark in self._log.landmarks:
            if landmark.size <= self.state.fetched:
                own = await self.store.root_at(self.origin, landmark.size)
                self._log.pass_through(landmark, own, note)

    async def _give_up_pending(self) -> None:
        await self.store.discard_pending(self.origin)
        await self._reload()

    async def _append(self, source: Source, size: int) -> Growth:
        """Store the source's entries as pending, batch by batch; reading, parsing and storing run beside each other."""
        growth = await Growth.load(self.state.frontier, self._row)
        start = self.state.fetched

        async def parse(run: tuple[int, list[bytes]]) -> list[Leaf]:
            return await self.on.checking.parse(*run, of=size - start)

        async with (
            aclosing(self._runs(source, start, size)) as runs,
            aclosing(fetching.mapped(runs, parse, 2)) as parsed,
        ):
            async for leaves in parsed:
                nodes = growth.add([leaf.leaf for leaf in leaves])
                await self.store.save_entries(self.origin, leaves, nodes, growth.frontier)
        return growth

    async def _runs(self, source: Source, start: int, size: int) -> AsyncGenerator[tuple[int, list[bytes]], None]:
        """Entries in batches, each with the index of its first."""
        waiting: list[bytes] = []
        width = self.on.limits.connections_per_host
        async with aclosing(fetching.entries(source, start, size, width)) as runs:
            async for _, leaves in runs:
                waiting += leaves
                if len(waiting) >= self.on.limits.batch_entries:
                    yield start, waiting
                    start, waiting = start + len(waiting), []
        if waiting:
            yield start, waiting

    async def _row(self, level: int, start: int, end: int) -> Sequence[bytes]:
        return await tile_row(self.store, self.origin, level, start, end)

    async def _blame(self, source: Source, target: SignedCheckpoint) -> LogRefused:
        log = self._log
        wanted = log.blame_tiles(target.checkpoint.size)
        served = await fetching.hash_tiles(source, wanted, self.on.limits.connections_per_host)
        return log.blame(target, served)

    # -- records -------------------------------------------------------------------------------------------------

    async def _judge(self) -> None:
        """Judge proven entries by shape, IRI and sequence, in order."""
        start, proven = self.state.judged, self.state.proven
        while start < proven:
            end = min(start + self.on.limits.batch_entries, proven)
            leaves = await self.store.leaves(self.origin, start, end)
            heads = await self.store.heads(self.origin, list({leaf.iri for leaf in leaves if leaf.iri is not None}))
            verdict = judge(leaves, heads, self.member.id_prefixes)
            await self.store.judge(self.origin, end, verdict.refused, verdict.superseded)
            self.tally.met(verdict.refused)
            start = end
        await self._reload()

    def _intake(self) -> Intake:
        return Intake(self.store, self.on.checking, self.on.limits, self.member, tuple(self.sources))

    async def _records(self) -> None:
        """Fetch, check and apply; the three run beside each other on neighbouring batches."""
        async with aclosing(fetching.ahead(self._intake().batches(self.state), 1)) as batches:
            async for batch in batches:
                await self._apply(batch)
        await self._reload()

    async def _apply(self, batch: Batch) -> None:
        self.tally.count(await self.store.apply(self.origin, batch))
        self.tally.met(batch.refused)

    async def _settle(self, waiting: Collection[int]) -> None:
        """The newest checkpoint has been read, and no entry under it explains why these were not served."""
        refused = []
        for index in await self.store.undecided(self.origin):
            if index in waiting:
                (leaf,) = await self.store.leaves(self.origin, index, index + 1)
                refused.append(Refusal(index, leaf.iri, RecordCode.MISSING, "no source serves it"))
        if refused:
            await self._apply(Batch(NOWHERE, NOWHERE, refused=refused))

    async def _retry(self, quarantined: Sequence[Refusal], *, everything: bool) -> None:
        """Give quarantined records another chance; the first three checks never change their mind."""
        final = {RecordCode.ENTRY, RecordCode.FOREIGN_IRI, RecordCode.REV}
        again = {one.index for one in quarantined if one.code in PASSING or (everything and one.code not in final)}
        due = [one for one in await self.store.quarantined(self.origin) if one.index in again]
        if due:
            start = int(self.on.clock()) % len(due)  # so that each has its turn when they are many
            await self._apply(await self._intake().retry([*due[start:], *due[:start]][: self.on.limits.retries]))

    # -- trust ---------------------------------------------------------------------------------------------------

    async def _trust(self) -> None:
        """All records under the proven checkpoint are decided: it becomes the one we trust, serve and cosign."""
        root = self.state.proven_frontier.root()
        if self.state.proven_note is None or (self.state.note is not None and self.state.proven == self.state.size):
            return
        kept = self._log.kept(None, Note.parse(self.state.proven_note), self._latest)
        await self.store.trust(self.origin, self._endorsed(kept).encode(), self.state.proven, root)
        await self._reload()

    async def _renew(self, offered: Note) -> None:
        """Keep newer cosignatures of the checkpoint we trust."""
        assert self.state.note is not None
        held = Note.parse(self.state.note)
        kept = self._log.kept(held, offered, self._latest)
        if set(kept.signatures) != set(held.signatures):
            note = self._endorsed(kept).encode()
            await self.store.trust(self.origin, note, self.state.size, self.state.root)

    def _endorsed(self, note: Note) -> Note:
        if self.on.mirror is None:
            return note
        try:
            return self.on.mirror.endorse(note, int(self.on.clock()))
        except ClockBehind:  # our clock was set back a little: the cosignature that is there still says the same
            return note

    @property
    def _latest(self) -> int:
        """The latest time that a cosignature may have."""
        return int(self.on.clock() + self.on.limits.clock_skew_seconds)

    def _cosigned(self) -> int | None:
        """Time of the newest cosignature by the origin's own witness that is not from the future."""
        if self.state.note is None or self.member.witness_vkey is None:
            return None
        given = times(Note.parse(self.state.note), [self.member.witness_vkey])
        return max((time for time in given.values() if time <= self._latest), default=None)

    # -- report --------------------------------------------------------------------------------------------------

    def _report(self, failure: LogRefused | None, seconds: float) -> HarvestReport:
        cosigned = self._cosigned()
        age = self.on.clock() - cosigned if cosigned is not None else 0.0
        source = self.sources[0].name if self.sources and failure is None else None
        return HarvestReport(
            origin=self.origin,
            source=source,
            status=_status(failure),
            frozen=age > self.on.limits.frozen_seconds,
            code=str(failure.code) if failure else None,
            detail=failure.detail if failure else None,
            size=self.state.size,
            new=self.tally.new,
            accepted=self.tally.applied.accepted,
            withdrawn=self.tally.applied.withdrawn,
            erased=self.tally.applied.erased,
            quarantined=tuple(self.tally.quarantined[index] for index in sorted(self.tally.quarantined)),
            findings=tuple(self.tally.findings),
            requests=self.meter.requests,
            bytes=self.meter.bytes,
            seconds=seconds,
            retry_after=failure.retry_after if failure else None,
            etag=self.tag if failure is None and not self._pending else None,
            cosigned=cosigned,
        )


def _status(failure: LogRefused | None) -> str:
    if failure is None:
        return "ok"
    return "unreachable" if failure.code is LogCode.UNREACHABLE else "refused"


def _gravest(failures: Sequence[LogRefused]) -> LogRefused:
    """A peer at fault is worse news than one that is not there."""
    if not failures:
        return LogRefused(LogCode.UNREACHABLE, "no source is known for this log")
    return min(failures, key=lambda refused: refused.code is LogCode.UNREACHABLE)
