"""Concepts of several vocabularies that mean the same, told as one."""

from collections.abc import Iterable, Mapping
from typing import Final

from chmnode.concepts.catalogue import Concepts
from chmnode.concepts.model import Concept

#: Vocabularies whose concept stands for its equals: the Convention's first, the plain list of words last.
_RANKS: Final[Mapping[str, int]] = {"cbd-subjects": 0, "domain-concepts": 2}
_OTHER: Final = 1


def foremost(concepts: Concepts, concept: Concept) -> Concept:
    """The one of a concept and its equals that is shown for all of them."""
    return min((concept, *concepts.same(concept)), key=lambda one: _RANKS.get(one.scheme, _OTHER))


def meanings(concepts: Concepts, found: Iterable[Concept]) -> list[Concept]:
    """One concept for each meaning that is among those found, in their order."""
    told = {one.key: one for one in (foremost(concepts, concept) for concept in found)}
    return list(told.values())
