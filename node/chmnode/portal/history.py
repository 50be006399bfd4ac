"""The past of a record: every revision, when, by which entry, and what changed in its text.

`<base>/records/{id}/history` for our own records, `<base>/view/history?id=IRI` for those of other nodes. Also for what
was withdrawn or erased: that it was is part of its past, but what it said is shown no longer. Refuses to compare texts
that are not those in the log.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import orjson
from aiohttp import web

from chmnode.portal import network
from chmnode.portal.changes import Change, Effort, changes
from chmnode.portal.facts import Teller, Value
from chmnode.portal.frame import Frame
from chmnode.storage import StoredEntry
from chmsync.entry import PUT, Entry

#: Revisions that a page lists, and the newest of them whose texts are compared.
MOST_STEPS: Final = 200
MOST_COMPARED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of a record's past."""

    op: str
    rev: int
    index: int
    date: str
    in_force: bool
    #: Why it left force, where it did.
    reason: Value | None
    first: bool
    #: What it changed in the text before; None where one of the two texts is not held.
    changes: Sequence[Change] | None


class HistoryPages:
    """Serves the past of records.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._turn = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """The routes of histories."""
        base = self._frame.addresses.base
        return [
            web.get(f"{base}/records/{{id}}/history", self.at_home),
            web.get(f"{base}/view/history", self.elsewhere),
        ]

    async def at_home(self, request: web.Request) -> web.Response:
        """The past of one of our own records."""
        path = request.rel_url.raw_path.removesuffix("/history")
        return await self._answer(request, self._frame.addresses.root + path)

    async def elsewhere(self, request: web.Request) -> web.Response:
        """The past of a record of another node; ours are sent home."""
        iri = request.query.get("id", "")
        if not iri.startswith(("https://", "http://")):
            raise web.HTTPBadRequest
        if self._frame.addresses.is_ours(iri):
            raise web.HTTPSeeOther(self._frame.here(request).record(iri, "/history"))
        return await self._answer(request, iri)

    async def _answer(self, request: web.Request, iri: str) -> web.Response:
        frame, here = self._frame, self._frame.here(request)
        entries = (await frame.records.history(iri))[-MOST_STEPS:]
        if not entries:
            raise web.HTTPNotFound
        teller = frame.teller(here, {})
        in_force = any(entry.in_force for entry in entries)
        bodies = await self._texts(iri, entries) if in_force else [None] * len(entries)
        async with self._turn:  # one at a time: searches need the threads, too
            compared = await asyncio.to_thread(_compared, bodies, teller)
        steps = [self._step(entry, change, teller) for entry, change in zip(entries, compared, strict=True)]
        newest = next((body for body in reversed(bodies) if body is not None), None)
        return frame.render(
            request,
            "history.html",
            here,
            iri=iri,
            title=teller.title(newest) if newest else None,
            kind=teller.kind(newest) if newest else None,
            type=Entry.known(entries[-1].leaf).type,
            steps=steps[::-1],
            in_force=in_force,
            publisher=await network.publisher(frame.node, entries[-1].origin),
        )

    async def _texts(self, iri: str, entries: Sequence[StoredEntry]) -> list[dict[str, Any] | None]:
        """The texts of the newest revisions, as far as we hold them unaltered."""
        found: list[dict[str, Any] | None] = [None] * len(entries)
        for place in range(max(0, len(entries) - MOST_COMPARED - 1), len(entries)):
            entry = entries[place]
            body = await self._frame.records.revision(iri, entry.rev) if entry.op == PUT else None
            if body is not None and hashlib.sha256(body).hexdigest() == Entry.known(entry.leaf).sha256:
                found[place] = orjson.loads(body)
        return found

    def _step(self, entry: StoredEntry, change: Sequence[Change] | None, teller: Teller) -> Step:
        said = Entry.known(entry.leaf)
        return Step(
            op=entry.op,
            rev=entry.rev,
            index=entry.index,
            date=teller.reader.day(said.at),
            in_force=entry.in_force,
            reason=teller.code("removal-reasons", said.reason) if said.reason else None,
            first=entry.rev == 1,
            changes=change,
        )


def _compared(bodies: Sequence[dict[str, Any] | None], teller: Teller) -> list[Sequence[Change] | None]:
    """What each text changed in the one before."""
    effort, found = Effort(), list[Sequence[Change] | None]()
    for before, after in reversed(list(pairwise(bodies))):  # the newest first, while there is effort to spend
        found.append(changes(before, after, teller, effort) if before and after else None)
    return [None, *reversed(found)]
