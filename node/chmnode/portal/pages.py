"""The portal as the web server sees it: its pages, put together, and refusals in words."""

from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import web

from chmnode.addresses import Addresses
from chmnode.node import Node
from chmnode.portal import words
from chmnode.portal.about import AboutPage
from chmnode.portal.concept_pages import ConceptPages
from chmnode.portal.federation import FederationPage
from chmnode.portal.frame import Frame
from chmnode.portal.history import HistoryPages
from chmnode.portal.home import HomePage
from chmnode.portal.record_page import RecordPages
from chmnode.portal.searching import SearchPages
from chmnode.storage import StoredEntry, StoredRecord

#: What the list of records is asked for, and how a search says it.
_KEPT: Final = (("type", "type"), ("origin", "node"))


class Group(Protocol):
    """Pages that belong together."""

    def routes(self) -> list[web.RouteDef]:
        """Where they are."""


class Portal:
    """The pages of one node.

    Args:
        node: whose.
        addresses: of the node.
    """

    def __init__(self, node: Node, addresses: Addresses) -> None:
        frame = Frame(node, addresses)
        self._frame = frame
        self._records = RecordPages(frame)
        #: Pages whose addresses machines share.
        self.searching, self.concepts = SearchPages(frame), ConceptPages(frame)
        self._groups: tuple[Group, ...] = (
            HomePage(frame),
            HistoryPages(frame),
            FederationPage(frame),
            AboutPage(frame),
        )

    def install(self, app: web.Application) -> None:
        """Add templates, static files and routes to the application."""
        self._frame.install(app)
        for group in self._groups:
            app.add_routes(group.routes())

    async def record(self, request: web.Request, record: StoredRecord) -> web.Response:
        """A record in force."""
        return await self._records.record(request, record)

    async def absence(self, request: web.Request, iri: str, entry: StoredEntry | None) -> web.Response:
        """Why there is no such record."""
        return await self._records.absence(request, iri, entry)

    async def damaged(self, request: web.Request) -> web.Response:
        """Why a record in force cannot be shown."""
        return await self._records.damaged(request)

    async def listing(self, request: web.Request) -> web.Response:
        """The list of records, for people: a search for all of them."""
        here = self._frame.here(request)
        kept = [(name, value) for asked, name in _KEPT if (value := request.query.get(asked))]
        raise web.HTTPSeeOther(here.to("/search", kept))

    async def error(self, request: web.Request, status: HTTPStatus) -> web.Response:
        """A refusal or failure in words."""
        title, advice = words.ERRORS.get(status, words.FAILURE)
        here = self._frame.here(request)
        return self._frame.render(request, "error.html", here, status=status, heading=title, advice=advice)
