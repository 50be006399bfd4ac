"""Harvest runs: which peers, from which sources, one at a time per peer, and what is remembered of each.

A peer is harvested by whoever holds its lease row, so that several processes share the work. Peers run beside each
other and never stop one another: whatever goes wrong with one is in its report. The schedule and the last report are
saved in the peer's row.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import random
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chmnode.config import Config
from chmnode.errors import NodeError
from chmnode.federation.peers import PinnedPeer, known, pinned, sources_of
from chmnode.identity import Identity
from chmnode.storage import Database, Leases, LogStore, Peers, Schedule
from chmsync.checking import Checking
from chmsync.errors import LogCode, SyncError
from chmsync.harvester import Harvester
from chmsync.http import Client, Meter
from chmsync.report import EntityTag, HarvestReport
from chmsync.schedule import Outcome, next_due
from chmsync.sources import Source, open_tree

_LOG = logging.getLogger("chm.federation")

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

    async def harvest(self, origins: Collection[str] | None = None) -> list[HarvestReport]:
        """Harvest these peers now (all, when None), beside each other; one report each, in order."""
        gate = asyncio.Semaphore(self.config.limits.parallel_logs)

        async def one(client: Client, peer: PinnedPeer) -> HarvestReport:
            async with gate:
                return await self._alone(peer.origin, client=client)

        peers = await pinned(self.database.read, origins)
        async with Client(self.config.limits, self.config.allow_private) as client:
            return list(await asyncio.gather(*(one(client, peer) for peer in peers)))

    async def due(self, limit: int) -> list[str]:
        """Origins of the peers whose time has come, those waiting longest first."""
        return [row.origin for row in await Peers(self.database.read).due(int(self.clock()), limit)]

    async def harvest_offline(self, path: Path, origins: Collection[str] | None = None) -> "OfflineHarvest":
        """Harvest the logs of a directory or ZIP that belong to peers we know (section 9)."""
        with await asyncio.to_thread(open_tree, path, self.config.limits) as tree:
            found = await asyncio.to_thread(tree.logs)
            peers = {peer.origin for peer in await pinned(self.database.read)}
            served: dict[str, list[Source]] = {}
            for origin, source in found:
                served.setdefault(origin, []).append(source)
            wanted = [name for name in served if name in peers and (origins is None or name in origins)]
            reports = [await self._alone(name, offline=served[name]) for name in wanted]
            return OfflineHarvest(reports, sorted(name for name in served if name not in peers and name != self._own))

    @property
    def _own(self) -> str:
        return self.identity.member.origin

    async def _alone(
        self, origin: str, *, client: Client | None = None, offline: Sequence[Source] = ()
    ) -> HarvestReport:
        """Harvest one peer unless somebody else does; whatever goes wrong is this peer's report and no other's."""
        try:
            async with self._lease(f"harvest {origin}") as ours:
                if not ours:
                    return _not_run(origin, "this log is being harvested already")
                peer = await known(self.database.read, origin)  # as it is now, not when it was put in line
                if peer is None:
                    return _not_run(origin, "this peer is pinned no longer")
                return await self._harvest(peer, client, offline)
        except (SyncError, NodeError) as error:
            return _not_run(origin, str(error))
        except Exception:  # noqa: BLE001 - the boundary between peers
            _LOG.exception("harvesting %s failed", origin)
            return _not_run(origin, "this node failed in harvesting it; the reason is in the node's log")

    async def _harvest(self, peer: PinnedPeer, client: Client | None, offline: Sequence[Source]) -> HarvestReport:
        meter = Meter()
        wait = peer.row.schedule.not_before - self.clock()
        if client is None:
            sources = offline
        elif 0 < wait <= self.config.limits.retry_after_seconds:
            return _not_run(peer.origin, f"it asked not to be asked again for {wait:.0f} seconds", retry_after=wait)
        else:
            sources = sources_of(peer, client, meter)
        ruleset = self._ruleset(peer)
        remembered = json.loads(peer.row.schedule.run or "{}")
        mirror = self.identity.mirror if self.config.mirror else None
        harvester = Harvester(self.logs, self.checking, self.clock, mirror, self.config.limits)
        recheck = remembered.get("ruleset") != ruleset
        tag = None if recheck else _tag(peer)
        try:
            report = await harvester.harvest(peer.member, sources, meter=meter, tag=tag, recheck=recheck)
        except (SyncError, NodeError) as error:  # our own state or clock; it backs off like any other failure
            report = _not_run(peer.origin, str(error))
        await self._remember(peer, report, ruleset, remembered, offline=client is None)
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
        judged = ruleset if ok else before.get("ruleset")
        run = {"ruleset": judged, "last": _shortened(report), "totals": _totals(before.get("totals"), report)}
        tag = report.etag
        if offline:
            tag, failures = _tag(peer), old.failures if not ok else failures
        schedule = Schedule(
            due=old.due if offline else due,
            failures=failures,
            not_before=old.not_before if offline else int(now + report.retry_after) if report.retry_after else 0,
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
        leases, holder = Leases(self.database), f"{self.holder} {secrets.token_hex(4)}"  # two runs of one process, too
        ours = await leases.acquire(name, holder, _LEASE_SECONDS, self.clock())
        keeper = asyncio.create_task(self._keep(leases, name, holder)) if ours else None
        try:
            yield ours
        finally:
            if keeper is not None:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
                await leases.release(name, holder)

    async def _keep(self, leases: Leases, name: str, holder: str) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS / 3)
            with contextlib.suppress(NodeError):  # busy now; there are two more tries before it runs out
                await leases.renew(name, holder, _LEASE_SECONDS, self.clock())

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


def _shortened(report: HarvestReport) -> Mapping[str, object]:
    """The report as it is remembered: what was quarantined stands in the log's own rows."""
    return report.document() | {"quarantined": []}


def _not_run(origin: str, detail: str, *, retry_after: float | None = None) -> HarvestReport:
    return HarvestReport(
        origin=origin,
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
