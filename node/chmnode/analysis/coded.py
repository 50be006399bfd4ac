"""Codes in a record as values of the index, `facet=value`, with all the regions and groups that a place belongs to.

Owns the names of values. Refuses codes that could not stand in an address or a list: longer than `LONGEST_VALUE`, or
with what cannot be printed. What a code stands for is worked out once and remembered, as long as there is room.
"""

from collections.abc import Iterable
from typing import Any, Final

from chmnode.analysis.languages import primary
from chmnode.analysis.plans import Coded
from chmnode.concepts import Concept, Concepts

LONGEST_VALUE: Final = 64
CACHED: Final = 5_000

_PLACES: Final = ("regions", "groups")


class Codes(dict[str, tuple[str, ...]]):
    """Values by code, for one member: `KE` stands for `country=KE`, `concept=countries:KE`, `region=202` ..."""

    def __init__(self, concepts: Concepts, member: Coded) -> None:
        super().__init__()
        self._concepts = concepts
        self._member = member

    def __missing__(self, code: str) -> tuple[str, ...]:
        values = self._values(code) if presentable(code) else ()
        if len(code) <= LONGEST_VALUE:
            if len(self) >= CACHED:
                self.clear()
            self[code] = values
        return values

    def all(self, given: Any) -> list[tuple[str, ...]]:
        """The values of each code in a member that holds one or many; what has another form is passed over."""
        codes = given if isinstance(given, list) else (given,)
        return [self[code] for code in codes if isinstance(code, str)]

    def _values(self, code: str) -> tuple[str, ...]:
        member, scheme = self._member, self._member.scheme
        concept = self._concept(code)
        if concept is None:  # nobody could choose it by name, and what anybody may make up must not fill the facets
            return (f"language={lang}",) if member.facet == "language" and (lang := _language(code)) else ()
        scheme, code = concept.scheme, concept.notation
        found = [f"concept={scheme}:{code}"]
        if member.facet == "language":
            found.append(f"language={primary(code)}")
        elif member.facet:
            found.append(f"{member.facet}={code}")
        if member.facet in {"country", "area"}:
            found.extend(f"region={notation}" for notation in self._regions(code, concept))
        return tuple(found)

    def _concept(self, code: str) -> Concept | None:
        """The concept of a code; a record names regions and groups in one list."""
        schemes = _PLACES if self._member.scheme in _PLACES else (self._member.scheme,)
        named = (self._concepts.get(scheme, code) for scheme in schemes)
        return next((concept for concept in named if concept is not None), None)

    def _regions(self, code: str, concept: Concept | None) -> Iterable[str]:
        """Regions and groups that hold a place, and all that hold those."""
        if self._member.facet == "area":
            level = [concept] if concept else []
            found = dict.fromkeys([code])
        else:
            level = list(self._concepts.sets_of(code))
            found = {}
        while level:
            found.update((each.notation, None) for each in level)
            above = (self._concepts.get(each.scheme, name) for each in level for name in each.broader)
            level = [each for each in above if each is not None and each.notation not in found]
        return found


def _language(tag: str) -> str:
    """The primary subtag of what has the form of a language tag."""
    lang = primary(tag)
    return lang if len(lang) in {2, 3} and lang.isascii() and lang.isalpha() else ""


def presentable(value: str) -> bool:
    """Whether a value may be indexed: short, and nothing in it but what is seen."""
    return 0 < len(value) <= LONGEST_VALUE and value.isprintable()
