"""Records at their addresses, content-negotiated: the signed bytes, RDF, or a page (CHM-Sync 1 section 3).

`<base>/records/{id}` answers for our own records, `<base>/view?id=IRI` for those of other nodes that we hold, so that a
record IRI of another host never has to be reached. JSON-LD is the canonical bytes as they were signed. A record that is
not in force is refused with the reason: 410 when it was withdrawn or erased, 404 when it is quarantined here. So is one
whose stored text is no longer the one that the log names: 503, for nobody may read it as what was signed.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.caching import ByteCache
from chmnode.api.negotiation import HTML, JSON, JSON_LD, N_TRIPLES, TURTLE, media_type, prefers_page
from chmnode.api.problems import Problem, missing
from chmnode.node import Node
from chmnode.storage import Records, StoredEntry, StoredRecord
from chmsync.canonical import JsonValue
from chmsync.entry import PUT, Entry

#: What a record is offered as; the first one is for clients that do not say.
OFFERS: Final = (JSON_LD, JSON, HTML, TURTLE, N_TRIPLES)
#: `?format=`, for links: a link cannot set `Accept`.
FORMATS: Final = {"jsonld": JSON_LD, "json": JSON, "ttl": TURTLE, "nt": N_TRIPLES, "html": HTML}

_LOG = logging.getLogger("chmnode.web")

_HEADERS: Final = {
    hdrs.CACHE_CONTROL: "public, max-age=60",
    hdrs.VARY: hdrs.ACCEPT,
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
}
_READY: Final = {media: {hdrs.CONTENT_TYPE: media, **_HEADERS} for media in (JSON_LD, JSON)}


class Pages(Protocol):
    """The pages that share an address with a record."""

    async def record(self, request: web.Request, record: StoredRecord) -> web.Response:
        """A record in force."""

    async def absence(self, request: web.Request, iri: str, entry: StoredEntry | None) -> web.Response:
        """Why there is no such record; the entry is its newest, if there is one."""

    async def damaged(self, request: web.Request) -> web.Response:
        """Why a record in force cannot be shown."""

    async def listing(self, request: web.Request) -> web.Response:
        """The list of records."""


class RecordResources:
    """Serves records.

    Args:
        node: whose.
        addresses: of the node.
        pages: for people.
        cache: for renderings.
    """

    def __init__(self, node: Node, addresses: Addresses, pages: Pages, cache: ByteCache) -> None:
        self._node = node
        self._root = addresses.root
        self._addresses = addresses
        self._pages = pages
        self._cache = cache
        self._records = Records(node.database.read)

    def routes(self) -> list[web.RouteDef]:
        """The routes of records."""
        base = self._addresses.base
        return [
            web.get(f"{base}/records/{{id}}", self.at_home),
            web.get(f"{base}/view", self.elsewhere),
        ]

    async def at_home(self, request: web.Request) -> web.StreamResponse:
        """One of our own records."""
        iri = self._root + request.rel_url.raw_path
        return await self._answer(request, await self._records.get(iri), iri)

    async def elsewhere(self, request: web.Request) -> web.StreamResponse:
        """A record of another node that we hold; ours are sent home."""
        iri = requested_iri(request)
        if self._addresses.is_ours(iri):
            raise web.HTTPSeeOther(self._addresses.path_of(iri))
        return await self._answer(request, await self._records.get(iri), iri)

    async def _answer(self, request: web.Request, record: StoredRecord | None, iri: str) -> web.StreamResponse:
        media = wanted(request)
        if record is None:
            return await self._absent(request, iri)
        if not record.intact:
            return await self._damaged(request, record)
        if ready := _READY.get(media):
            return web.Response(body=record.body, headers={hdrs.ETAG: f'"{record.sha256}"', **ready})
        if media == HTML:
            return await self._pages.record(request, record)
        return await self._rdf(record, media)

    async def _rdf(self, record: StoredRecord, media: str) -> web.Response:
        content, suffix = f'"{record.sha256}"', "ttl" if media == TURTLE else "nt"
        body = self._cache.get(content, suffix)
        if body is None:
            body = await asyncio.to_thread(self._serializer(media), record)
            self._cache.put(content, suffix, body)
        tag = f'{content[:-1]}.{suffix}"'
        headers = {hdrs.CONTENT_TYPE: f"{media}; charset=utf-8", hdrs.ETAG: tag, **_HEADERS}
        return web.Response(body=body, headers=headers)

    def _serializer(self, media: str) -> Callable[[StoredRecord], bytes]:
        def serialize(record: StoredRecord) -> bytes:
            from chmnode.records import jsonld  # rdflib is slow to import, and most requests never need it

            # A date that is none is the publisher's business, not worth a traceback for each reader.
            logging.getLogger("rdflib.term").setLevel(logging.ERROR)
            write = jsonld.turtle if media == TURTLE else jsonld.ntriples
            return write(record.document(), self._node.catalogue.context).encode()

        return serialize

    async def _damaged(self, request: web.Request, record: StoredRecord) -> web.Response:
        _LOG.error("the stored text of %s is not the one in the log: run `chm check`", record.iri)
        if prefers_page(request.headers.get(hdrs.ACCEPT)):
            return await self._pages.damaged(request)
        detail = f"{record.iri}: its stored text is damaged here; the operator should run `chm check`"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, members={"id": record.iri})

    async def _absent(self, request: web.Request, iri: str) -> web.Response:
        entry = await self._records.entry_of(iri)
        if prefers_page(request.headers.get(hdrs.ACCEPT)):
            return await self._pages.absence(request, iri, entry)
        raise absence(iri, entry)


def wanted(request: web.Request) -> str:
    """The media type a client wants, by `?format=` or `Accept`."""
    if request.rel_url.raw_query_string and (name := request.query.get("format")):
        if name not in FORMATS:
            raise Problem(HTTPStatus.BAD_REQUEST, f"there is no format {name!r}: write one of {', '.join(FORMATS)}")
        return FORMATS[name]
    media = media_type(request.headers.get(hdrs.ACCEPT), OFFERS)
    if media is None:
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"a record is served as {', '.join(OFFERS)}")
    return media


def requested_iri(request: web.Request) -> str:
    """The `id` that a query names."""
    iri = request.query.get("id", "")
    if not iri.startswith(("https://", "http://")):
        raise Problem(HTTPStatus.BAD_REQUEST, "name a record by its address: ?id=https://...")
    return iri


def absence(iri: str, entry: StoredEntry | None) -> Problem:
    """Why a record is not in force, for machines."""
    if entry is None:
        return missing(f"{iri}: this node knows no such record")
    if entry.op == PUT:
        members: dict[str, JsonValue] = {"id": iri, "code": entry.code, "origin": entry.origin, "index": entry.index}
        detail = f"quarantined: {entry.detail}" if entry.code else "its text has not arrived yet"
        return Problem(HTTPStatus.NOT_FOUND, f"{iri}: {detail}", members=members)
    reason = Entry.parse(entry.leaf).reason
    past = "withdrawn" if entry.op == "withdraw" else "erased"
    told: dict[str, JsonValue] = {"id": iri, "op": entry.op, "reason": reason, "revision": entry.rev}
    return Problem(HTTPStatus.GONE, f"{iri}: {past} by its publisher ({reason})", members=told)
