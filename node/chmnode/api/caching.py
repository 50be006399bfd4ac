"""Bytes worth keeping in memory: compressed variants and renderings, bounded by their size.

Keys are entity tags, which are made from the content; so nothing here can be stale, and text that was erased is no
longer found, since nobody can ask for its tag.
"""

from collections import OrderedDict


class ByteCache:
    """A least-recently-used cache bounded in bytes.

    Args:
        limit: bytes of values kept at most.
    """

    __slots__ = ("_held", "_limit", "_values")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._values: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held

    def get(self, tag: str, variant: str) -> bytes | None:
        """A variant of the content with that entity tag."""
        value = self._values.get((tag, variant))
        if value is not None:
            self._values.move_to_end((tag, variant))
        return value

    def put(self, tag: str, variant: str, value: bytes) -> None:
        """Keep a variant, letting go of those unused for longest; one larger than an eighth of all is not kept."""
        if len(value) > self._limit // 8 or (tag, variant) in self._values:
            return
        self._values[tag, variant] = value
        self._held += len(value)
        while self._held > self._limit:
            _, dropped = self._values.popitem(last=False)
            self._held -= len(dropped)
