"""The search index as rows: searchable documents, their words, their facets, and endorsements.

Owns the tables document, document_words, facet_value and endorsement. The words of a document stand in FTS5 or in a
tsvector, token by token as `chmnode.analysis` made them; nothing here analyses text. Every write belongs to a numbered
change, and whoever begins one keeps all other writers of the index out until the transaction ends, so that changes
become visible in the order of their numbers. Refuses to know what a facet means.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chmnode.storage.database import Session, Value
from chmnode.storage.records import StoredRecord

#: Document numbers.
Docs: TypeAlias = NDArray[np.int64]
#: Number of a log in this database, index in it.
Place: TypeAlias = tuple[int, int]
#: One token, or several in sequence; a star at the end of the last one makes it a prefix.
Sequenced: TypeAlias = tuple[str, ...]

#: Facet numbers as stored.
PACKED = np.dtype("<u4")
_CHANGES = "search"
_DOCUMENTS = "document"
_VALUES = "facet_value"


class Document(NamedTuple):
    """One searchable document; see the comments of migration 2."""

    doc: int
    log: int
    idx: int
    version: int
    facets: bytes
    modified: int
    closes: int | None
    ranking: int
    words: str


class Standing(NamedTuple):
    """A document as searches hold it in memory. No facets at all: it left."""

    doc: int
    facets: bytes | None
    modified: int
    closes: int | None
    ranking: int


@dataclass(frozen=True, slots=True)
class Unindexed:
    """A record in force that is to be made searchable anew; `doc` is the number it has, if any."""

    doc: int | None
    iri: str
    origin: str
    log: int
    index: int
    type: str
    modified: str
    sha256: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A government's endorsement of one revision of a record; `iri` is its own."""

    iri: str
    target: str
    government: str
    rev: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Endorsed:
    """An endorsement in force, as the page of the record tells it."""

    iri: str
    government: str
    rev: int
    sha256: str
    modified: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what is in force can be found."""

    records: int
    documents: int
    current: int


class Documents:
    """The search index, as seen by one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Writing, within a transaction.

    async def begin(self) -> int:
        """The number of the next change; other writers wait from here on until this transaction ends."""
        return await self._counted(_CHANGES, 1)

    async def number(self, count: int) -> int:
        """The first of so many new document numbers."""
        return await self._counted(_DOCUMENTS, count) - count + 1

    async def add_values(self, pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Numbers for values of facets that have none yet."""
        if not pairs:
            return {}
        first = await self._counted(_VALUES, len(pairs)) - len(pairs) + 1
        rows: list[Mapping[str, Value]] = [
            {"id": id_, "facet": facet, "value": value} for id_, (facet, value) in enumerate(pairs, first)
        ]
        await self._session.execute_many("facet_value_add", rows)
        return dict(zip(pairs, range(first, first + len(pairs)), strict=True))

    async def write(self, change: int, new: Sequence[Document], replaced: Sequence[Document]) -> None:
        """Documents that come in, and those that take the place of what they were."""
        if replaced:
            await self._session.execute_many("document_replace", [_columns(change, one) for one in replaced])
            await self._session.execute_many("words_remove", [{"doc": one.doc} for one in replaced])
        await self._session.execute_many("document_add", [_columns(change, one) for one in new])
        vector = _positions if self._session.dialect == "postgres" else str
        words: list[Mapping[str, Value]] = [{"doc": one.doc, "words": vector(one.words)} for one in (*replaced, *new)]
        await self._session.execute_many("words_add", words)

    async def leave(self, change: int, docs: Iterable[int]) -> None:
        """Documents that can be found no longer."""
        gone = list(docs)
        await self._session.execute_many("document_leave", [{"doc": doc, "change": change} for doc in gone])
        await self._session.execute_many("words_remove", [{"doc": doc} for doc in gone])

    async def refacet(self, change: int, doc: int, facets: bytes) -> None:
        """Other facets for a document whose words are the same."""
        await self._session.execute("document_refacet", doc=doc, change=change, facets=facets)

    async def endorse(self, endorsements: Sequence[Endorsement]) -> None:
        """Endorsements that come into force."""
        rows: list[Mapping[str, Value]] = [
            {"iri": one.iri, "target": one.target, "government": one.government, "rev": one.rev, "sha256": one.sha256}
            for one in endorsements
        ]
        await self._session.execute_many("endorsement_put", rows)

    async def unendorse(self, iris: Sequence[str]) -> list[str]:
        """Of these records, endorsements end; the records that they named."""
        found = await self._session.fetch_all("endorsement_targets", iris=json.dumps(iris))
        if found:
            await self._session.execute_many("endorsement_remove", [{"iri": iri} for iri in iris])
        return [target for (target,) in found]

    async def merge(self, pages: int) -> int:
        """Do some of the merging that writers leave, and if negative purge what was deleted; how many rows changed."""
        return await self._session.execute("words_merge", pages=pages)

    async def check(self) -> None:
        """Raise DatabaseDamaged if the index of words is damaged."""
        await self._session.execute("words_check")

    # Reading.

    async def change(self) -> int:
        """The number of the last change that is visible."""
        row = await self._session.fetch_one("counter_get", name=_CHANGES)
        return int(row[0]) if row else 0

    async def holding(self, alternatives: Sequence[Sequenced]) -> Docs:
        """Documents with one of these sequences of tokens, ascending."""
        if self._session.dialect == "postgres":
            row = await self._session.fetch_one("words_find", wanted=_tsquery(alternatives))
            return np.sort(np.frombuffer((row and row[0]) or b"", dtype=">i8")).astype(np.int64)
        rows = await self._session.fetch_all("words_find", heavy=True, wanted=_match(alternatives))
        return np.fromstring(rows[0][0] or "", dtype=np.int64, sep=",")

    async def changes(self, after: int, upto: int) -> list[Standing]:
        """Documents that a change in `(after, upto]` wrote, as they are now, in order."""
        rows = await self._session.fetch_all("document_changes", heavy=True, after=after, upto=upto)
        return [Standing(*row[:5]) for row in rows]

    async def changed(self, after: int) -> int:
        """How many documents changes after this one wrote."""
        row = await self._session.fetch_one("document_changed", after=after)
        return int(row[0]) if row else 0

    async def block(self, start: int, end: int) -> list[Standing]:
        """Documents `[start, end)` that can be found."""
        rows = await self._session.fetch_all("document_block", heavy=True, start=start, end=end)
        return [Standing(*row) for row in rows]

    async def newest(self) -> int:
        """The highest document number."""
        row = await self._session.fetch_one("document_newest")
        return int(row[0] or 0) if row else 0

    async def values(self, after: int) -> list[tuple[int, str, str]]:
        """Values of facets: number, facet, value; those with numbers above `after`, in order."""
        return [
            (id_, facet, value) for id_, facet, value in await self._session.fetch_all("facet_value_list", after=after)
        ]

    async def values_of(self, facet: str) -> dict[int, str]:
        """All values of one facet, by number."""
        return dict(await self._session.fetch_all("facet_value_facet", facet=facet))

    async def numbers_of(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Numbers of these values of facets, of those that have one."""
        rows = await self._session.fetch_all("facet_value_of", pairs=json.dumps(pairs))
        return {(facet, value): id_ for id_, facet, value in rows}

    async def places(self, places: Sequence[Place]) -> dict[Place, int]:
        """Numbers of the documents at these places."""
        rows = await self._session.fetch_all("document_places", places=json.dumps(places))
        return {(log, index): doc for log, index, doc in rows}

    async def records(self, docs: Sequence[int]) -> dict[int, StoredRecord]:
        """The records in force of these documents."""
        rows = await self._session.fetch_all("document_records", docs=json.dumps(docs))
        return {row[0]: StoredRecord(*row[1:]) for row in rows}

    async def identified(self, identifier: str) -> list[int]:
        """Documents of the records with this human identifier: anybody may claim any."""
        return [doc for (doc,) in await self._session.fetch_all("document_identified", identifier=identifier)]

    async def facets(self, docs: Sequence[int]) -> dict[int, bytes]:
        """The packed facets of these documents."""
        rows = await self._session.fetch_all("document_packed", docs=json.dumps(docs))
        return {doc: bytes(facets) for doc, facets in rows if facets is not None}

    async def standing_of(self, iri: str) -> tuple[int, bytes, str] | None:
        """Number and facets of a record's document, and the hash of its text."""
        row = await self._session.fetch_one("document_facets", iri=iri)
        return (row[0], row[1], row[2]) if row else None

    async def endorsements_of(self, iris: Sequence[str]) -> list[Endorsement]:
        """Endorsements in force of these records, of any revision."""
        if await self._session.fetch_one("endorsement_any") is None:
            return []
        return [Endorsement(*row) for row in await self._session.fetch_all("endorsement_of", iris=json.dumps(iris))]

    async def endorsed(self, iri: str) -> list[Endorsed]:
        """Endorsements in force of one record, of any revision."""
        return [Endorsed(*row) for row in await self._session.fetch_all("endorsement_list", target=iri)]

    async def unindexed(self, version: int, limit: int) -> list[Unindexed]:
        """Records in force that cannot be found yet, or were made findable by another version of the analysis."""
        missing = await self._session.fetch_all("document_missing", heavy=True, limit=limit)
        stale = await self._session.fetch_all("document_stale", heavy=True, version=version, limit=limit)
        return [Unindexed(None, *row) for row in missing] or [Unindexed(*row) for row in stale]

    async def coverage(self, version: int) -> Coverage:
        """How much of what is in force can be found."""
        row = await self._session.fetch_one("document_counts", version=version)
        return Coverage(*row) if row else Coverage(0, 0, 0)

    async def _counted(self, name: str, count: int) -> int:
        row = await self._session.fetch_one("counter_add", name=name, count=count)
        assert row is not None
        return int(row[0])


def _columns(change: int, one: Document) -> Mapping[str, Value]:
    return {
        "doc": one.doc,
        "log": one.log,
        "idx": one.idx,
        "change": change,
        "version": one.version,
        "facets": one.facets,
        "modified": one.modified,
        "closes": one.closes,
        "ranking": one.ranking,
    }


def _positions(words: str) -> str:
    """Words as a tsvector is written, each with its position."""
    return " ".join([f"{word}:{at}" for at, word in enumerate(words.split(" "), 1)]) if words else ""


def _match(alternatives: Sequence[Sequenced]) -> str:
    """Sequences of tokens in the words of FTS5."""
    return " OR ".join(
        '"{}"{}'.format(" ".join(one).removesuffix("*"), " *" if one[-1].endswith("*") else "") for one in alternatives
    )


def _tsquery(alternatives: Sequence[Sequenced]) -> str:
    """Sequences of tokens in the words of a tsquery."""
    return " | ".join("({})".format(" <-> ".join(_lexeme(token) for token in one)) for one in alternatives)


def _lexeme(token: str) -> str:
    return f"'{token[:-1]}':*" if token.endswith("*") else f"'{token}'"
