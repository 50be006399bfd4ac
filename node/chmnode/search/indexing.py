"""From records in force to searchable documents, in the transaction in which they come into force.

Owns what becomes of a record in the index: its words and facets from `chmnode.analysis`, the node that published it,
and which governments endorse this very revision. `Indexing.follow` is the `on_change` of `LogStore`; what the analysis
makes of a harvested record was made while it was checked, on all cores, and arrives packed. `Indexing.catch_up` makes
findable what is not, after an upgrade or when vocabularies changed, a few at a time, while searches go on.
"""

import asyncio
import hashlib
import logging
import re
import sys
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Final, NamedTuple, Protocol

import numpy as np
import orjson

from chmnode.analysis import Analyzer, Indexed, Indexer
from chmnode.storage import Change, Database, Document, Documents, Endorsement, Session
from chmnode.storage.documents import PACKED, Place
from chmsync.canonical import JsonValue
from chmsync.ports import Accepted

ENDORSEMENT: Final = "Endorsement"
#: Key of the mark that words of erased records are to be purged; its value is the change that erased the last one.
PURGE: Final = "search-purge"
#: Records made findable by one transaction of `catch_up`.
CATCH_UP: Final = 200
#: Separate the parts of a packed document, and the values within a part; no token and no value holds them.
_PART, _VALUE = "\x1e", "\x1f"
_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
#: Records that are analysed at once without a thread of their own.
_FEW: Final = 16
#: Numbers of facet values that are remembered.
_REMEMBERED: Final = 200_000
#: What an endorsement names; one of a version that this node does not know may hold anything.
_GOVERNMENT: Final = re.compile(r"[A-Z]{2}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_IRI: Final = re.compile(r"https?://[!-~]{1,1000}")
_MOST_REVISIONS: Final = 1 << 31
_LOG = logging.getLogger("chm.search")


def pack(made: Indexed) -> str:
    """What the analysis made of a record, as one text."""
    return _PART.join((made.closes or "", _VALUE.join(made.values), made.words))


def unpack(packed: str) -> Indexed:
    """The opposite of `pack`."""
    closes, values, words = packed.split(_PART, 2)
    found = tuple(values.split(_VALUE)) if values else ()
    return Indexed(words=words, values=found, closes=closes or None, issued=None)


class _Source(NamedTuple):
    """A record in force, as far as its document needs it."""

    iri: str
    origin: str
    place: Place
    type: str
    sha256: str
    modified: str
    body: bytes
    derived: str | None = None


class Elsewhere(Protocol):
    """Analyses records on other cores."""

    async def __call__(self, bodies: Sequence[bytes], *, of: int) -> Sequence[str | None] | None:
        """What `pack` makes of each."""


@dataclass
class Indexing:
    """Writes the search index of a node.

    Args:
        analyzer: whose version the rows are marked with.
        indexer: analyses records.
        elsewhere: analyses many records on other cores: given their texts and how many there have been, what `pack`
            makes of each, or None if they are too few for that.
        clock: POSIX seconds.
    """

    analyzer: Analyzer
    indexer: Indexer
    elsewhere: Elsewhere | None = None
    clock: Callable[[], float] = time.time
    _analysed_so_far: int = 0
    #: Numbers of facet values; they never change once they are committed.
    _numbers: dict[str, int] = field(default_factory=dict)

    @cached_property
    def version(self) -> int:
        """Stands for the present analysis and vocabularies in the rows that they made."""
        return int.from_bytes(hashlib.sha256(self.analyzer.version.encode()).digest()[:6])

    async def follow(self, session: Session, change: Change) -> None:
        """Bring the index up to a change of the records in force, within its transaction."""
        documents = _Writing(session, self._numbers)
        number = await documents.begin()
        before = await documents.places(list(change.places.values())) if change.places else {}
        docs = {iri: before[place] for iri, place in change.places.items() if place in before}
        sources = [_of(change, record) for record in change.in_force]
        await documents.leave(number, [docs[iri] for iri in change.left if iri in docs])
        await self._write(documents, number, sources, docs)
        await self._endorse(documents, number, sources, [*change.left, *change.places])
        if change.erased:
            await session.execute("meta_set", key=PURGE, value=str(number))

    async def catch_up(self, database: Database) -> int:
        """Make some records findable that are not, or were so by another analysis; how many it were."""
        async with database.transaction() as session:
            documents = _Writing(session, self._numbers)
            number = await documents.begin()
            found = await documents.unindexed(self.version, CATCH_UP)
            sources = [
                _Source(one.iri, one.origin, (one.log, one.index), one.type, one.sha256, one.modified, one.body or b"")
                for one in found
            ]
            docs = {one.iri: one.doc for one in found if one.doc is not None}
            await self._write(documents, number, sources, docs)
            await self._endorse(documents, number, sources, [])
        return len(found)

    async def _write(
        self, documents: "_Writing", change: int, sources: Sequence[_Source], docs: Mapping[str, int]
    ) -> None:
        """Documents of these records; `docs` are the numbers of those that have one."""
        made = await self._analysed(sources)
        marks = await self._marks(documents, sources)
        facets = [
            (*one.values, f"node={source.origin}", *marks.get(source.iri, ()))
            for source, one in zip(sources, made, strict=True)
        ]
        numbers = await documents.numbers(facets)
        fresh = sum(source.iri not in docs for source in sources)
        following = iter(range(first := await documents.number(fresh), first + fresh) if fresh else ())
        new, replaced = list[Document](), list[Document]()
        latest = int(self.clock()) + _DAY  # nobody stays the newest by a date to come
        for source, one, values in zip(sources, made, facets, strict=True):
            known = source.iri in docs
            doc = docs[source.iri] if known else next(following)
            (replaced if known else new).append(
                Document(
                    doc,
                    *source.place,
                    self.version,
                    _packed(map(numbers.__getitem__, values)),
                    min(_seconds(source.modified), latest),
                    _days(one.closes),
                    _ranking(source.iri),
                    one.words,
                )
            )
        await documents.write(change, new, replaced)

    async def _analysed(self, sources: Sequence[_Source]) -> list[Indexed]:
        """What the analysis makes of these records; many that are not analysed yet do not keep the event loop."""
        raw = [source for source in sources if source.derived is None]
        if len(raw) <= _FEW:
            return list(map(self._indexed, sources))
        self._analysed_so_far += len(raw)
        made = await self.elsewhere([one.body for one in raw], of=self._analysed_so_far) if self.elsewhere else None
        if made is not None:
            derived = {source.iri: packed for source, packed in zip(raw, made, strict=True)}
            sources = [one._replace(derived=one.derived or derived.get(one.iri)) for one in sources]
        return await asyncio.to_thread(lambda: list(map(self._indexed, sources)))

    def _indexed(self, source: _Source) -> Indexed:
        if source.derived is not None:
            return unpack(source.derived)
        return self.indexer.document(_document(source.body))

    async def _marks(self, documents: "_Writing", sources: Sequence[_Source]) -> Mapping[str, Iterable[str]]:
        """For records that are endorsed as they are now, by whom."""
        texts = {source.iri: source.sha256 for source in sources}
        marks: dict[str, dict[str, None]] = {}
        for one in await documents.endorsements_of(list(texts)):
            if texts[one.target] == one.sha256:
                marks.setdefault(one.target, {"endorsed=yes": None})[f"endorsed={one.government}"] = None
        return marks

    async def _endorse(
        self, documents: "_Writing", change: int, sources: Sequence[_Source], ended: Sequence[str]
    ) -> None:
        """Endorsements that came or went mark the records they name."""
        targets = await documents.unendorse(ended) if ended else []
        came = list(_endorsements(sources))
        await documents.endorse(came)
        for target in dict.fromkeys([*targets, *(one.target for one in came)]):
            await self._mark(documents, change, target)

    async def _mark(self, documents: "_Writing", change: int, iri: str) -> None:
        """Mark one record with the endorsements it has now."""
        standing = await documents.standing_of(iri)
        if standing is None:
            return
        doc, packed, sha256 = standing
        endorsed = {one.government for one in await documents.endorsements_of([iri]) if one.sha256 == sha256}
        marks = ["endorsed=yes", *(f"endorsed={government}" for government in sorted(endorsed))] if endorsed else []
        numbers = await documents.numbers([marks])
        known = await documents.values_of("endorsed")
        kept = (int(id_) for id_ in np.frombuffer(packed, PACKED) if int(id_) not in known)
        await documents.refacet(change, doc, _packed([*kept, *(numbers[mark] for mark in marks)]))


class _Writing(Documents):
    """The index within one transaction, with the numbers of facet values.

    Args:
        session: of the transaction.
        committed: numbers that were read before; they never change once they are committed, so only those are kept.
    """

    def __init__(self, session: Session, committed: dict[str, int]) -> None:
        super().__init__(session)
        self._committed = committed
        self._own: dict[str, int] = {}

    async def numbers(self, facets: Sequence[Iterable[str]]) -> Mapping[str, int]:
        """Numbers of all these values, new ones for those that have none."""
        lacking = set().union(*facets) - self._committed.keys() - self._own.keys()
        if lacking:
            if len(self._committed) > _REMEMBERED:
                self._committed.clear()
            known = await self.numbers_of([_pair(value) for value in sorted(lacking)])
            found = {f"{facet}={value}": id_ for (facet, value), id_ in known.items()}
            self._committed.update(found)
            added = await self.add_values([_pair(value) for value in sorted(lacking - found.keys())])
            self._own.update({f"{facet}={value}": id_ for (facet, value), id_ in added.items()})
        return self._committed | self._own if self._own else self._committed


def _of(change: Change, record: Accepted) -> _Source:
    return _Source(
        record.iri,
        change.origin,
        (change.log, record.index),
        record.type,
        record.sha256,
        record.modified,
        record.body,
        record.derived,
    )


def _document(body: bytes) -> Mapping[str, JsonValue]:
    """A record as JSON; damaged text is found by nothing but its facets."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        _LOG.warning("a stored record cannot be read any more: run `chm check`")
        return {}
    return found if isinstance(found, dict) else {}


def _endorsements(sources: Sequence[_Source]) -> Iterator[Endorsement]:
    """What the endorsements among these records say."""
    for source in sources:
        if source.type != ENDORSEMENT:
            continue
        record = _document(source.body)
        match (record.get("government"), record.get("endorsed")):
            case (str(government), {"id": str(target), "revision": int(rev), "sha256": str(sha256)}) if (
                _GOVERNMENT.fullmatch(government)
                and _SHA256.fullmatch(sha256)
                and _IRI.fullmatch(target)
                and type(rev) is int
                and 0 < rev < _MOST_REVISIONS
            ):
                yield Endorsement(source.iri, target, government, rev, sha256)
            case _:
                _LOG.info("%s names nothing that it endorses", source.iri)


def _pair(value: str) -> tuple[str, str]:
    facet, _, rest = value.partition("=")
    return facet, rest


def _packed(numbers: Iterable[int]) -> bytes:
    found = array("I", numbers)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tobytes()


def _ranking(iri: str) -> int:
    """What decides between records that are equal otherwise: the same at every node."""
    return int.from_bytes(hashlib.sha256(iri.encode()).digest()[:6])


def _seconds(moment: str) -> int:
    """POSIX seconds of an RFC 3339 time; 0 for what is none."""
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0


def _days(day: str | None) -> int | None:
    """Days since 1970 of a date; None for what is none."""
    try:
        return date.fromisoformat(day).toordinal() - _EPOCH if day else None
    except ValueError:
        return None
