"""Merkle trees: hashes, growth and proofs (RFC 6962 section 2.1, SHA-256).

Owns the shape of the tree. A proof is a list of hashes of *ranges* of leaves; which ranges, from the leaf up,
follows from the sizes alone (`inclusion_ranges`, `consistency_ranges`), so that making and checking proofs
share one definition. Refuses proofs that are too long or too short, hashes that are not 32 bytes, and
consistency with the empty tree, which says nothing. `CompactRange.extend` is the hot path of a harvest: it
hashes whole levels at a time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Self

from chmsync.errors import FormatError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

#: Leaves from the first number up to, not including, the second.
Range = tuple[int, int]


def leaf_hash(leaf: bytes) -> bytes:
    """Hash an entry."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """All of a tree that its growth needs: the roots of its complete subtrees, from left to right.

    There is one for every bit set in the size, at most 63. `CompactRange()` is the empty tree.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise FormatError(f"not the compact range of {self.size} leaves: {len(self.hashes)} hashes")

    def extend(self, leaf_hashes: Iterable[bytes]) -> Self:
        """Append leaves.

        Level by level: the subtree that ends at the old size joins the new nodes from the left, a node
        without a partner stays, the others become the nodes of the next level.
        """
        nodes = list(leaf_hashes)
        size, level = self.size + len(nodes), 0
        left, right = list(self.hashes), list[bytes]()
        while nodes:
            if self.size >> level & 1:
                nodes.insert(0, left.pop())
            if len(nodes) & 1:
                right.append(nodes.pop())
            pairs = iter(nodes)
            nodes = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(pairs, pairs, strict=True)]
            level += 1
        return type(self)(size, (*left, *reversed(right)))

    def root(self) -> bytes:
        """Hash the complete subtrees into the root of the tree, from the right."""
        if not self.hashes:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.hashes))

    def encode(self) -> bytes:
        """Write the hashes one after the other; the size is kept beside them."""
        return b"".join(self.hashes)

    @classmethod
    def decode(cls, size: int, data: bytes) -> Self:
        """Read what `encode` wrote for a tree of that size."""
        return cls(size, tuple(split_hashes(data)))


def split_hashes(data: bytes) -> list[bytes]:
    """Cut a row of hashes into its hashes."""
    if len(data) % HASH_BYTES:
        raise FormatError(f"{len(data)} bytes are not a row of hashes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Give the root of the tree of these leaves."""
    return CompactRange().extend(leaf_hashes).root()


def subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Name the complete subtrees that make up a range of the tree, from left to right.

    Each is a level (0 for a leaf) and an index within it; their hashes are a CompactRange of `end - start`
    leaves.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _split(start: int, end: int) -> int:
    """Say where the children of a range meet: after the largest power of two below its width."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Name the ranges whose hashes prove that a leaf is in a tree, from its sibling up (RFC 6962, PATH)."""
    if not 0 <= index < size:
        raise FormatError(f"a tree of {size} leaves has no leaf {index}")
    start, end = 0, size
    siblings = list[Range]()
    while end - start > 1:
        split = _split(start, end)
        siblings.append((split, end) if index < split else (start, split))
        start, end = (start, split) if index < split else (split, end)
    return siblings[::-1]


def consistency_ranges(size1: int, size2: int) -> list[Range]:
    """Name the ranges whose hashes prove that a tree has grown, from below (RFC 6962, SUBPROOF)."""
    if not 1 <= size1 <= size2:
        raise FormatError(f"nothing proves that a tree of {size1} leaves has grown to {size2}")
    start, end = 0, size2
    siblings = list[Range]()
    while end != size1:
        split = _split(start, end)
        siblings.append((split, end) if size1 <= split else (start, split))
        start, end = (start, split) if size1 <= split else (split, end)
    # The subtree that ends at size1; where it is the whole old tree, everybody knows its hash: the old root.
    own = [(start, end)] if start else []
    return own + siblings[::-1]


def _require_hashes(hashes: Sequence[bytes], count: int) -> None:
    if len(hashes) != count:
        raise FormatError(f"a proof of {len(hashes)} hashes where {count} are needed")
    if any(len(value) != HASH_BYTES for value in hashes):
        raise FormatError(f"a hash of a proof has {HASH_BYTES} bytes")


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf of that hash has that index in the tree of that root; FormatError if not shown."""
    ranges = inclusion_ranges(index, size)
    _require_hashes([leaf], 1)
    _require_hashes(proof, len(ranges))
    node = leaf
    for (start, _), sibling in zip(ranges, proof, strict=True):
        node = node_hash(sibling, node) if start < index else node_hash(node, sibling)
    if node != root:
        raise FormatError(f"the proof of leaf {index} does not lead to the root of the {size} leaves")


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Check that the second tree begins with all leaves of the first; FormatError if it is not shown."""
    ranges = consistency_ranges(size1, size2)
    _require_hashes(proof, len(ranges))
    if not ranges or ranges[0][0] >= size1:  # the old tree is one complete subtree of the new one
        ranges, proof = [(0, size1), *ranges], [root1, *proof]
    old = new = proof[0]
    for (start, _), sibling in zip(ranges[1:], proof[1:], strict=True):
        if start < size1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if (old, new) != (root1, root2):
        raise FormatError(f"the proof does not lead from the root of {size1} leaves to that of {size2}")
