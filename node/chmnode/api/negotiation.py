"""Which representation a client gets: `Accept` and `Accept-Encoding` (RFC 9110 sections 12.4 and 12.5).

Pure. Header values repeat, so every answer is remembered; a value nobody can read counts as if it were absent.
"""

import re
from functools import lru_cache
from typing import Final

JSON_LD: Final = "application/ld+json"
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
TURTLE: Final = "text/turtle"
N_TRIPLES: Final = "application/n-triples"
HTML: Final = "text/html"
TEXT: Final = "text/plain"

#: Codings we make, best first.
CODINGS: Final = ("zstd", "gzip")

#: Longer header values are not worth reading.
_LONGEST = 1024
_RANGE = re.compile(r"\s*([^\s;,/]+/[^\s;,/]+|[^\s;,/]+)\s*((?:;[^,;]*)*)")
_QUALITY = re.compile(r";\s*[qQ]\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*(?=;|$)")


@lru_cache(maxsize=512)
def media_type(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """The offer that suits best; None if none is acceptable.

    Among equals the one that was named more exactly wins, then the earlier offer: `*/*` gets the first one, a browser
    gets HTML.
    """
    ranges = _ranges(accept)
    if not ranges:
        return offers[0]
    graded = [(_grade(offer, ranges), -place, offer) for place, offer in enumerate(offers)]
    (quality, _), _, best = max(graded)
    return best if quality > 0 else None


@lru_cache(maxsize=512)
def coding(accept_encoding: str | None) -> str | None:
    """The content coding to use; None to send the bytes as they are."""
    ranges = _ranges(accept_encoding)
    graded = [(ranges.get(name, ranges.get("*", 0.0)), -place, name) for place, name in enumerate(CODINGS)]
    quality, _, best = max(graded)
    return best if quality > 0 and quality >= ranges.get("identity", 0.0) else None


def prefers_page(accept: str | None) -> bool:
    """Whether a refusal should be a page rather than problem details."""
    return media_type(accept, (PROBLEM, JSON, HTML)) == HTML


def _ranges(header: str | None) -> dict[str, float]:
    """Quality of each range in a header."""
    if header is None or len(header) > _LONGEST:
        return {}
    found: dict[str, float] = {}
    for part in header.split(","):
        if match := _RANGE.fullmatch(part):
            quality = _QUALITY.search(match[2])
            found[match[1].lower()] = float(quality[1]) if quality else 1.0
    return found


def _grade(offer: str, ranges: dict[str, float]) -> tuple[float, int]:
    """Quality of an offer under the most exact range that names it, and how exact that is."""
    names = ("*/*", f"{offer.partition('/')[0]}/*", offer)
    for exactness in (2, 1, 0):
        if names[exactness] in ranges:
            return ranges[names[exactness]], exactness
    return 0.0, 0
