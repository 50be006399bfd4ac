"""What every page stands in: the readers, the templates, the static files, and what several pages tell.

Owns the response of a page: revalidated on every visit (`no-cache` with an entity tag), so that a slow line carries a
page once and erased text is gone at once. Refuses to remember a visitor; what is kept here is the same for everybody.
"""

import hashlib
import mimetypes
import time
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp_jinja2
import jinja2
from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.node import Node
from chmnode.portal import network, words
from chmnode.portal.facts import LINE_CHARACTERS, Link, Teller
from chmnode.portal.here import Here
from chmnode.portal.i18n import Reader, direction, load
from chmnode.portal.until import until
from chmnode.records.text import text
from chmnode.storage import Count, Documents, Endorsed, Records, StoredRecord

_FOLDER: Final = Path(__file__).parent
#: Seconds for which counted records are remembered.
COUNTED_SECONDS: Final = 10.0


class Frame:
    """What the pages of one node share.

    Args:
        node: whose.
        addresses: of the node.
    """

    def __init__(self, node: Node, addresses: Addresses) -> None:
        self.node = node
        self.addresses = addresses
        self.readers = load(node.config.languages)
        self.records = Records(node.database.read)
        self._assets = {path.name: path.read_bytes() for path in sorted((_FOLDER / "static").iterdir())}
        self._counted: tuple[float, list[Count]] = (-COUNTED_SECONDS, [])

    def install(self, app: web.Application) -> None:
        """Add the templates and the static files to the application."""
        environment = aiohttp_jinja2.setup(
            app,
            loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
        environment.globals |= {"asset": self._asset, "direction": direction, "host": host, "words": words}
        app.router.add_get(f"{self.addresses.base}/static/{{name}}", self._static)

    def here(self, request: web.Request) -> Here:
        """Where the reader is."""
        return Here.of(request, self.addresses, self.readers)

    def teller(self, here: Here, links: Mapping[str, Link]) -> Teller:
        """Who tells records to this reader; `links` are those of other records (`links`)."""
        return Teller(here.reader, self.node.catalogue, self.node.concepts, links, here.concept)

    async def links(self, here: Here, iris: Iterable[str]) -> dict[str, Link]:
        """Addresses and titles of other records, as far as we hold them."""
        found = {}
        for iri in iris:
            if (record := await self.records.get(iri)) is not None and record.intact:
                found[iri] = Link(here.record(iri), text(record.document(), "title", here.reader.lang))
        return found

    async def rows(self, here: Here, records: Sequence[StoredRecord]) -> list[dict[str, Any]]:
        """Records as lines of a list (`parts.rows`)."""
        teller, names = self.teller(here, {}), await network.names(self.node)
        rows, now = [], self.node.clock()
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
                    "until": until(document, self.node.catalogue.of(document), here.reader, now),
                    "publisher": names.get(record.origin, record.origin),
                    "modified": here.reader.day(record.modified),
                    "first": record.rev == 1,
                }
            )
        return rows

    async def endorsements(self, iri: str) -> list[Endorsed]:
        """Which governments endorse a record, and which text of it."""
        return await Documents(self.node.database.read).endorsed(iri)

    async def counts(self) -> list[Count]:
        """Records in force by type and node, counted every few seconds at most."""
        counted, counts = self._counted
        if not counts or time.monotonic() - counted > COUNTED_SECONDS:
            counts = await self.records.counts()
            self._counted = (time.monotonic(), counts)
        return counts

    def render(
        self, request: web.Request, template: str, here: Here, *, status: HTTPStatus = HTTPStatus.OK, **values: Any
    ) -> web.Response:
        """A page: the template with `here`, `reader`, `node` (its settings), `status` and the values."""
        context = {"here": here, "reader": here.reader, "node": self.node.config, "status": int(status), **values}
        body = aiohttp_jinja2.render_string(template, request, context).encode()
        headers = {
            hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
            hdrs.CONTENT_LANGUAGE: here.reader.lang,
            hdrs.CACHE_CONTROL: "no-cache",
            hdrs.VARY: f"{hdrs.ACCEPT}, {hdrs.ACCEPT_LANGUAGE}",
            hdrs.ETAG: f'"{hashlib.sha256(body).hexdigest()}"',
        }
        return web.Response(status=status, body=body, headers=headers)

    async def _static(self, request: web.Request) -> web.Response:
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
        return f"{self.addresses.base}/static/{name}?v={version}"


def host(address: str) -> str:
    """Whose an address is, for the text of a link."""
    try:
        return urlsplit(address).hostname or address
    except ValueError:  # what a publisher wrote may be no address after all
        return address


@jinja2.pass_context
def _gettext(context: jinja2.runtime.Context, message: str) -> str:
    reader: Reader = context["reader"]
    return reader.say(message)


@jinja2.pass_context
def _ngettext(context: jinja2.runtime.Context, one: str, many: str, n: int) -> str:
    reader: Reader = context["reader"]
    found: str = reader.texts.ngettext(one, many, n)
    return found
