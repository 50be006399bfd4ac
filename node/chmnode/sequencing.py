"""Who gives staged entries their place in our log, and when (CHM-Sync 1 section 6).

One sequencer per log: whoever holds the lease row `sequencer` in the database. `chm import` works beside a running
server: it stages, and either sequences itself or waits for the server that holds the lease to do so.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from chmnode.config import Config
from chmnode.errors import NodeError
from chmnode.identity import Identity
from chmnode.storage import Database, Leases, LogStore, Staging
from chmsync.errors import Conflict
from chmsync.log import Sequencer

LEASE = "sequencer"
#: Seconds after which the lease of a sequencer that died may be taken.
LEASE_SECONDS = 15
_POLL_SECONDS = 0.2
#: Seconds that `drain` waits for another process before it says so.
_PATIENCE_SECONDS = 60.0


class SequencerSilent(NodeError):
    """Another process holds the sequencer's lease and does not work."""

    retry = True


def holder() -> str:
    """A name for this process that no other has: host, process, chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Sequencing:
    """The sequencer of one node's log, under its lease."""

    config: Config
    identity: Identity
    database: Database
    logs: LogStore
    clock: Callable[[], float]
    name: str = field(default_factory=holder)

    @property
    def origin(self) -> str:
        """Our log."""
        return self.identity.member.origin

    def sequencer(self) -> Sequencer:
        """The protocol's sequencer with our keys."""
        every = self.config.limits.heartbeat_seconds
        keys, witness = self.identity.log_keys, self.identity.witness
        return Sequencer(self.origin, keys, witness, self.logs, self.clock, heartbeat_seconds=every)

    async def open(self) -> None:
        """Make sure that the log exists and is sound; safe beside other processes.

        Raises:
            LogDamaged: the stored log contradicts itself.
            ClockBehind: the clock is earlier than our newest cosignature.
        """
        with contextlib.suppress(Conflict):  # somebody else has just done it
            await self.sequencer().recover()

    async def hold(self) -> bool:
        """Take or renew the lease; whether we are the sequencer now."""
        return await Leases(self.database).acquire(LEASE, self.name, LEASE_SECONDS, int(self.clock()))

    async def release(self) -> None:
        """Let another process sequence at once."""
        await Leases(self.database).release(LEASE, self.name)

    async def step(self) -> int:
        """Sequence one batch if there is something and we hold the lease; how many entries got their place."""
        if not await self._waiting() or not await self.hold():
            return 0
        with contextlib.suppress(Conflict):  # a sequencer that lost its lease while writing; the next step sees it
            return await self.sequencer().sequence()
        return 0

    async def drain(self) -> None:
        """Return when everything staged so far is in the log, by our hand or that of a running server.

        Raises:
            SequencerSilent: the process that holds the lease makes no progress.
        """
        try:
            await self._drain()
        finally:
            await self.release()

    async def _drain(self) -> None:
        silent = 0.0
        while left := await self._waiting():
            if await self.step():
                silent = 0.0
                continue
            await asyncio.sleep(_POLL_SECONDS)
            silent = 0.0 if await self._waiting() < left else silent + _POLL_SECONDS
            if silent > _PATIENCE_SECONDS:
                detail = "another process holds the log and does not write; stop it, or wait, then try again"
                raise SequencerSilent(detail)

    async def _waiting(self) -> int:
        return await Staging(self.database.read, self.origin).count()
