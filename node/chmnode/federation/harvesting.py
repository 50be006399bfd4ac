"""Harvest runs: which peers, from which sources, one at a time per peer, and what is remembered of each.

A peer is harvested by whoever holds its lease row, so that several processes share the work. Peers run beside each
other and never stop one another: whatever goes wrong with one is in its report. The schedule and the last report are
saved in the peer's row.
"""

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chmnode.config import Config
from chmnode.errors import NodeError
from chmnode.federation.peers import PinnedPeer, pinned, sources_of
from chmnode.identity import Identity
from chmnode.storage import Database, Leases, LogStore, Peers, Schedule
from chmsync.checking import Checking
from chmsync.errors import LogCode, SyncError
from chmsync.harvester import Harvester
from chmsync.http import Client, Meter
from chmsync.report import EntityTag, HarvestReport
from chmsync.schedule import Outcome, next_due
from chmsync.sources import Source, open_tree

#: Seconds after which a peer whose harvester died may be harvested by another process.
_LEASE_SECONDS = 60
#: Counts of the report that add up over runs.
_TOTALS = ("new", "withdrawn", "erased", "requests", "bytes")


@dataclass(frozen=True, slots=True)
class Federation:
    """Harvests the pinned peers of one node.

    Args:
        checking: checks records with the schemas that `ruleset` names, so that a change rechecks what was quarantined.
        holder: names this process in lease rows.
    """

    config: Config
    identity: Identity
    database: Database
    logs: LogStore
    checking: Checking
    ruleset: str
    clock: Callable[[], float]
    holder: str

    async def harvest(self, origins: Sequence[str] | None = None) -> list[HarvestReport]:
        """Harvest these peers now (all, when None), beside each other; one report each, in order."""
        peers = [peer for peer in await pinned(self.database.read) if origins is None or peer.origin in origins]
        return await self._run(peers)

    async def harvest_due(self, limit: int) -> list[HarvestReport]:
        """Harvest peers whose time has come."""
        due = {row.origin for row in await Peers(self.database.read).due(int(self.clock()), limit)}
        return await self._run([peer for peer in await pinned(self.database.read) if peer.origin in due])

    async def harvest_offline(self, path: Path, origins: Sequence[str] | None = None) -> "OfflineHarvest":
        """Harvest the logs of a directory or ZIP that belong to peers we know (section 9)."""
        with await asyncio.to_thread(open_tree, path, self.config.limits) as tree:
            found = await asyncio.to_thread(tree.logs)
            peers = {peer.origin: peer for peer in await pinned(self.database.read)}
            served: dict[str, list[Source]] = {}
            for origin, source in found:
                served.setdefault(origin, []).append(source)
            wanted = [name for name in served if name in peers and (origins is None or name in origins)]
            reports = [await self._alone(peers[name], served[name], Meter(), offline=True) for name in wanted]
            return OfflineHarvest(reports, sorted(name for name in served if name not in peers and name != self._own))

    @property
    def _own(self) -> str:
        return self.identity.member.origin

    async def _run(self, peers: Sequence[PinnedPeer]) -> list[HarvestReport]:
        gate = asyncio.Semaphore(self.config.limits.parallel_logs)

        async def one(client: Client, peer: PinnedPeer) -> HarvestReport:
            async with gate:
                meter = Meter()
                return await self._alone(peer, sources_of(peer, client, meter), meter)

        async with Client(self.config.limits, self.config.allow_private) as client:
            return list(await asyncio.gather(*(one(client, peer) for peer in peers)))

    async def _alone(
        self, peer: PinnedPeer, sources: Sequence[Source], meter: Meter, *, offline: bool = False
    ) -> HarvestReport:
        """Harvest one peer unless another process does."""
        async with self._lease(f"harvest {peer.origin}") as ours:
            if not ours:
                return _not_run(peer, "another process is harvesting this log")
            wait = peer.row.schedule.not_before - self.clock()
            if wait > 0 and not offline:
                return _not_run(peer, f"it asked not to be asked again for {wait:.0f} seconds", retry_after=wait)
            return await self._harvest(peer, sources, meter, offline=offline)

    async def _harvest(
        self, peer: PinnedPeer, sources: Sequence[Source], meter: Meter, *, offline: bool
    ) -> HarvestReport:
        ruleset = self._ruleset(peer)
        remembered = json.loads(peer.row.schedule.run or "{}")
        mirror = self.identity.mirror if self.config.mirror else None
        harvester = Harvester(self.logs, self.checking, self.clock, mirror, self.config.limits)
        recheck = remembered.get("ruleset", ruleset) != ruleset
        try:
            tag = None if recheck else _tag(peer)
            report = await harvester.harvest(peer.member, sources, meter=meter, tag=tag, recheck=recheck)
        except (SyncError, NodeError) as error:  # our own state or clock: said, never hidden behind another peer's run
            return _not_run(peer, str(error))
        await self._remember(peer, report, ruleset, remembered, offline=offline)
        return report

    def _ruleset(self, peer: PinnedPeer) -> str:
        """Names everything a record's fate depends on beside its bytes."""
        parts = (self.ruleset, peer.member.fingerprint(), *peer.row.governments)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    async def _remember(
        self, peer: PinnedPeer, report: HarvestReport, ruleset: str, before: Mapping[str, object], *, offline: bool
    ) -> None:
        now = int(self.clock())
        old = peer.row.schedule
        ok = report.status == "ok"
        failures = 0 if ok else old.failures + 1
        outcome = Outcome(failures, report.retry_after)
        chance = random.random()  # noqa: S311 - jitter, not a secret
        due = int(next_due(outcome, now, self.config.harvest_seconds, chance))
        run = {"ruleset": ruleset, "last": report.document(), "totals": _totals(before.get("totals"), report)}
        tag = report.etag
        schedule = Schedule(
            due=old.due if offline else due,
            failures=failures,
            not_before=int(now + report.retry_after) if report.retry_after else 0,
            last_try=now,
            last_ok=now if ok else old.last_ok,
            code=report.code,
            detail=report.detail,
            etag=tag.value if tag else None,
            etag_source=tag.source if tag else None,
            run=json.dumps(run),
            cosigned=report.cosigned,
        )
        async with self.database.transaction() as session:
            await Peers(session).save(peer.origin, schedule)

    @asynccontextmanager
    async def _lease(self, name: str) -> AsyncIterator[bool]:
        leases = Leases(self.database)
        ours = await leases.acquire(name, self.holder, _LEASE_SECONDS, self.clock())
        keeper = asyncio.create_task(self._keep(leases, name)) if ours else None
        try:
            yield ours
        finally:
            if keeper is not None:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
                await leases.release(name, self.holder)

    async def _keep(self, leases: Leases, name: str) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS / 3)
            await leases.renew(name, self.holder, _LEASE_SECONDS, self.clock())

    def close(self) -> None:
        """Let the checking threads and processes go."""
        self.checking.close()


@dataclass(frozen=True, slots=True)
class OfflineHarvest:
    """What an offline tree gave: reports of known logs, and the origins of unknown ones, which are no failure."""

    reports: list[HarvestReport]
    unknown: list[str]


def _tag(peer: PinnedPeer) -> EntityTag | None:
    schedule = peer.row.schedule
    if schedule.etag is None or schedule.etag_source is None:
        return None
    return EntityTag(schedule.etag_source, schedule.etag)


def _totals(before: object, report: HarvestReport) -> dict[str, int]:
    old = before if isinstance(before, dict) else {}
    return {name: int(old.get(name, 0)) + int(getattr(report, name)) for name in _TOTALS}


def _not_run(peer: PinnedPeer, detail: str, *, retry_after: float | None = None) -> HarvestReport:
    return HarvestReport(
        origin=peer.origin,
        source=None,
        status="unreachable",
        frozen=False,
        code=str(LogCode.UNREACHABLE),
        detail=detail,
        size=0,
        new=0,
        accepted=0,
        withdrawn=0,
        erased=0,
        quarantined=(),
        findings=(),
        requests=0,
        bytes=0,
        seconds=0.0,
        retry_after=retry_after,
    )
