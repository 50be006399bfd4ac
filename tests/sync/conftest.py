"""What the tests of the pure protocol share: the vectors, two keys, a Merkle tree as RFC 6962 words it."""

import hashlib
from pathlib import Path

import pytest

from chmsync.keys import PrivateKey


class NaiveTree:
    """RFC 6962 section 2.1, word for word and slow; the leaves are given as hashes."""

    @staticmethod
    def _split(leaves):
        k = 1
        while 2 * k < len(leaves):
            k *= 2
        return k

    def root(self, leaves):
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return leaves[0]
        k = self._split(leaves)
        return hashlib.sha256(b"\x01" + self.root(leaves[:k]) + self.root(leaves[k:])).digest()

    def path(self, m, leaves):
        if len(leaves) == 1:
            return []
        k = self._split(leaves)
        if m < k:
            return [*self.path(m, leaves[:k]), self.root(leaves[k:])]
        return [*self.path(m - k, leaves[k:]), self.root(leaves[:k])]

    def proof(self, m, leaves):
        return self._subproof(m, leaves, whole=True)

    def _subproof(self, m, leaves, *, whole):
        if m == len(leaves):
            return [] if whole else [self.root(leaves)]
        k = self._split(leaves)
        if m <= k:
            return [*self._subproof(m, leaves[:k], whole=whole), self.root(leaves[k:])]
        return [*self._subproof(m - k, leaves[k:], whole=False), self.root(leaves[:k])]


@pytest.fixture(scope="session")
def naive():
    return NaiveTree()


@pytest.fixture(scope="session")
def vectors():
    return Path(__file__).parents[1] / "vectors"


@pytest.fixture(scope="session")
def key():
    return PrivateKey.from_seed(b"\x01" * 32)


@pytest.fixture(scope="session")
def other_key():
    return PrivateKey.from_seed(b"\x02" * 32)
