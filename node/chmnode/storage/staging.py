"""Entries that wait for their place in our own log, and the numbers of identifiers (CHM-Sync 1 section 6).

Used inside the transaction of an edit, so that what a person approved is staged or the approval did not happen. Refuses
to stage one revision twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chmnode.errors import ConstraintBroken
from chmnode.storage.database import Session, Value
from chmsync.errors import Conflict


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to publish; of a put also its record."""

    iri: str
    op: str
    rev: int
    leaf: bytes
    sha256: str | None = None
    body: bytes | None = None

    def row(self) -> Mapping[str, Value]:
        """Its columns."""
        return {name: getattr(self, name) for name in self.__slots__}


class Staging:
    """What is to be appended to our log.

    Args:
        session: of the transaction of the edit.
        origin: of our log.
    """

    def __init__(self, session: Session, origin: str) -> None:
        self._session = session
        self._origin = origin

    async def newest(self, iris: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Revision and operation of the newest entry of these records, staged or in the log.

        The sequencer is held off until the transaction ends, so that the answer stays true.
        """
        await self._session.fetch_all("staged_lock", origin=self._origin)
        rows = await self._session.fetch_all("staged_newest", origin=self._origin, iris=json.dumps(list(iris)))
        found: dict[str, tuple[int, str]] = {}
        for iri, rev, op in rows:
            found[iri] = max(found.get(iri, (0, "")), (rev, op))
        return found

    async def next_rev(self, iri: str) -> int:
        """The revision that the next entry of a record must have; whether one may follow, `newest` says."""
        newest = await self.newest([iri])
        return newest[iri][0] + 1 if iri in newest else 1

    async def stage(self, entries: Sequence[NewEntry]) -> None:
        """Stage entries in this order; Conflict if somebody else has staged one of these revisions."""
        try:
            await self._session.execute_many("staged_add", [entry.row() for entry in entries])
        except ConstraintBroken as error:
            raise Conflict(f"another edit of the same record came first: {error}") from error

    async def count(self) -> int:
        """How many entries wait."""
        row = await self._session.fetch_one("staged_count")
        return int(row[0]) if row else 0

    async def next_numbers(self, name: str, count: int = 1) -> range:
        """The next numbers of a series, from 1; those of an edit that is rolled back are given again."""
        row = await self._session.fetch_one("counter_add", name=name, count=count)
        assert row is not None
        return range(row[0] - count + 1, row[0] + 1)
