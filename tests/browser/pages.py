"""Every type of page that the portal has, each with one address in the running demonstration.

A page type that is missing here is one that nothing looks at: a new one is added with its first test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from tests.browser.demonstration import Demonstration

LANGUAGES: Final = ("ar", "en", "es", "fr", "ru", "zh")


@dataclass(frozen=True, slots=True)
class PageType:
    """Where one page of this type is, and the status it answers with."""

    address: Callable[[Demonstration], str]
    status: int = 200


def at(path: str, node: str = "centre", status: int = 200, **query: str | list[str]) -> PageType:
    """A page whose path is known beforehand."""
    asked = f"?{urlencode(query, doseq=True)}" if query else ""
    return PageType(lambda demo: f"{demo.nodes[node]}{path}{asked}", status)


def record(kind: str, node: str, lang: str | None = None) -> PageType:
    """A record at the node that has published it."""
    return PageType(lambda demo: demo.held(kind, node, lang))


def elsewhere(iri: Callable[[Demonstration], str], suffix: str = "", status: int = 200) -> PageType:
    """What the centre shows of a record of another node."""
    return PageType(lambda demo: f"{demo.nodes['centre']}/view{suffix}?id={quote(iri(demo), safe='')}", status)


PAGES: Final[dict[str, PageType]] = {
    "home": at("/"),
    "home-country": at("/", "costa-rica"),
    "search": at("/search"),
    "search-query": at("/search", q="formation restauración protected areas"),
    "search-facets": at("/search", q="training", type="Offer", target="GBF-TARGET-03"),
    "search-nothing": at("/search", q="qwertyuiopasdf", country="KE"),
    "need": PageType(lambda demo: demo.strained),
    "offer": record("Offer", "cameroon"),
    "organisation": record("Organization", "cameroon"),
    "event": record("Event", "region"),
    "record-arabic": record("Need", "region", "ar"),
    "record-chinese": record("Offer", "region", "zh"),
    "record-foreign": elsewhere(lambda demo: demo.strained),
    "history": PageType(lambda demo: f"{demo.strained}/history"),
    "schemes": at("/concepts"),
    "scheme": at("/concepts/gbf-targets"),
    "scheme-long": at("/concepts/domain-concepts"),
    "concept-target": at("/concepts/gbf-targets/GBF-TARGET-03"),
    "concept-country": at("/concepts/countries/CR"),
    "concept-subject": at("/concepts/cbd-subjects/CBD-SUBJECT-PA"),
    "concept-domain": at("/concepts/domain-concepts/gemet-9297"),
    "federation": at("/federation"),
    "about": at("/about"),
    "error": at("/nowhere", status=404),
    "absence-withdrawn": PageType(lambda demo: demo.withdrawn, 410),
    "absence-refused": elsewhere(lambda demo: demo.refused, status=404),
}
