"""The search page: one address holds a whole search, and works with nothing but a form.

Owns what surrounds the hits: what could not be read of the address, subjects that may have been meant, what to try when
nothing is found. Refuses to remember what anybody searched for.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from chmnode.concepts import Concept
from chmnode.concepts.equals import foremost
from chmnode.portal import network
from chmnode.portal.choices import Chip, Choices, untyped
from chmnode.portal.facts import Value
from chmnode.portal.frame import Frame
from chmnode.portal.here import Here
from chmnode.portal.hits import Hits
from chmnode.portal.i18n import N_
from chmnode.search import asking
from chmnode.search.model import Ask, Found, Sort

#: Seconds for which it is remembered which values there are at all.
REMEMBERED_SECONDS: Final = 60.0
#: With fewer hits, or fewer words, subjects are offered; and so many.
FEW_HITS: Final = 5
FEW_WORDS: Final = 2
OFFERED: Final = 5
#: Choices that are tried without when nothing is found.
TRIED: Final = 4

SORTS: Final[Mapping[Sort, str]] = {
    Sort.RELEVANCE: N_("Best match"),
    Sort.NEWEST: N_("Newest"),
    Sort.CLOSING: N_("Closing soon"),
}
#: What is said of a parameter that could not be read.
FAULTS: Final[Mapping[str, str]] = {
    "from": N_("“From” is not a date; it was left out. Write it as 2026-12-31."),
    "to": N_("“To” is not a date; it was left out. Write it as 2026-12-31."),
    "sort": N_("There is no such order; the best matches come first."),
    "after": N_("The place in the list could not be read; this is its beginning."),
    "limit": N_("So many on one page are not possible; there are 20."),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """A link to another search, or to a concept, with what it leads to."""

    label: Value
    href: str
    records: int
    #: What kind of thing it is.
    note: str = ""


class SearchPages:
    """The search page.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._snippets = frame.node.snippets
        self._there: tuple[float, dict[str, list[str]]] = (-REMEMBERED_SECONDS, {})

    async def search(self, request: web.Request) -> web.Response:
        """The page."""
        frame, here = self._frame, self._frame.here(request)
        asked = asking.read(here.query, here.reader.lang)
        ask = asked.ask
        found = await frame.node.search.find(ask)
        if "after" in found.ignored:
            ask = asking.continued(ask, None)
        # Where no word was typed, nothing matches better than anything else: the newest come first.
        orders = [sort for sort in SORTS if found.terms or sort is not Sort.RELEVANCE]
        choices = Choices(frame.teller(here, {}), here, await network.names(frame.node))
        hits, chips = Hits(frame, here, choices, self._snippets), choices.chips(ask)
        return frame.render(
            request,
            "search.html",
            here,
            ask=ask,
            found=found,
            faults=[FAULTS[name] for name in dict.fromkeys((*(f.name for f in asked.faults), *found.ignored))],
            rows=await hits.rows(found),
            understood=hits.understood(found),
            chips=chips,
            cleared=_to(here, untyped(asking.cleared(ask))),
            groups=choices.groups(ask, found.facets, await self._everything()),
            sorts=[
                (sort, label, _to(here, asking.ordered(ask, sort))) for sort, label in SORTS.items() if sort in orders
            ],
            order=ask.sort if ask.sort in orders else Sort.NEWEST,
            more=_to(here, asking.continued(ask, found.more)) if found.more else None,
            first=_to(here, asking.continued(ask, None)) if ask.after else None,
            subjects=await self._subjects(here, ask, found),
            without=await self._without(chips) if not found.total else [],
            broader=self._broader(here, ask, found) if found.total < FEW_HITS else [],
        )

    async def _everything(self) -> Mapping[str, Sequence[str]]:
        """Values that any record has, by facet; read every minute at most."""
        read, there = self._there
        if time.monotonic() - read > REMEMBERED_SECONDS:
            found = await self._frame.node.search.find(Ask(limit=1))
            there = {facet.name: [one.value for one in facet.values] for facet in found.facets}
            self._there = (time.monotonic(), there)
        return there

    async def _subjects(self, here: Here, ask: Ask, found: Found) -> list[Offered]:
        """Concepts that may have been meant: help for those who type without scripts."""
        if not ask.text or (found.total >= FEW_HITS and len(ask.text.split()) > FEW_WORDS):
            return []
        concepts, given = self._frame.node.concepts, asking.retyped(ask, "")
        known = {same.key for term in found.terms for one in term.concepts for same in (one, *concepts.same(one))}
        offered = list[Offered]()
        for one in await self._frame.node.search.suggest(ask.text, ask.lang, OFFERED + len(known)):
            if one.concept.key not in known and len(offered) < OFFERED:
                known |= {equal.key for equal in (one.concept, *concepts.same(one.concept))}
                shown = foremost(concepts, one.concept)
                offered.append(self._offered(here, asking.with_concept(given, shown.key), shown, one.records))
        return offered

    def _broader(self, here: Here, ask: Ask, found: Found) -> list[Offered]:
        """What is broader than the concepts that were asked for."""
        concepts, wider = self._frame.node.concepts, dict[str, Offered]()
        for term in found.terms:
            for concept in term.concepts if not term.excluded else ():
                above = [one for code in concept.broader if (one := concepts.get(concept.scheme, code))]
                for one in above:
                    given = asking.without_concept(ask, concept.key)
                    asked = asking.meaning(given, term.text, one.key)
                    wider[one.key] = self._offered(here, asked, one, 0)
        return list(wider.values())[:OFFERED]

    async def _without(self, chips: Iterable[Chip]) -> list[tuple[Chip, int]]:
        """What each choice hides."""
        found = [(chip, (await self._frame.node.search.find(chip.ask)).total) for chip in list(chips)[:TRIED]]
        return [(chip, total) for chip, total in found if total]

    def _offered(self, here: Here, ask: Ask, concept: Concept, records: int) -> Offered:
        scheme = self._frame.node.concepts.scheme(concept.scheme)
        title = scheme.labels.get(here.reader.lang) if scheme else None
        label = self._frame.teller(here, {}).code(concept.scheme, concept.notation)
        return Offered(label, _to(here, ask), records, title.text if title else concept.scheme)


def _to(here: Here, ask: Ask) -> str:
    return here.to("/search", asking.write(ask))
