"""The addresses of a node: where its base URL ends and its resources begin.

The path of the base URL is part of every route (`https://chm.example.org/tv/records/...`), since a centre may host
several small states on one name.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a base URL is made of."""

    #: Scheme and host, without a path.
    root: str
    #: Path of the base URL: empty, or `/tv`.
    base: str

    @classmethod
    def of(cls, base_url: str) -> Self:
        """Take a base URL apart."""
        base = urlsplit(base_url).path
        return cls(base_url.removesuffix(base) if base else base_url, base)

    @property
    def url(self) -> str:
        """The base URL."""
        return self.root + self.base

    def is_ours(self, iri: str) -> bool:
        """Whether this node is the home of a record IRI."""
        return iri.startswith(f"{self.url}/records/")

    def path_of(self, iri: str) -> str:
        """Where this node shows a record: at its own address, or at ours for those of other nodes."""
        return iri.removeprefix(self.root) if self.is_ours(iri) else f"{self.base}/view?id={quote(iri, safe='')}"
