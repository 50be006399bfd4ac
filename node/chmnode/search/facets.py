"""Facets: what is chosen narrows the hits, and each value says how many hits it has.

Owns the facets of `model.FACETS`; how long something is open is reckoned from its closing day. Counts are exact, and
those of one facet leave out what is chosen in this very facet, so that choosing a second value shows what it adds. A
node asked for by an unknown value finds nothing and says so, and is no error. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Final

import numpy as np

from chmnode.concepts import Concepts
from chmnode.search.columns import NEVER, Columns, Mask
from chmnode.search.model import FACETS, Ask, Facet, FacetValue

#: Types that are found when they are asked for: an endorsement is told with the record that it endorses.
ASIDE: Final = ("Endorsement",)
#: Days within which something closes soon.
SOON: Final = 30
#: Values of one facet that are listed; there are fewer countries.
MOST_VALUES: Final = 300
#: Values of the facet `open`, in the order of a page.
OPEN: Final = ("open", "soon", "undated", "closed")
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the chosen facets leave, facet by facet.

    Args:
        columns: of all documents.
        masks: by facet.
        narrower: knows what the values mean.
        values: that were chosen.
    """

    columns: Columns
    masks: Mapping[str, Mask]
    narrower: "Narrower"
    values: Mapping[str, tuple[str, ...]]

    @property
    def mask(self) -> Mask:
        """What all of them leave."""
        return reduce(np.logical_and, self.masks.values(), self.columns.alive)

    def counted(self, found: Mask) -> tuple[Facet, ...]:
        """All facets of what was found, each counted as if nothing were chosen in it."""
        facets = []
        for facet in FACETS:
            others = (mask for name, mask in self.masks.items() if name != facet)
            counts = self.narrower.counts(self.columns, facet, reduce(np.logical_and, others, found))
            facets.append(Facet(facet, _values(facet, counts, self.values.get(facet, ()))))
        return tuple(facets)


def choose(columns: Columns, chosen: Mapping[str, tuple[str, ...]], narrower: "Narrower") -> Chosen:
    """Find out what the chosen facets leave.

    Args:
        columns: of all documents.
        chosen: facet to values.
        narrower: knows what the values mean.
    """
    values = {facet: given for facet, given in chosen.items() if given}
    return Chosen(
        columns, {facet: narrower.mask(columns, facet, given) for facet, given in values.items()}, narrower, values
    )


def _values(facet: str, counts: Mapping[str, int], chosen: Sequence[str]) -> tuple[FacetValue, ...]:
    values = {**dict.fromkeys(chosen, 0), **counts}
    listed = [FacetValue(value, count, value in chosen) for value, count in values.items() if count or value in chosen]
    if facet == "open":
        return tuple(sorted(listed, key=lambda one: OPEN.index(one.value) if one.value in OPEN else len(OPEN)))
    listed.sort(key=lambda one: (-one.records, one.value))
    return (*listed[:MOST_VALUES], *(one for one in listed[MOST_VALUES:] if one.chosen))


@dataclass(frozen=True, slots=True)
class Narrower:
    """What the values of facets mean on one day.

    Args:
        concepts: for the regions of a country.
        day: today, in days since 1970.
        wide: whether a country is reached by what covers a region or group of its.
    """

    concepts: Concepts
    day: int
    wide: bool

    def mask(self, columns: Columns, facet: str, values: Sequence[str]) -> Mask:
        """Documents with one of the values."""
        if facet == "open":
            mask = np.zeros(columns.documents, np.bool_)
            for value in values:
                mask |= self._open(columns, value)
            return mask
        mask = columns.having(facet, values)
        if facet == "country" and self.wide:
            mask |= columns.having("area", {area for value in values for area in areas_of(self.concepts, value)})
        return mask

    def counts(self, columns: Columns, facet: str, mask: Mask) -> Mapping[str, int]:
        """How many documents of a mask have each value."""
        if facet == "open":
            return {value: int(np.count_nonzero(mask & self._open(columns, value))) for value in OPEN}
        return columns.counts(facet, mask)

    def _open(self, columns: Columns, value: str) -> Mask:
        closes = columns.closes
        match value:
            case "open":
                mask = closes >= self.day
            case "soon":
                mask = (closes >= self.day) & (closes <= self.day + SOON)
            case "undated":
                mask = closes == NEVER
            case "closed":
                mask = closes < self.day
            case _:
                mask = np.zeros(columns.documents, np.bool_)
        return np.asarray(mask, np.bool_)


def areas_of(concepts: Concepts, country: str) -> set[str]:
    """Regions and groups that contain a country, directly or by what is within them."""
    found, level = set[str](), list(concepts.sets_of(country))
    while level:
        found |= {one.notation for one in level}
        above = {(one.scheme, code) for one in level for code in one.broader if code not in found}
        level = [concept for scheme, code in above if (concept := concepts.get(scheme, code))]
    return found


def between(columns: Columns, ask: Ask) -> tuple[Mask, list[str]]:
    """Documents last changed within the dates of a search, and the dates that are none."""
    mask, ignored = columns.alive, []
    for name, text, sign, end in (("from", ask.since, 1, 0), ("to", ask.until, -1, _DAY - 1)):
        if not text:
            continue
        try:
            moment = (date.fromisoformat(text).toordinal() - _EPOCH) * _DAY + end
        except ValueError:
            ignored.append(name)
            continue
        mask = mask & (columns.modified >= moment if sign > 0 else columns.modified <= moment)
    return mask, ignored
