"""Which concepts a search for one concept reaches: those that mean the same, and those below it.

"The same" is `skos:exactMatch` between our own schemes, closed: what equals an equal is equal. "Below" is
`skos:narrower` within a scheme and `skos:narrowMatch` across schemes; close and related matches reach nothing.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from chmnode.concepts.model import Concept

Step: TypeAlias = Callable[[Concept], Iterable[Concept]]

#: More than any concept reaches today; a scheme received from elsewhere must not make a query endless.
LIMIT: Final = 2000


def walk(start: Concept, step: Step, limit: int = LIMIT) -> tuple[Concept, ...]:
    """The start and everything that steps lead to from it, each once, nearest first, at most `limit`."""
    found = {start.key: start}
    level = [start]
    while level and len(found) < limit:
        ahead = {each.key: each for concept in level for each in step(concept) if each.key not in found}
        found.update(ahead)
        level = list(ahead.values())
    return tuple(found.values())[:limit]
