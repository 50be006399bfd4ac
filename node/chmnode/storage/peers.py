"""The logs we harvest: whose they are, and when to ask again.

Owns the pinned descriptor, what the operator accepts from it (`governments`, `prefixes`), and the row of the schedule.
Pinning a known origin again replaces its descriptor and keeps its schedule (CHM-Sync 1 section 8).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from chmnode.storage.database import Row, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a peer is due, and what the last harvest found. Times are POSIX seconds."""

    #: When the next harvest is wanted.
    due: int = 0
    #: Failures in a row.
    failures: int = 0
    #: The peer asked not to be asked before (`Retry-After`).
    not_before: int = 0
    last_try: int | None = None
    last_ok: int | None = None
    #: Code and sentence of the last failure.
    code: str | None = None
    detail: str | None = None
    #: `ETag` of the checkpoint, and the source that gave it.
    etag: str | None = None
    etag_source: str | None = None
    #: JSON of the last harvest's row in the report.
    run: str | None = None
    #: Time of the newest cosignature seen.
    cosigned: int | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """One pinned peer."""

    origin: str
    descriptor: bytes = field(repr=False)
    governments: tuple[str, ...]
    prefixes: tuple[str, ...]
    added: int
    schedule: Schedule


class Peers:
    """The peers of the node."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(
        self, origin: str, descriptor: bytes, *, governments: Sequence[str], prefixes: Sequence[str], now: int
    ) -> None:
        """Pin a peer, due at once, or replace what is pinned."""
        await self._session.execute(
            "peer_put",
            origin=origin,
            descriptor=descriptor.decode(),
            governments=json.dumps(list(governments)),
            prefixes=json.dumps(list(prefixes)),
            added=now,
        )

    async def get(self, origin: str) -> Peer | None:
        """One peer."""
        row = await self._session.fetch_one("peer_get", origin=origin)
        return _peer(row) if row else None

    async def list(self) -> Sequence[Peer]:
        """All peers by origin."""
        return [_peer(row) for row in await self._session.fetch_all("peer_list")]

    async def due(self, now: int, limit: int) -> Sequence[Peer]:
        """Peers to harvest now, those waiting longest first."""
        return [_peer(row) for row in await self._session.fetch_all("peer_due", now=now, limit=limit)]

    async def save(self, origin: str, schedule: Schedule) -> None:
        """Write down what a harvest found; nothing if the peer was removed meanwhile."""
        await self._session.execute("peer_save", origin=origin, **asdict(schedule))

    async def remove(self, origin: str) -> bool:
        """Unpin a peer; its log stays. Whether it was there."""
        return bool(await self._session.execute("peer_remove", origin=origin))


def _peer(row: Row) -> Peer:
    origin, descriptor, governments, prefixes, added, *rest = row
    due, failures, not_before, last_try, last_ok, code, detail, etag, etag_source, run, cosigned = rest
    schedule = Schedule(
        due=due,
        failures=failures,
        not_before=not_before,
        last_try=last_try,
        last_ok=last_ok,
        code=code,
        detail=detail,
        etag=etag,
        etag_source=etag_source,
        run=run,
        cosigned=cosigned,
    )
    return Peer(
        origin, descriptor.encode(), tuple(json.loads(governments)), tuple(json.loads(prefixes)), added, schedule
    )
