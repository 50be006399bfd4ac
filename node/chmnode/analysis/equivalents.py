"""Concepts that mean the same, as the vocabularies say: exact and close matches (SKOS Reference, section 10).

Close ones count too: a text that has the label of both is about both. Refuses what no match says, however alike the
labels are.
"""

from collections.abc import Sequence
from typing import Final

from chmnode.concepts import Concept, Concepts

SAME: Final = ("exactMatch", "closeMatch")


class Equivalents:
    """Asks whether concepts are matched with one another, in either direction."""

    __slots__ = ("_concepts",)

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts

    def all(self, keys: Sequence[str]) -> bool:
        """Whether each of these, `scheme:notation`, is matched with the first or with one that is."""
        named = (self._concepts.get(*key.split(":", 1)) for key in keys)
        left = [concept for concept in named if concept is not None]
        joined = left[:1]
        left = left[1:]
        while left:
            more = [each for each in left if any(_matched(each, one) for one in joined)]
            if not more:
                return False
            joined += more
            left = [each for each in left if each not in more]
        return True


def _matched(one: Concept, other: Concept) -> bool:
    return any(other.iri in one.matches.get(kind, ()) or one.iri in other.matches.get(kind, ()) for kind in SAME)
