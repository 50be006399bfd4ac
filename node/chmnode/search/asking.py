"""A search as the query of its address, read and written: the whole state of a search can be passed on as a link.

Owns the names of the parameters (`q`, one for each facet, `concept`, `plain`, `wide`, `from`, `to`, `sort`, `after`,
`limit`), their bounds, and the steps from one search to the next. Pure: reading what was written gives the same `Ask`.
Nothing in an address is an error that stops a search; what cannot be read is left out and named (`Fault`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from chmnode.search.model import FACETS, Ask, Sort

#: Characters of the text, of a cursor, and of any other value.
MOST_TEXT: Final = 500
MOST_CURSOR: Final = 1024
MOST_CHARACTERS: Final = 300
#: Values of all facets, concepts and plain terms together.
MOST_VALUES: Final = 200
#: Hits on a page, unless the address says otherwise, and at most.
LIMIT: Final = 20
MOST_HITS: Final = 100

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """A parameter that could not be read, and was left out."""

    #: Its name: `from`, `to`, `sort`, `after`, `limit`.
    name: str
    value: str
    #: What it has to be, in English.
    mend: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, and what of it could not be read."""

    ask: Ask
    faults: tuple[Fault, ...] = ()


def read(query: Iterable[tuple[str, str]], lang: str) -> Asked:
    """What an address asks for.

    Args:
        query: names and values, in the order of the address.
        lang: the reader's language.
    """
    held: dict[str, list[str]] = {}
    for name, value in query:
        if len(cleaned := _CONTROLS.sub(" ", value).strip()) <= MOST_CHARACTERS or name in {"q", "after"}:
            held.setdefault(name, []).append(cleaned)
    faults: list[Fault] = []
    budget = _Budget()
    chosen = {facet: values for facet in FACETS if (values := budget.take(held.get(facet, ())))}
    ask = Ask(
        text=" ".join(held.get("q", ()))[:MOST_TEXT].strip(),
        chosen=chosen,
        concepts=budget.take(held.get("concept", ())),
        plain=budget.take(folded for value in held.get("plain", ()) if (folded := folded_term(value))),
        wide=_last(held, "wide") not in {"", "0"},
        since=_day(held, "from", faults),
        until=_day(held, "to", faults),
        sort=_sort(held, faults),
        after=_cursor(held, faults),
        lang=lang,
        limit=_limit(held, faults),
    )
    return Asked(ask, tuple(faults))


def write(ask: Ask) -> list[tuple[str, str]]:
    """The query of the address of a search; what is not asked for is not in it. The language is not part of it."""
    pairs = [("q", ask.text)]
    pairs += [(facet, value) for facet in FACETS for value in ask.chosen.get(facet, ())]
    pairs += [("concept", key) for key in ask.concepts]
    pairs += [("plain", term) for term in ask.plain]
    pairs += [
        ("wide", "1" if ask.wide else ""),
        ("from", ask.since or ""),
        ("to", ask.until or ""),
        ("sort", "" if ask.sort is Sort.RELEVANCE else ask.sort.value),
        ("after", ask.after or ""),
        ("limit", "" if ask.limit == LIMIT else str(ask.limit)),
    ]
    return [(name, value) for name, value in pairs if value]


def folded_term(text: str) -> str:
    """A term as `Ask.plain` holds it."""
    return " ".join(text.casefold().split())


def choosing(ask: Ask, facet: str, value: str) -> Ask:
    """Also with this value of a facet."""
    values = tuple(dict.fromkeys((*ask.chosen.get(facet, ()), value)))
    return replace(ask, chosen={**ask.chosen, facet: values}, after=None)


def leaving(ask: Ask, facet: str, value: str | None = None) -> Ask:
    """Without a value of a facet, or without any of it."""
    kept = tuple(held for held in ask.chosen.get(facet, ()) if value is not None and held != value)
    rest = {name: values for name, values in ask.chosen.items() if name != facet}
    return replace(ask, chosen={**rest, **({facet: kept} if kept else {})}, after=None)


def cleared(ask: Ask) -> Ask:
    """Only the text, as it was understood, and the order."""
    return replace(ask, chosen={}, concepts=(), wide=False, since=None, until=None, after=None)


def literally(ask: Ask, term: str) -> Ask:
    """A term is to be taken as the words that it is."""
    return replace(ask, plain=tuple(dict.fromkeys((*ask.plain, folded_term(term)))), after=None)


def understood(ask: Ask, plain: str) -> Ask:
    """The opposite of `literally`."""
    return replace(ask, plain=tuple(term for term in ask.plain if term != plain), after=None)


def meaning(ask: Ask, term: str, key: str) -> Ask:
    """A term of the text replaced by one concept."""
    place = ask.text.casefold().find(term.casefold())
    text = f"{ask.text[:place]} {ask.text[place + len(term) :]}" if place >= 0 else ask.text
    return with_concept(replace(ask, text=" ".join(text.split())), key)


def retyped(ask: Ask, text: str) -> Ask:
    """With another text."""
    return replace(ask, text=text, plain=(), after=None)


def with_concept(ask: Ask, key: str) -> Ask:
    """Also with a concept."""
    return replace(ask, concepts=tuple(dict.fromkeys((*ask.concepts, key))), after=None)


def without_concept(ask: Ask, key: str) -> Ask:
    """Without a concept."""
    return replace(ask, concepts=tuple(held for held in ask.concepts if held != key), after=None)


def dated(ask: Ask, since: str | None, until: str | None) -> Ask:
    """Within other days."""
    return replace(ask, since=since, until=until, after=None)


def narrow(ask: Ask) -> Ask:
    """Only what names a chosen country itself."""
    return replace(ask, wide=False, after=None)


def ordered(ask: Ask, sort: Sort) -> Ask:
    """In another order."""
    return replace(ask, sort=sort, after=None)


def continued(ask: Ask, after: str | None) -> Ask:
    """The page at a cursor, or the first one."""
    return replace(ask, after=after)


class _Budget:
    """How many values may still be taken: an address is not a way to make a search without bounds."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def take(self, values: Iterable[str]) -> tuple[str, ...]:
        """Values that are not empty, each once, as far as the bound allows."""
        taken = tuple(dict.fromkeys(value for value in values if value))[: self._left]
        self._left -= len(taken)
        return taken


def _last(held: dict[str, list[str]], name: str) -> str:
    return held.get(name, [""])[-1]


def _day(held: dict[str, list[str]], name: str, faults: list[Fault]) -> str | None:
    value = _last(held, name)
    if not value:
        return None
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass  # a day that no month has
    faults.append(Fault(name, value, f"`{name}` is a day: write it as 2026-12-31"))
    return None


def _cursor(held: dict[str, list[str]], faults: list[Fault]) -> str | None:
    value = _last(held, "after")
    if len(value) <= MOST_CURSOR:
        return value or None
    faults.append(Fault("after", value, "`after` is not a place in this list: follow its `next` link"))
    return None


def _sort(held: dict[str, list[str]], faults: list[Fault]) -> Sort:
    value = _last(held, "sort")
    if not value:
        return Sort.RELEVANCE
    try:
        return Sort(value)
    except ValueError:
        faults.append(Fault("sort", value, f"`sort` is one of {', '.join(Sort)}"))
        return Sort.RELEVANCE


def _limit(held: dict[str, list[str]], faults: list[Fault]) -> int:
    value = _last(held, "limit")
    if not value:
        return LIMIT
    if _LIMIT.fullmatch(value) and int(value) <= MOST_HITS:
        return int(value)
    faults.append(Fault("limit", value, f"`limit` is a whole number from 1 to {MOST_HITS}"))
    return LIMIT
