"""The search for machines, and help while typing: `<base>/search?format=json` and `<base>/search/suggest?q=`.

The address is the one of the page for people (`chmnode.search.asking`). What a page forgives, a machine is told: a
parameter that cannot be read is refused with its name and its mend. Answers may be read from any site.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

import orjson
from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.delivery import tag_of
from chmnode.api.negotiation import HTML, JSON, media_type
from chmnode.api.problems import Problem
from chmnode.concepts import Concept
from chmnode.concepts.equals import foremost
from chmnode.node import Node
from chmnode.search import asking
from chmnode.search.asking import Asked
from chmnode.search.model import FACETS, Ask, Found, Hit, Suggestion, Term
from chmnode.search.snippets import Snippet
from chmsync.canonical import JsonValue

OFFERS: Final = (JSON, HTML)
FORMATS: Final = {"json": JSON, "html": HTML}
#: Characters that help is given for, and suggestions at most.
MOST_TYPED: Final = 100
SUGGESTIONS: Final = 8
#: Parameters that a search knows.
KNOWN: Final = frozenset(
    {*FACETS, "q", "concept", "plain", "wide", "from", "to", "sort", "after", "limit", "lang", "format"}
)
_AFTER: Final = "`after` is not a place in this list: follow its `next` link"


class Pages(Protocol):
    """The page that shares its address with the search."""

    async def search(self, request: web.Request) -> web.Response:
        """The search page."""


class SearchResources:
    """Serves searches.

    Args:
        node: whose.
        addresses: of the node.
        pages: for people.
    """

    def __init__(self, node: Node, addresses: Addresses, pages: Pages) -> None:
        self._node = node
        self._addresses = addresses
        self._pages = pages
        self._snippets = node.snippets

    def routes(self) -> list[web.RouteDef]:
        """The routes of the search."""
        base = self._addresses.base
        return [web.get(f"{base}/search", self.search), web.get(f"{base}/search/suggest", self.suggest)]

    async def search(self, request: web.Request) -> web.StreamResponse:
        """One search."""
        if _media(request) == HTML:
            return await self._pages.search(request)
        asked = self._asked(request)
        found = await self._node.search.find(asked.ask)
        if "after" in found.ignored:
            raise _bad("after", _AFTER)
        answer = await asyncio.to_thread(self._answer, found)  # marking long texts takes its time
        return _json(answer, "public, max-age=30", self._next(found))

    async def suggest(self, request: web.Request) -> web.StreamResponse:
        """Concepts whose labels begin like what is being typed."""
        typed, lang = request.query.get("q", "").strip(), _lang(request)
        if len(typed) > MOST_TYPED:
            raise _bad("q", f"`q` has at most {MOST_TYPED} characters here")
        found = await self._node.search.suggest(typed, lang, 2 * SUGGESTIONS) if typed else []
        told = {one.concept.key: one for one in map(self._foremost, reversed(found))}
        shown = list(reversed(told.values()))[:SUGGESTIONS]
        return _json([self._suggestion(one, lang) for one in shown], "public, max-age=60")

    def _foremost(self, one: Suggestion) -> Suggestion:
        """The same of the concept that is shown for all its equals."""
        return replace(one, concept=foremost(self._node.concepts, one.concept))

    def _asked(self, request: web.Request) -> Asked:
        unknown = [name for name in request.query if name not in KNOWN]
        if unknown:
            name = unknown[0][: asking.MOST_CHARACTERS]
            raise _bad(name, f"`{name}` is no parameter of a search: it has {', '.join(sorted(KNOWN))}")
        asked = asking.read(request.query.items(), _lang(request))
        if asked.faults:
            raise _bad(asked.faults[0].name, asked.faults[0].mend)
        return asked

    def _answer(self, found: Found) -> dict[str, Any]:
        more = self._next(found)
        return {
            "total": found.total,
            "relaxed": found.relaxed,
            "terms": [self._term(term) for term in found.terms],
            "items": [self._item(hit, found) for hit in found.hits],
            "facets": {
                facet.name: [
                    {"value": one.value, "records": one.records, **({"chosen": True} if one.chosen else {})}
                    for one in facet.values
                ]
                for facet in found.facets
            },
            **({"next": more} if more else {}),
        }

    def _next(self, found: Found) -> str | None:
        return self._to(asking.continued(found.ask, found.more)) if found.more else None

    def _to(self, ask: Ask) -> str:
        kept = [*asking.write(ask), *([("lang", ask.lang)] if ask.lang != "en" else []), ("format", "json")]
        return f"{self._addresses.url}/search?{urlencode(kept)}"

    def _item(self, hit: Hit, found: Found) -> dict[str, Any]:
        record = hit.record
        document = record.document() if record.intact else {}
        snippet = self._snippets.of(document, found.terms, found.ask.lang) if document else None
        return {
            "id": record.iri,
            "url": self._addresses.root + self._addresses.path_of(record.iri),
            "type": record.type,
            "title": document.get("title"),
            "modified": record.modified,
            "origin": record.origin,
            "endorsed": list(hit.endorsed),
            "through": [{"asked": one.asked.key, "has": one.has.key, "coded": one.coded} for one in hit.through],
            "snippet": _snippet(snippet),
        }

    def _term(self, term: Term) -> dict[str, Any]:
        return {
            "kind": term.kind.value,
            "text": term.text,
            "records": term.records,
            **({"concepts": [self._concept(one) for one in term.concepts]} if term.concepts else {}),
            **({"within": term.within} if term.within else {}),
            **({"excluded": True} if term.excluded else {}),
            **({"required": True} if term.required else {}),
        }

    def _concept(self, concept: Concept) -> dict[str, JsonValue]:
        return {"key": concept.key, "id": concept.iri, "url": self._page(concept)}

    def _page(self, concept: Concept) -> str:
        return f"{self._addresses.url}/concepts/{quote(concept.scheme, safe='')}/{quote(concept.notation, safe='')}"

    def _suggestion(self, one: Suggestion, lang: str) -> dict[str, JsonValue]:
        scheme = self._node.concepts.scheme(one.concept.scheme)
        title = (scheme.labels.get(lang) or scheme.labels.get("en")) if scheme else None
        return {
            "label": one.label,
            "lang": one.lang,
            "concept": one.concept.key,
            "scheme": title.text if title else one.concept.scheme,
            "records": one.records,
            "url": self._page(one.concept),
        }


def _media(request: web.Request) -> str:
    """What a client wants, by `?format=` or `Accept`."""
    if name := request.query.get("format"):
        if name not in FORMATS:
            raise _bad("format", f"`format` is one of {', '.join(FORMATS)}")
        return FORMATS[name]
    media = media_type(request.headers.get(hdrs.ACCEPT), OFFERS)
    if media is None:
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"a search is served as {', '.join(OFFERS)}")
    return media


def _lang(request: web.Request) -> str:
    """The language that matters most to a client: `fr` of `fr-CA`."""
    return request.query.get("lang", "").strip()[:35].partition("-")[0].lower() or "en"


def _bad(name: str, mend: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, mend, members={"parameter": name})


def _snippet(snippet: Snippet | None) -> dict[str, Any] | None:
    if snippet is None:
        return None
    parts = [{"text": text, **({"marked": True} if marked else {})} for text, marked in snippet.parts]
    return {"member": snippet.member, "lang": snippet.lang, "parts": parts}


def _json(document: dict[str, Any] | Sequence[Any], lasts: str, more: str | None = None) -> web.Response:
    body = orjson.dumps(document)
    headers = {
        hdrs.CONTENT_TYPE: JSON,
        hdrs.CACHE_CONTROL: lasts,
        hdrs.VARY: hdrs.ACCEPT,
        hdrs.ETAG: tag_of(body),
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        **({hdrs.LINK: f'<{more}>; rel="next"'} if more else {}),
    }
    return web.Response(body=body, headers=headers)
