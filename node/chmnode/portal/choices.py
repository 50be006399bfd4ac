"""The facets of a search as its page shows them: what can be chosen, what is chosen, and what each leads to.

Owns the names of facets and values in the reader's language, how many values stand open, and the links that take a
choice off. Values that nothing has under the present choice are shown when there is room, and cannot be chosen; unknown
values are shown as they are, so that they can be taken off.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from chmnode.portal.facts import Teller, Value
from chmnode.portal.here import Here
from chmnode.portal.i18n import N_
from chmnode.search import asking
from chmnode.search.model import FACETS, SCHEMES, Ask, Facet

#: Values of a facet that are seen at once, and at most.
SHOWN: Final = 8
MOST: Final = 48
#: Characters of what is chosen.
LONGEST: Final = 48
TITLES: Final[Mapping[str, str]] = {
    "type": N_("Kind"),
    "country": N_("Country"),
    "region": N_("Region"),
    "government": N_("Government"),
    "target": N_("Global target"),
    "subject": N_("Subject"),
    "help": N_("Kind of help"),
    "language": N_("Language"),
    "node": N_("Published by"),
    "endorsed": N_("Endorsed by"),
    "open": N_("Open until"),
}
#: How long something is open.
_OPEN: Final[Mapping[str, str]] = {
    "open": N_("Open"),
    "soon": N_("Closes within 30 days"),
    "undated": N_("No closing date"),
    "closed": N_("Closed"),
}
#: A part of what was typed, as the search reads it: a sign, the name of a facet, a word or a phrase.
_PART: Final = re.compile(r'([-+])?(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))')
_WITHOUT: Final = N_("without %(text)s")
_ANY_GOVERNMENT: Final = N_("Any government")
#: Facets that stand open before anything is chosen.
_UNFOLDED: Final = frozenset({"type", "country", "help"})
_SINCE, _UNTIL, _WIDE = (
    N_("Changed from %(date)s"),
    N_("Changed until %(date)s"),
    N_("With what covers its whole region"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that can be chosen."""

    value: str
    label: Value
    records: int
    chosen: bool
    #: Of its box in the page; the same on every visit.
    id: str


@dataclass(frozen=True, slots=True)
class Group:
    """One facet."""

    name: str
    title: str
    shown: Sequence[Choice]
    rest: Sequence[Choice]
    #: Values beyond those.
    left: int
    unfolded: bool

    @property
    def chosen(self) -> int:
        """How many of its values are chosen."""
        return sum(choice.chosen for choice in (*self.shown, *self.rest))

    @property
    def starred(self) -> bool:
        """Whether a label of it was translated by a machine."""
        return any(choice.label.machine for choice in (*self.shown, *self.rest))


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that is chosen, and the search without it."""

    title: str
    label: Value
    without: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class _Typed:
    """A facet that was typed into the text: `country:KE`, or `-country:KE`."""

    facet: str
    value: str
    barred: bool
    #: The search without it.
    without: Ask


@dataclass(frozen=True, slots=True)
class Choices:
    """Tells facets to one reader.

    Args:
        teller: of codes.
        here: where the reader is.
        names: of nodes, by origin.
    """

    teller: Teller
    here: Here
    names: Mapping[str, str]

    def label(self, facet: str, value: str) -> Value:
        """What a value is called."""
        say = self.here.reader.say
        match facet:
            case "type":
                known = self.teller.catalogue.types.get(value)
                return Value(say(known.plural) if known else value)
            case "language":
                return Value(self.here.reader.language(value))
            case "node":
                return Value(self.names.get(value, value))
            case "open":
                return Value(say(_OPEN[value]) if value in _OPEN else value)
            case "endorsed":
                return Value(say(_ANY_GOVERNMENT)) if value == "yes" else self.teller.code("countries", value)
            case "region" if self.teller.concepts.get("regions", value) is None:
                return self.teller.code("groups", value)
            case _:
                return self.teller.code(SCHEMES[facet], value)

    def groups(self, ask: Ask, facets: Sequence[Facet], everything: Mapping[str, Sequence[str]]) -> list[Group]:
        """The facets that have something to choose.

        Args:
            ask: the search.
            facets: of its answer.
            everything: values that any record has, by facet, those of most records first.
        """
        groups = (self._group(ask, facet, everything.get(facet.name, ())) for facet in facets)
        return [group for group in groups if any(one.records or one.chosen for one in group.shown)]

    def chips(self, ask: Ask) -> list[Chip]:
        """Everything that is chosen, apart from the text."""
        return list(self._chips(ask))

    def _group(self, ask: Ask, facet: Facet, everything: Sequence[str]) -> Group:
        chosen = ask.chosen.get(facet.name, ())
        counted = {one.value: one.records for one in facet.values}
        others = [value for value in counted if value not in chosen]
        idle = [value for value in everything if value not in counted]
        values = [*chosen, *others, *idle[: max(0, SHOWN - len(chosen) - len(others))]]
        choices = [self._choice(facet.name, value, counted.get(value, 0), value in chosen) for value in values[:MOST]]
        shown = max(SHOWN, len(chosen))
        return Group(
            facet.name,
            self.here.reader.say(TITLES[facet.name]),
            choices[:shown],
            choices[shown:],
            max(0, len(values) - MOST),
            bool(chosen) or facet.name in _UNFOLDED,
        )

    def _choice(self, facet: str, value: str, records: int, chosen: bool) -> Choice:  # noqa: FBT001 - a field of a row
        return Choice(value, self.label(facet, value), records, chosen, f"{facet}-{zlib.crc32(value.encode()):x}")

    def _chips(self, ask: Ask) -> Iterator[Chip]:
        say, day = self.here.reader.say, self.here.reader.day
        for key in ask.concepts:
            concept = self.teller.concepts.by_key(key)
            label = self.teller.code(concept.scheme, concept.notation) if concept else Value(key)
            yield self._chip("", label, asking.without_concept(ask, key))
        for typed in _typed(ask):
            label = self.label(typed.facet, self._written(typed)).within(LONGEST)
            said = replace(label, text=say(_WITHOUT, text=label.text)) if typed.barred else label
            yield self._chip(say(TITLES[typed.facet]), said, typed.without)
        for facet in FACETS:
            for value in ask.chosen.get(facet, ()):
                label = self.label(facet, value).within(LONGEST)
                yield self._chip(say(TITLES[facet]), label, asking.leaving(ask, facet, value))
        if ask.wide:
            yield self._chip("", Value(say(_WIDE)), asking.narrow(ask))
        if ask.since:
            yield self._chip("", Value(say(_SINCE, date=day(ask.since))), asking.dated(ask, None, ask.until))
        if ask.until:
            yield self._chip("", Value(say(_UNTIL, date=day(ask.until))), asking.dated(ask, ask.since, None))
        for term in ask.plain:
            yield self._chip("", Value(say(N_("“%(text)s” taken literally"), text=term)), asking.understood(ask, term))

    def _written(self, typed: "_Typed") -> str:
        """A value as the records write it, for which capitals are no matter."""
        value = typed.value
        forms = (value, value.upper(), value.lower(), value.capitalize())
        return next((form for form in forms if self.label(typed.facet, form).text != form), value)

    def _chip(self, title: str, label: Value, without: Ask) -> Chip:
        return Chip(title, label, self.here.to("/search", asking.write(without)), without)


def untyped(ask: Ask) -> Ask:
    """The search without facets in its text."""
    while typed := next(_typed(ask), None):
        ask = typed.without
    return ask


def _typed(ask: Ask) -> Iterator[_Typed]:
    """Facets within the text."""
    for part in _PART.finditer(ask.text):
        sign, facet, phrase, word = part.groups(default="")
        if facet in FACETS and (value := phrase or word):
            rest = f"{ask.text[: part.start()]} {ask.text[part.end() :]}"
            yield _Typed(facet, value, sign == "-", replace(ask, text=" ".join(rest.split()), after=None))
