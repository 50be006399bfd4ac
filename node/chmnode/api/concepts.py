"""Vocabularies at their addresses, content-negotiated: pages, Turtle, JSON-LD.

`<base>/concepts/<scheme>` and `<base>/concepts/<scheme>/<notation>` tell what `https://w3id.org/chm/vocab/...` names.
An identifier of the same thing elsewhere (`countries/KEN`) is sent on to the notation. What is not there is refused
with what may have been meant.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import quote

import orjson
from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.caching import ByteCache
from chmnode.api.delivery import tag_of
from chmnode.api.negotiation import HTML, JSON, JSON_LD, TURTLE, media_type, prefers_page
from chmnode.api.problems import Problem
from chmnode.concepts import Concept, Concepts, Scheme
from chmnode.concepts.turtle import jsonld, scheme_jsonld, scheme_turtle, turtle
from chmnode.node import Node

#: The first one is for clients that do not say.
OFFERS: Final = (JSON_LD, JSON, HTML, TURTLE)
FORMATS: Final = {"jsonld": JSON_LD, "json": JSON, "ttl": TURTLE, "html": HTML}


class Pages(Protocol):
    """The pages that share their addresses with vocabularies."""

    async def schemes(self, request: web.Request) -> web.Response:
        """All schemes."""

    async def scheme(self, request: web.Request, scheme: Scheme) -> web.Response:
        """One scheme."""

    async def concept(self, request: web.Request, scheme: Scheme, concept: Concept) -> web.Response:
        """One concept."""

    async def unknown(self, request: web.Request, scheme: Scheme | None, notation: str) -> web.Response:
        """Why there is no such scheme or concept."""


class ConceptResources:
    """Serves vocabularies.

    Args:
        node: whose.
        addresses: of the node.
        pages: for people.
        cache: for renderings.
    """

    def __init__(self, node: Node, addresses: Addresses, pages: Pages, cache: ByteCache) -> None:
        self._concepts: Concepts = node.concepts
        self._addresses = addresses
        self._pages = pages
        self._cache = cache

    def routes(self) -> list[web.RouteDef]:
        """The routes of vocabularies."""
        base = f"{self._addresses.base}/concepts"
        return [
            web.get(base, self.schemes),
            web.get(f"{base}/{{scheme}}", self.scheme),
            web.get(f"{base}/{{scheme}}/{{notation}}", self.concept),
        ]

    async def schemes(self, request: web.Request) -> web.StreamResponse:
        """All schemes."""
        media = _media(request)
        if media == HTML:
            return await self._pages.schemes(request)
        if media == TURTLE:
            raise Problem(HTTPStatus.NOT_ACCEPTABLE, "Turtle is served for each scheme: follow its `url`")
        schemes = [
            {
                "id": scheme.iri,
                "url": f"{self._addresses.url}/concepts/{scheme.name}",
                "title": {lang: label.text for lang, label in scheme.labels.items()},
                "concepts": len(scheme.concepts),
                "provisional": scheme.provisional,
            }
            for scheme in self._concepts.schemes
        ]
        return _response(media, orjson.dumps({"schemes": schemes}))

    async def scheme(self, request: web.Request) -> web.StreamResponse:
        """One scheme."""
        media, name = _media(request), request.match_info["scheme"]
        scheme = self._concepts.scheme(name)
        if scheme is None:
            return await self._unknown(request, None, name)
        if media == HTML:
            return await self._pages.scheme(request, scheme)
        if media == TURTLE:
            return await self._made(media, f"scheme:{name}", lambda: scheme_turtle(scheme, self._concepts).encode())
        return await self._made(media, f"scheme:{name}", lambda: orjson.dumps(scheme_jsonld(scheme, self._concepts)))

    async def concept(self, request: web.Request) -> web.StreamResponse:
        """One concept."""
        media, name, notation = _media(request), request.match_info["scheme"], request.match_info["notation"]
        scheme = self._concepts.scheme(name)
        concept = self._concepts.get(name, notation)
        if scheme is None:
            return await self._unknown(request, None, name)
        if concept is None:
            meant = self._concepts.resolve(name, notation)
            if meant is None:
                return await self._unknown(request, scheme, notation)
            asked = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
            raise web.HTTPSeeOther(f"{self._addresses.base}/concepts/{name}/{quote(meant.notation, safe='')}{asked}")
        if media == HTML:
            return await self._pages.concept(request, scheme, concept)
        if media == TURTLE:
            return _response(media, turtle(concept, self._concepts).encode())
        return _response(media, orjson.dumps(jsonld(concept, self._concepts)))

    async def _made(self, media: str, what: str, make: Callable[[], bytes]) -> web.Response:
        """A rendering of a whole scheme, made once; vocabularies change with the software."""
        body = self._cache.get(what, media)
        if body is None:
            body = await asyncio.to_thread(make)
            self._cache.put(what, media, body)
        return _response(media, body)

    async def _unknown(self, request: web.Request, scheme: Scheme | None, asked: str) -> web.Response:
        if prefers_page(request.headers.get(hdrs.ACCEPT)):
            return await self._pages.unknown(request, scheme, asked)
        if scheme is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such vocabulary: the list is at `concepts`")
        meant: dict[str, Any] = {"closest": list(self._concepts.closest(scheme.name, asked))}
        raise Problem(HTTPStatus.NOT_FOUND, f"{scheme.name} has no such concept", members=meant)


def _media(request: web.Request) -> str:
    """What a client wants, by `?format=` or `Accept`."""
    if name := request.query.get("format"):
        if name not in FORMATS:
            raise Problem(HTTPStatus.BAD_REQUEST, f"`format` is one of {', '.join(FORMATS)}")
        return FORMATS[name]
    media = media_type(request.headers.get(hdrs.ACCEPT), OFFERS)
    if media is None:
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"vocabularies are served as {', '.join(OFFERS)}")
    return media


def _response(media: str, body: bytes) -> web.Response:
    headers = {
        hdrs.CONTENT_TYPE: f"{media}; charset=utf-8" if media == TURTLE else media,
        hdrs.CACHE_CONTROL: "public, max-age=3600",
        hdrs.VARY: hdrs.ACCEPT,
        hdrs.ETAG: tag_of(body),
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    }
    return web.Response(body=body, headers=headers)
