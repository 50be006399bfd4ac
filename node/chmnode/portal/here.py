"""Where a reader is: the page, the language, and the addresses that keep it.

A language chosen by hand travels in the links (`?lang=`); one that the browser asked for does not, so that a link can
be passed on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from aiohttp import web

from chmnode.addresses import Addresses
from chmnode.portal.i18n import NAMES, Reader, best


@dataclass(frozen=True, slots=True)
class Here:
    """One page in one language."""

    addresses: Addresses
    reader: Reader
    #: Languages that the portal has.
    languages: tuple[str, ...]
    #: Whether the language was chosen by hand.
    chosen: bool
    path: str
    #: What the address asks for, in its order; a name may be repeated.
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, request: web.Request, addresses: Addresses, readers: Mapping[str, Reader]) -> "Here":
        """Find out where a request is."""
        query = tuple(pair for pair in request.query.items() if pair[0] not in {"lang", "format"})
        languages = tuple(readers)
        chosen = request.query.get("lang", "")
        asked = request.headers.get("Accept-Language")
        reader = readers[chosen] if chosen in readers else readers[best(asked, languages)]
        return cls(addresses, reader, languages, chosen in readers, request.rel_url.raw_path, query)

    def to(self, path: str, pairs: Iterable[tuple[str, str]] = (), /, **query: str) -> str:
        """The address of a page of ours, in the language chosen; `pairs` may repeat a name."""
        return self._with(self.addresses.base + path, [*pairs, *query.items()])

    def record(self, iri: str, suffix: str = "", **query: str) -> str:
        """The address at which this node shows a record; `suffix` names something about it (`/proof`)."""
        path, _, asked = self.addresses.path_of(iri).partition("?")
        found = f"{path}{suffix}" + (f"?{asked}" if asked else "")
        return self._with(found, query.items())

    def concept(self, scheme: str, notation: str) -> str:
        """The address of the page of a concept."""
        return self.to(f"/concepts/{quote(scheme, safe='')}/{quote(notation, safe='')}")

    def in_language(self, lang: str) -> str:
        """This page in another language."""
        return f"{self.path}?{urlencode([*self.query, ('lang', lang)])}"

    @property
    def elsewhere(self) -> list[tuple[str, str, str]]:
        """The languages, each with its own name and the address of this page in it."""
        return [(lang, NAMES[lang], self.in_language(lang)) for lang in self.languages]

    @property
    def canonical(self) -> str:
        """The address of this page without a language."""
        return self.addresses.root + self.path + (f"?{urlencode(self.query)}" if self.query else "")

    def _with(self, address: str, query: Iterable[tuple[str, str]]) -> str:
        more = urlencode([*query, *([("lang", self.reader.lang)] if self.chosen else [])])
        if not more:
            return address
        return f"{address}{'&' if '?' in address else '?'}{more}"
