"""Records as a reader of the node sees them: those in force, and the past of each.

Owns no rule about what is in force; `logs.py` has written that down. Pages are continued by a cursor, never by an
offset, so that a record that arrives meanwhile neither hides another nor shows it twice.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Self, cast

import orjson

from chmnode.storage.database import Row, Session, Value
from chmsync.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the order of pages: newest `modified` first."""

    modified: str
    log: int
    index: int

    def __str__(self) -> str:
        """Write it for a URL."""
        return f"{self.log}.{self.index}.{self.modified}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote; ValueError for anything else."""
        log, index, modified = text.split(".", 2)
        return cls(modified, int(log), int(index))


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in force."""

    iri: str
    origin: str
    index: int
    type: str
    government: str | None
    rev: int
    identifier: str | None
    modified: str
    body: bytes = field(repr=False)
    log: int = field(repr=False)
    leaf: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The hash that its entry in the log gives of the text."""
        return cast("str", orjson.loads(self.leaf)["sha256"])

    @property
    def intact(self) -> bool:
        """Whether the stored text still is the one that the log says."""
        return hashlib.sha256(self.body or b"").hexdigest() == self.sha256

    @property
    def cursor(self) -> Cursor:
        """Where the page after this record begins."""
        return Cursor(self.modified, self.log, self.index)

    def document(self) -> dict[str, JsonValue]:
        """The record as JSON; it was checked before it was stored."""
        return cast("dict[str, JsonValue]", orjson.loads(self.body))


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A well-formed entry, whatever became of it."""

    iri: str
    origin: str
    index: int
    op: str
    rev: int
    leaf: bytes = field(repr=False)
    in_force: bool
    #: Why it is quarantined, when it is.
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of a type are in force from one log."""

    type: str
    origin: str
    records: int


class Records:
    """All records of the node, own and harvested."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, iri: str) -> StoredRecord | None:
        """The record, if it is in force."""
        row = await self._session.fetch_one("record_get", iri=iri)
        return StoredRecord(*row) if row else None

    async def by_identifier(self, identifier: str) -> StoredRecord | None:
        """The record in force with that human identifier; ours first, for others may claim it too."""
        row = await self._session.fetch_one("record_by_identifier", identifier=identifier)
        return StoredRecord(*row) if row else None

    async def entry_of(self, iri: str) -> StoredEntry | None:
        """The newest entry of a record, also of one that is withdrawn, erased or quarantined."""
        row = await self._session.fetch_one("record_newest_entry", iri=iri)
        return _entry(row) if row else None

    async def history(self, iri: str) -> list[StoredEntry]:
        """All entries of a record, oldest first."""
        return [_entry(row) for row in await self._session.fetch_all("record_entries", iri=iri)]

    async def revision(self, iri: str, rev: int) -> bytes | None:
        """The canonical bytes of one revision, if they were kept."""
        row = await self._session.fetch_one("revision_of", iri=iri, rev=rev)
        return row[0] if row else None

    async def page(
        self,
        *,
        kind: str | None = None,
        origin: str | None = None,
        after: Cursor | None = None,
        limit: int = 20,
    ) -> list[StoredRecord]:
        """Records in force, newest `modified` first; the cursor of the last one continues.

        Args:
            kind: of this type only.
            origin: of this log only.
            after: begin behind this place.
            limit: at most so many.
        """
        params: dict[str, Value] = {"limit": limit}
        where = ["1 = 1"]
        if kind is not None:
            where.append("r.type = :type")
            params["type"] = kind
        if origin is not None:
            where.append("r.log_id = (select id from log where origin = :origin)")
            params["origin"] = origin
        if after is not None:
            where.append("(r.modified, r.log_id, r.idx) < (:modified, :log, :idx)")
            params |= {"modified": after.modified, "log": after.log, "idx": after.index}
        rows = await self._session.select(_page(where), params)
        return [StoredRecord(*row) for row in rows]

    async def counts(self) -> list[Count]:
        """How many records are in force, by type and log."""
        return [Count(*row) for row in await self._session.fetch_all("record_counts", heavy=True)]


def _page(conditions: list[str]) -> str:
    """The statement of a page: only conditions that are asked for, so that an index serves each combination."""
    return f"""
        select r.iri, l.origin, r.idx, r.type, r.government, r.rev, r.identifier, r.modified, v.body, r.log_id, e.leaf
        from record r join log l on l.id = r.log_id join revision v on v.log_id = r.log_id and v.idx = r.idx
            join entry e on e.log_id = r.log_id and e.idx = r.idx
        where {" and ".join(conditions)}
        order by r.modified desc, r.log_id desc, r.idx desc limit :limit
    """  # noqa: S608 - the conditions are the constants above


def _entry(row: Row) -> StoredEntry:
    iri, origin, index, op, rev, leaf, in_force, code, detail = row
    return StoredEntry(iri, origin, index, op, rev, leaf, in_force is not None, code, detail)
