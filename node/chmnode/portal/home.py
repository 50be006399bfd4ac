"""The first page: who runs this and for whom, the ways in, what is new, what is coming, how the network stands."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from chmnode.node import moment
from chmnode.portal import network
from chmnode.portal.facts import Value
from chmnode.portal.frame import COUNTED_SECONDS, Frame
from chmnode.portal.here import Here
from chmnode.search.model import SCHEMES, Ask, FacetValue, Sort
from chmnode.storage import StoredRecord

#: Records in each column, dates, and subjects.
NEWEST: Final = 4
COMING: Final = 4
SUBJECTS: Final = 8
#: Seconds since a node was read that still are "lately".
LATELY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Date:
    """Something that is coming."""

    #: `YYYY-MM-DD`, and in words.
    day: str
    told: str
    #: It begins then; otherwise it closes.
    begins: bool
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entrance:
    """A concept to begin at."""

    label: Value
    records: int


class HomePage:
    """The first page.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._counted: tuple[float, Sequence[FacetValue]] = (-COUNTED_SECONDS, ())

    def routes(self) -> list[web.RouteDef]:
        """The route of the first page, also without its last slash."""
        base = self._frame.addresses.base
        return [web.get(f"{base}/", self.home), *([web.get(base, self.home)] if base else [])]

    async def home(self, request: web.Request) -> web.Response:
        """The first page."""
        frame, here = self._frame, self._frame.here(request)
        kinds = [frame.node.catalogue.types[name] for name in ("Need", "Offer")]
        newest = [await frame.records.page(kind=kind.name, limit=NEWEST) for kind in kinds]
        counts = await frame.counts()
        others, now = await network.neighbours(frame.node, counts), frame.node.clock()
        teller = frame.teller(here, {})
        return frame.render(
            request,
            "home.html",
            here,
            governments=[teller.code("countries", code).text for code in frame.node.config.governments],
            columns=[(kind, await frame.rows(here, found)) for kind, found in zip(kinds, newest, strict=True)],
            held={kind.name: sum(count.records for count in counts if count.type == kind.name) for kind in kinds},
            coming=await self._coming(here),
            subjects=await self._subjects(here),
            total=sum(count.records for count in counts),
            others=others,
            failing=sum(other.failing for other in others),
            lately=all(other.seen and now - other.seen < LATELY_SECONDS for other in others),
        )

    async def _coming(self, here: Here) -> list[Date]:
        """What begins or closes next."""
        ask = Ask(chosen={"open": ("open",)}, sort=Sort.CLOSING, lang=here.reader.lang, limit=COMING)
        records = [hit.record for hit in (await self._frame.node.search.find(ask)).hits if hit.record.intact]
        rows = await self._frame.rows(here, records)
        dates = [self._date(here, record, row) for record, row in zip(records, rows, strict=True)]
        return [date for date in dates if date.day]

    def _date(self, here: Here, record: StoredRecord, row: dict[str, Any]) -> Date:
        document, today = record.document(), moment(self._frame.node.clock())[:10]
        known = self._frame.node.catalogue.of(document)
        held = {name: str(document[name]) for name in (known.closes if known else ()) if name in document}
        begins = held.get("startDate", "") >= today
        day = held["startDate"] if begins else next(iter(held.values()), "")
        return Date(day, here.reader.day(day), begins, row)

    async def _subjects(self, here: Here) -> list[Entrance]:
        """The subjects of most records, counted every few seconds at most."""
        counted, subjects = self._counted
        if not subjects or time.monotonic() - counted > COUNTED_SECONDS:
            found = await self._frame.node.search.find(Ask(limit=1))
            subjects = next((facet.values[:SUBJECTS] for facet in found.facets if facet.name == "subject"), ())
            self._counted = (time.monotonic(), subjects)
        teller = self._frame.teller(here, {})
        return [Entrance(teller.code(SCHEMES["subject"], one.value), one.records) for one in subjects]
