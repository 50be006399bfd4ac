"""What of a record the search reads, worked out once for each version of a type.

Owns the step from the catalogue's annotations to flat lists of members, so that no record is held against a tree of
fields. Refuses to know values: `coded` gives them their names in the index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from chmnode.records.catalogue import RecordType
from chmnode.records.fields import Field

#: Facet by the member at the top of a record whose codes it has.
FACETS: Final[Mapping[str, str]] = {
    "government": "government",
    "countries": "country",
    "regions": "area",
    "languages": "language",
}
#: Facet by the vocabulary of a member at the top of a record, whatever the member's name.
FACETS_BY_SCHEME: Final[Mapping[str, str]] = {
    "assistance-types": "help",
    "cbd-subjects": "subject",
    "gbf-targets": "target",
}
#: Where an event takes place, or an organization sits. The first is what an event is about; the second is no more than
#: an address, and stands for the countries of a record only if it names none.
SEAT: Final = "country"
TAKES_PLACE: Final = frozenset({"Event"})
#: Within these, codes of places say who may ask.
ELIGIBILITY: Final = "eligibility"
ELIGIBLE: Final = "eligible"
_SEARCHED: Final = frozenset({"title", "text"})


class Coded(NamedTuple):
    """A member whose values are codes of a vocabulary."""

    name: str
    scheme: str
    facet: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Members of one type, or of an object within it."""

    #: Names of language maps that are titles, and those that are other texts.
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    coded: tuple[Coded, ...]
    #: Objects within, by name.
    within: tuple[tuple[str, "Plan"], ...]
    #: All members that the type describes; what else a record has is looked through for texts.
    names: frozenset[str]
    closes: tuple[str, ...]
    #: What is read where the record names no country.
    seat: Coded | None = None


def plan_of(kind: RecordType) -> Plan:
    """The plan of a record type."""
    plan = _plan(kind.fields, kind.closes)
    if all(member.name != SEAT for member in plan.coded):
        return plan
    if kind.name not in TAKES_PLACE:
        return replace(plan, seat=SEATED)
    return replace(plan, coded=tuple(SEATED if member.name == SEAT else member for member in plan.coded))


SEATED: Final = Coded(SEAT, "countries", "country")


#: For a type that this node does not know: the envelope's codes, and whatever texts there are.
UNKNOWN: Final = Plan(
    titles=("title", "acronym"),
    texts=(),
    coded=(
        Coded("government", "countries", "government"),
        Coded("countries", "countries", "country"),
        Coded("regions", "regions", "area"),
        Coded("languages", "languages", "language"),
        Coded("gbfTargets", "gbf-targets", "target"),
        Coded("cbdSubjects", "cbd-subjects", "subject"),
        Coded("assistanceTypes", "assistance-types", "help"),
        Coded("assistanceTypesFree", "assistance-types", "help"),
    ),
    within=(),
    names=frozenset({"@context", "proof", "title", "acronym", "translations", "source", "relation"}),
    closes=("validUntil",),
    seat=SEATED,
)


def _plan(fields: Iterable[Field], closes: tuple[str, ...] = ()) -> Plan:
    members = tuple(fields)
    within = ((member.name, _plan(member.fields)) for member in members if member.fields)
    return Plan(
        titles=tuple(member.name for member in members if member.search == "title"),
        texts=tuple(member.name for member in members if member.search == "text"),
        coded=tuple(Coded(member.name, member.scheme, _facet(member)) for member in members if member.scheme),
        within=tuple((name, plan) for name, plan in within if plan.titles or plan.texts or plan.coded or plan.within),
        names=frozenset(member.name for member in members),
        closes=closes,
    )


def _facet(member: Field) -> str | None:
    if member.path[0] == ELIGIBILITY:
        return ELIGIBLE
    if len(member.path) > 1:
        return None
    return FACETS.get(member.name) or FACETS_BY_SCHEME.get(member.scheme or "")
