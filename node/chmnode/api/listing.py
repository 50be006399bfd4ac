"""The list of records for machines: `<base>/records?type=&origin=&after=&limit=`.

Newest change first, continued by a cursor that stays true while records arrive. Each item says where the record is at
home and where this node shows it. People get the portal's list at the same address.
"""

import re
from http import HTTPStatus
from urllib.parse import urlencode

import orjson
from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.delivery import tag_of
from chmnode.api.negotiation import HTML, JSON, JSON_LD, media_type
from chmnode.api.problems import Problem
from chmnode.api.records import FORMATS, Pages
from chmnode.node import Node
from chmnode.storage import Cursor, Records, StoredRecord
from chmsync.canonical import JsonValue

CONTEXT = "https://w3id.org/chm/context/v1"
_DEFAULT_LIMIT = 50
_MOST = 500
_OFFERS = (JSON_LD, JSON, HTML)
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
#: What `Cursor` writes, in numbers that a database can hold.
_CURSOR = re.compile(r"[0-9]{1,18}\.[0-9]{1,18}\.[0-9TZ:.+-]{1,40}")


class ListResources:
    """Serves lists of records.

    Args:
        node: whose.
        addresses: of the node.
        pages: for people.
    """

    def __init__(self, node: Node, addresses: Addresses, pages: Pages) -> None:
        self._node = node
        self._addresses = addresses
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        """The route of the list."""
        return [web.get(f"{self._addresses.base}/records", self.listing)]

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """One page of the list."""
        media = FORMATS.get(request.query.get("format", "")) or media_type(request.headers.get(hdrs.ACCEPT), _OFFERS)
        if media == HTML:
            return await self._pages.listing(request)
        if media not in {JSON_LD, JSON}:
            raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"the list is served as {', '.join(_OFFERS)}")
        limit = _limit(request)
        kind, origin = request.query.get("type") or None, request.query.get("origin") or None
        records = Records(self._node.database.read)
        found = await records.page(kind=kind, origin=origin, after=cursor(request), limit=limit + 1)
        shown = found[:limit]
        more = self._next(request, shown[-1]) if len(found) > limit else None
        document = {
            "@context": CONTEXT,
            "id": f"{self._addresses.url}/records",
            "items": [self._item(record) for record in shown],
            **({"next": more} if more else {}),
        }
        return _page(media, orjson.dumps(document), more)

    def _next(self, request: web.Request, last: StoredRecord) -> str:
        kept = {name: request.query[name] for name in ("type", "origin", "limit", "format") if name in request.query}
        return f"{self._addresses.url}/records?{urlencode({**kept, 'after': str(last.cursor)})}"

    def _item(self, record: StoredRecord) -> dict[str, JsonValue]:
        return {
            "id": record.iri,
            "type": record.type,
            "title": record.document().get("title") if record.intact else None,
            "modified": record.modified,
            "revision": record.rev,
            "origin": record.origin,
            "url": self._addresses.root + self._addresses.path_of(record.iri),
        }


def cursor(request: web.Request) -> Cursor | None:
    """The place that `?after=` names."""
    text = request.query.get("after")
    if not text:
        return None
    if not _CURSOR.fullmatch(text):
        raise Problem(HTTPStatus.BAD_REQUEST, "`after` is not a place in this list: follow its `next` link")
    return Cursor.parse(text)


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(_DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(text) or int(text) > _MOST:
        raise Problem(HTTPStatus.BAD_REQUEST, f"`limit` is a whole number from 1 to {_MOST}")
    return int(text)


def _page(media: str, body: bytes, more: str | None) -> web.Response:
    headers = {
        hdrs.CONTENT_TYPE: media,
        hdrs.CACHE_CONTROL: "public, max-age=30",
        hdrs.VARY: hdrs.ACCEPT,
        hdrs.ETAG: tag_of(body),
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        **({hdrs.LINK: f'<{more}>; rel="next"'} if more else {}),
    }
    return web.Response(body=body, headers=headers)
