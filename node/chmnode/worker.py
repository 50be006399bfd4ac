"""The worker: what happens without anybody asking. Sequencing, heartbeats, harvests, the search index.

APScheduler ticks, rows decide: each job looks for what is due in the database and does it under the lease of the thing
itself, so any number of workers may run, and a job that was missed or killed is found due again at the next tick. The
scheduler keeps nothing: its job store is memory.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from chmnode.errors import NodeError
from chmnode.node import Node
from chmnode.search.upkeep import Upkeep
from chmsync.errors import SyncError

_log = logging.getLogger("chm.worker")

#: Seconds between looks at what is staged, due to be harvested, due to be cosigned again, not findable yet.
_SEQUENCE_SECONDS = 0.5
_HARVEST_SECONDS = 5
_HEARTBEAT_SECONDS = 60
_INDEX_SECONDS = 1
#: Seconds until the same failure is told again.
_REPEAT_SECONDS = 3600
#: Peers taken up by one look.
_PEERS = 200


@dataclass(frozen=True, slots=True)
class Worker:
    """The recurring work of one node."""

    node: Node
    _under_way: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; a job under way is finished first by its own transactions."""
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        for job, seconds in (
            (self.sequence, _SEQUENCE_SECONDS),
            (self.harvest, _HARVEST_SECONDS),
            (self.heartbeat, _HEARTBEAT_SECONDS),
            (Upkeep(self.node.database, self.node.indexing).step, _INDEX_SECONDS),
        ):
            scheduler.add_job(_Guarded(job).run, "interval", seconds=seconds)
        scheduler.start()
        try:
            await stop.wait()
        finally:
            scheduler.shutdown(wait=False)
            await self._end_harvests()
            await self.node.sequencing.release()

    async def sequence(self) -> None:
        """Give everything staged its place."""
        while await self.node.sequencing.step():
            pass

    async def heartbeat(self) -> None:
        """Cosign our newest checkpoint again when the last time is long ago; leave no erased text behind."""
        await self.node.database.forget()
        if await self.node.sequencing.hold():
            await self.node.sequencing.sequencer().heartbeat(self.node.config.limits.heartbeat_seconds)

    async def harvest(self) -> None:
        """Begin with the peers whose time has come; a slow one keeps no other from its turn."""
        for origin in await self.node.federation.due(_PEERS):
            if origin not in self._under_way and len(self._under_way) < self.node.config.limits.parallel_logs:
                task = self._under_way[origin] = asyncio.create_task(self._harvest(origin))
                task.add_done_callback(partial(self._done, origin))

    def _done(self, origin: str, _: "asyncio.Task[None]") -> None:
        del self._under_way[origin]

    async def _harvest(self, origin: str) -> None:
        for report in await self.node.federation.harvest([origin]):
            if report.status != "ok":
                _log.warning("%s: %s %s", report.origin, report.code, report.detail)
            elif report.cosigned and self.node.clock() - report.cosigned > self.node.config.limits.stale_seconds:
                hours = (self.node.clock() - report.cosigned) / 3600
                _log.warning("%s: nobody has vouched for this log for %d hours", report.origin, hours)
            elif report.new or report.quarantined:
                counts = (report.new, report.accepted, len(report.quarantined))
                _log.info("%s: %d new entries, %d records accepted, %d refused", report.origin, *counts)

    async def _end_harvests(self) -> None:
        """Stop what is under way; each step of a harvest is durable, so the next run goes on from there."""
        for task in list(self._under_way.values()):
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)


@dataclass(slots=True)
class _Guarded:
    """A job that fails is told and tried again at the next tick; the others go on.

    What fails every half second in the same way would fill the disk: it is told once, then once an hour.
    """

    job: Callable[[], Awaitable[None]]
    clock: Callable[[], float] = time.monotonic
    _told: str | None = None
    _again: float = 0.0

    async def run(self) -> None:
        """Do the job once."""
        try:
            await self.job()
        except (NodeError, SyncError) as error:
            self._tell(str(error))
        else:
            self._told = None

    def _tell(self, failure: str) -> None:
        now = self.clock()
        if failure != self._told or now >= self._again:
            _log.error("%s", failure)
            self._told, self._again = failure, now + _REPEAT_SECONDS
