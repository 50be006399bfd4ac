"""Verified entry to record: what the protocol library is told about record types.

`chmsync` checks everything about a log and its bytes; whether a record is a good `Need` or `Offer` is asked here, of
the schema files. A type or schema version that this node does not know is accepted and shown generically (CHM-Sync 1
section 7); so a new type reaches old nodes without their upgrade. Vocabulary codes are not checked on harvest, since
a newer release of a vocabulary elsewhere must not quarantine records here.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache

from chmnode import resources
from chmnode.analysis import Indexer
from chmnode.concepts import Concepts
from chmnode.records.catalogue import Catalogue
from chmnode.records.validation import check
from chmnode.search.indexing import pack
from chmsync.canonical import JsonValue

#: The one context of version 1 (records.md, "Envelope").
CONTEXT = "https://w3id.org/chm/context/v1"


@dataclass(frozen=True, slots=True)
class Schemas:
    """The `SchemaCheck` of a node: its catalogue of record types, and what the search index wants of a record."""

    catalogue: Catalogue
    indexer: Indexer | None = None

    def problem(self, document: dict[str, JsonValue]) -> str | None:
        """The first thing wrong with a record, with its place; None if nothing is, or the type is unknown here."""
        problems = check(document, self.catalogue)
        return f"{problems[0].path}: {problems[0].detail}" if problems else None

    def known_context(self, context: JsonValue) -> bool:
        """Whether it is the context we ship."""
        return context == CONTEXT

    def derive(self, document: dict[str, JsonValue]) -> str | None:
        """The words and facets by which the record is found."""
        return pack(self.indexer.document(document)) if self.indexer else None

    def prepare(self) -> None:
        """Compile now what would be compiled when first needed."""
        if self.indexer:
            self.indexer.prepare()

    @property
    def ruleset(self) -> str:
        """Changes when a schema does, so that what was quarantined is judged again."""
        return hashlib.sha256(json.dumps(self.catalogue.documents, sort_keys=True).encode()).hexdigest()


@cache
def make_schemas() -> Schemas:
    """The schemas of this installation, made once in a process; what a checking process is told to call."""
    catalogue = Catalogue.load(resources.folder("schemas"))
    return Schemas(catalogue, Indexer(catalogue, Concepts.load(resources.folder("vocab"))))
