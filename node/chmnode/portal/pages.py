"""The pages: home, list of records, record, federation, about, and refusals in words.

Each handler gathers plain values and gives them to a template. Pages are revalidated on every visit (`no-cache` with an
entity tag), so that a slow line carries a page once and erased text is gone at once.
"""

import hashlib
import mimetypes
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.node import Node
from chmnode.portal import network, words
from chmnode.portal.facts import LINE_CHARACTERS, Link, Teller, by_language, linked, web_address
from chmnode.portal.here import Here
from chmnode.portal.i18n import Reader, direction, load
from chmnode.records.text import text
from chmnode.storage import Count, Cursor, Records, StoredEntry, StoredRecord
from chmsync.entry import PUT, Entry
from chmsync.member import did_document_url

_FOLDER: Final = Path(__file__).parent
#: Records on a page of the list, and in each column of the home page.
PAGE: Final = 25
NEWEST: Final = 5
#: Seconds for which counted records are remembered.
COUNTED_SECONDS: Final = 10.0
#: Seconds since a node was read that still are "lately".
LATELY_SECONDS: Final = 86_400
#: What `Cursor` writes, in numbers that a database can hold.
_CURSOR = re.compile(r"[0-9]{1,18}\.[0-9]{1,18}\.[0-9TZ:.+-]{1,40}")


class Portal:
    """The pages of one node.

    Args:
        node: whose.
        addresses: of the node.
    """

    def __init__(self, node: Node, addresses: Addresses) -> None:
        self._node = node
        self._addresses = addresses
        self._readers = load(node.config.languages)
        self._records = Records(node.database.read)
        self._assets = {path.name: path.read_bytes() for path in sorted((_FOLDER / "static").iterdir())}
        self._counted: tuple[float, list[Count]] = (-COUNTED_SECONDS, [])

    def install(self, app: web.Application) -> None:
        """Add templates and routes to the application."""
        environment = aiohttp_jinja2.setup(
            app,
            loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
        environment.globals |= {"asset": self._asset, "direction": direction, "words": words}
        base = self._addresses.base
        app.add_routes(
            [
                web.get(f"{base}/", self.home),
                web.get(f"{base}/federation", self.federation),
                web.get(f"{base}/about", self.about),
                web.get(f"{base}/static/{{name}}", self.static),
                *([web.get(base, self.home)] if base else []),
            ]
        )

    async def home(self, request: web.Request) -> web.Response:
        """Who runs this, what is new, and how the network stands."""
        here = self._here(request)
        kinds = [self._node.catalogue.types[name] for name in ("Need", "Offer")]
        newest = [await self._records.page(kind=kind.name, limit=NEWEST) for kind in kinds]
        columns = [(kind, await self._rows(here, found)) for kind, found in zip(kinds, newest, strict=True)]
        counts = await self._counts()
        others = await network.neighbours(self._node, counts)
        return self._page(
            request,
            "home.html",
            here,
            columns=columns,
            total=sum(count.records for count in counts),
            others=others,
            failing=sum(other.failing for other in others),
            lately=all(other.seen and self._node.clock() - other.seen < LATELY_SECONDS for other in others),
        )

    async def listing(self, request: web.Request) -> web.Response:
        """Records, newest change first, by kind and node."""
        here = self._here(request)
        kind, origin = request.query.get("type") or None, request.query.get("origin") or None
        found = await self._records.page(kind=kind, origin=origin, after=_cursor(request), limit=PAGE + 1)
        shown = found[:PAGE]
        kept = {name: value for name, value in (("type", kind), ("origin", origin)) if value}
        more = here.to("/records", **kept, after=str(shown[-1].cursor)) if len(found) > PAGE else None
        counts = await self._counts()
        return self._page(
            request,
            "records.html",
            here,
            rows=await self._rows(here, shown),
            kinds=self._kinds(here.reader, counts),
            nodes=sorted((await network.names(self._node)).items(), key=lambda pair: pair[1]),
            kind=kind,
            origin=origin,
            first=here.to("/records", **kept) if request.query.get("after") else None,
            more=more,
        )

    async def record(self, request: web.Request, record: StoredRecord) -> web.Response:
        """One record."""
        here, document = self._here(request), record.document()
        known = self._node.catalogue.of(document)
        teller = self._teller(here, await self._links(here, linked(document, known)))
        names = await network.names(self._node)
        source = document.get("source")
        return self._page(
            request,
            "record.html",
            here,
            record=record,
            document=document,
            teller=teller,
            known=known,
            source=source if isinstance(source, Mapping) and web_address(source.get("url")) else None,
            licence=web_address(document.get("license")),
            languages=by_language(document, here.reader.language),
            publisher=names.get(record.origin, record.origin),
            ours=record.origin == self._node.origin,
            home=web_address(record.iri),
        )

    async def absence(self, request: web.Request, iri: str, entry: StoredEntry | None) -> web.Response:
        """Why there is no such record."""
        here = self._here(request)
        said = Entry.parse(entry.leaf) if entry else None
        gone = said is not None and said.op != PUT
        names = await network.names(self._node)
        reason = self._teller(here, {}).code("removal-reasons", said.reason) if said and gone and said.reason else None
        return self._page(
            request,
            "absence.html",
            here,
            status=HTTPStatus.GONE if gone else HTTPStatus.NOT_FOUND,
            iri=iri,
            entry=entry,
            said=said,
            reason=reason,
            publisher=names.get(entry.origin, entry.origin) if entry else None,
        )

    async def damaged(self, request: web.Request) -> web.Response:
        """Why a record in force cannot be shown."""
        title, advice = words.DAMAGED
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return self._page(request, "error.html", self._here(request), status=status, heading=title, advice=advice)

    async def federation(self, request: web.Request) -> web.Response:
        """The nodes that we follow."""
        here = self._here(request)
        others = await network.neighbours(self._node, await self._counts())
        return self._page(request, "federation.html", here, others=others, now=self._node.clock())

    async def about(self, request: web.Request) -> web.Response:
        """What this node is, and how to check what it says."""
        here, member = self._here(request), self._node.member
        teller = self._teller(here, {})
        return self._page(
            request,
            "about.html",
            here,
            member=member,
            state=await self._node.logs.load(member.origin),
            governments=[teller.code("countries", code) for code in self._node.config.governments],
            did_document=did_document_url(member.base_url),
        )

    async def error(self, request: web.Request, status: HTTPStatus) -> web.Response:
        """A refusal or failure in words."""
        title, advice = words.ERRORS.get(status, words.FAILURE)
        return self._page(request, "error.html", self._here(request), status=status, heading=title, advice=advice)

    async def static(self, request: web.Request) -> web.Response:
        """The style sheet and the pictures; their addresses change with their content."""
        name = request.match_info["name"]
        if name not in self._assets:
            raise web.HTTPNotFound
        body = self._assets[name]
        headers = {
            hdrs.CONTENT_TYPE: mimetypes.guess_type(name)[0] or "application/octet-stream",
            hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
            hdrs.ETAG: f'"{hashlib.sha256(body).hexdigest()}"',
        }
        return web.Response(body=body, headers=headers)

    def _asset(self, name: str) -> str:
        version = hashlib.sha256(self._assets[name]).hexdigest()[:12]
        return f"{self._addresses.base}/static/{name}?v={version}"

    def _here(self, request: web.Request) -> Here:
        return Here.of(request, self._addresses, self._readers)

    def _teller(self, here: Here, links: Mapping[str, Link]) -> Teller:
        return Teller(here.reader, self._node.catalogue, self._node.concepts, links)

    async def _links(self, here: Here, iris: Any) -> dict[str, Link]:
        """Titles of other records that we hold."""
        found = {}
        for iri in iris:
            if (record := await self._records.get(iri)) is not None and record.intact:
                found[iri] = Link(here.record(iri), text(record.document(), "title", here.reader.lang))
        return found

    async def _rows(self, here: Here, records: list[StoredRecord]) -> list[dict[str, Any]]:
        """Records as lines of a list."""
        teller, names = self._teller(here, {}), await network.names(self._node)
        rows = []
        for record in records:
            document = record.document() if record.intact else {"id": record.iri, "type": record.type}
            rows.append(
                {
                    "type": record.type,
                    "kind": teller.kind(document),
                    "title": teller.title(document).within(LINE_CHARACTERS),
                    "href": here.record(record.iri),
                    "place": teller.place(document),
                    "helps": teller.helps(document),
                    "closes": teller.closes(document),
                    "publisher": names.get(record.origin, record.origin),
                    "modified": here.reader.day(record.modified),
                }
            )
        return rows

    async def _counts(self) -> list[Count]:
        """Records in force by type and node, counted every few seconds at most."""
        counted, counts = self._counted
        if time.monotonic() - counted > COUNTED_SECONDS:
            counts = await self._records.counts()
            self._counted = (time.monotonic(), counts)
        return counts

    def _kinds(self, reader: Reader, counts: list[Count]) -> list[tuple[str, str]]:
        """Kinds of records that there are: name and label."""
        types = self._node.catalogue.types
        names = {count.type for count in counts}
        labels = [(name, reader.say(types[name].plural) if name in types else name) for name in names]
        return sorted(labels, key=lambda pair: pair[1])

    def _page(
        self, request: web.Request, template: str, here: Here, *, status: HTTPStatus = HTTPStatus.OK, **values: Any
    ) -> web.Response:
        context = {"here": here, "reader": here.reader, "node": self._node.config, "status": int(status), **values}
        body = aiohttp_jinja2.render_string(template, request, context).encode()
        headers = {
            hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
            hdrs.CONTENT_LANGUAGE: here.reader.lang,
            hdrs.CACHE_CONTROL: "no-cache",
            hdrs.VARY: f"{hdrs.ACCEPT}, {hdrs.ACCEPT_LANGUAGE}",
            hdrs.ETAG: f'"{hashlib.sha256(body).hexdigest()}"',
        }
        return web.Response(status=status, body=body, headers=headers)


@jinja2.pass_context
def _gettext(context: jinja2.runtime.Context, message: str) -> str:
    reader: Reader = context["reader"]
    return reader.say(message)


@jinja2.pass_context
def _ngettext(context: jinja2.runtime.Context, one: str, many: str, n: int) -> str:
    reader: Reader = context["reader"]
    found: str = reader.texts.ngettext(one, many, n)
    return found


def _cursor(request: web.Request) -> Cursor | None:
    """The place that `?after=` names; a page begins at the start when it names none."""
    asked = request.query.get("after", "")
    return Cursor.parse(asked) if _CURSOR.fullmatch(asked) else None
