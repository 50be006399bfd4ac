"""The transactions of publishing: a batch of drafts is staged as a whole, or not at all (CHM-Sync 1 section 6).

Owns batching, series of numbers, and what happens when two edits of one record meet. The sequencer runs elsewhere and
gives what is staged its place. Work on drafts is done on a thread, outside the transaction where it can be: a bulk
import must neither hold up the portal nor keep the database locked.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from chmnode.concepts import Concepts
from chmnode.config import Config
from chmnode.identity import Identity
from chmnode.publishing.drafts import Draft, PublishingError, Refused
from chmnode.publishing.sealing import Prepared, Sealer
from chmnode.publishing.standing import Standing, standings
from chmnode.records.catalogue import Catalogue
from chmnode.storage import Database, NewEntry, Session, Staging
from chmsync.entry import ERASE, WITHDRAW
from chmsync.errors import Conflict

#: Drafts that one transaction stages.
BATCH = 512
#: How often a batch is tried when others edit the same records meanwhile.
TRIES = 3
REASONS = "removal-reasons"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a draft has become: the line it came from, the record's address and its identifier."""

    line: int
    iri: str
    identifier: str


@dataclass(frozen=True, slots=True)
class StageResult:
    """What became of the drafts: the records in the order of drafts, and the refused by line."""

    records: Sequence[Accepted]
    refused: Sequence[Refused]

    @property
    def accepted(self) -> list[str]:
        """The addresses of the records."""
        return [record.iri for record in self.records]


class Publisher:
    """Stages what this node publishes.

    Args:
        config: of the node.
        identity: whose record key signs.
        database: open and migrated.
        catalogue: the record types.
        concepts: the vocabularies.
        clock: POSIX seconds.
    """

    def __init__(
        self,
        config: Config,
        identity: Identity,
        database: Database,
        catalogue: Catalogue,
        concepts: Concepts,
        clock: Callable[[], float],
    ) -> None:
        self._origin = identity.member.origin
        self._sealer = Sealer(config, identity, catalogue, concepts)
        self._database = database
        self._concepts = concepts
        self._clock = clock

    async def stage_drafts(self, drafts: Iterable[Draft | Refused]) -> StageResult:
        """Stage every draft that is fit, as `staged` does, and tell all at the end."""
        results = [result async for result in self.staged(drafts)]
        return StageResult(
            [record for result in results for record in result.records],
            [refused for result in results for refused in result.refused],
        )

    async def staged(self, drafts: Iterable[Draft | Refused]) -> AsyncIterator[StageResult]:
        """Stage every draft that is fit; each batch is one transaction, told when it is durable.

        Args:
            drafts: read as they are needed; those that were refused before are only passed on.
        """
        batches = _batches(drafts)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            result = await self._stage_again([one for one in batch if isinstance(one, Draft)])
            refused = [*result.refused, *(one for one in batch if isinstance(one, Refused))]
            yield StageResult(result.records, sorted(refused, key=lambda one: one.line))

    async def withdraw(self, iri: str, reason: str) -> int:
        """Stage that a record is no longer in force; a later draft may bring it back. The revision that says so."""
        return await self._end(WITHDRAW, iri, reason)

    async def erase(self, iri: str, reason: str) -> int:
        """Stage that every holder must delete a record, for good. The revision that says so."""
        return await self._end(ERASE, iri, reason)

    async def _stage_again(self, drafts: Sequence[Draft]) -> StageResult:
        """Stage a batch, also when somebody edits one of its records at the same time."""
        for _ in range(TRIES - 1):
            try:
                return await self._stage(drafts)
            except Conflict:
                continue
        return await self._stage(drafts)

    async def _stage(self, drafts: Sequence[Draft]) -> StageResult:
        named = [iri for draft in drafts if (iri := _named(draft)) is not None]
        before = await standings(self._database.read, self._origin, named)
        prepared, refused = await asyncio.to_thread(self._prepare, drafts, before)
        if not prepared:
            return StageResult([], refused)
        async with self._database.transaction() as session:
            staging = Staging(session, self._origin)
            await _require_unchanged(staging, before)
            numbers = await _numbers(staging, prepared)
            sealed, unfit = await asyncio.to_thread(self._seal, prepared, numbers)
            await staging.stage([entry for entry, _ in sealed])
        return StageResult([record for _, record in sealed], [*refused, *unfit])

    def _prepare(self, drafts: Sequence[Draft], before: Mapping[str, Standing]) -> tuple[list[Prepared], list[Refused]]:
        now = self._now()
        done = [self._sealer.prepare(draft, before.get(_named(draft) or ""), now) for draft in drafts]
        return [one for one in done if isinstance(one, Prepared)], [one for one in done if isinstance(one, Refused)]

    def _seal(
        self, prepared: Sequence[Prepared], numbers: Mapping[str, Iterator[int]]
    ) -> tuple[list[tuple[NewEntry, Accepted]], list[Refused]]:
        sealed, unfit = list[tuple[NewEntry, Accepted]](), list[Refused]()
        for one in prepared:
            number = next(numbers[one.series]) if one.series else None
            done = self._sealer.seal(one, number)
            if isinstance(done, Refused):
                unfit.append(done)
            else:
                sealed.append((done, Accepted(one.line, done.iri, one.identifier(number))))
        return sealed, unfit

    async def _end(self, op: str, iri: str, reason: str) -> int:
        self._require_reason(reason)
        async with self._database.transaction() as session:
            entry = self._sealer.end(op, await self._living(session, iri, op), reason, self._now())
            await Staging(session, self._origin).stage([entry])
        return entry.rev

    async def _living(self, session: Session, iri: str, op: str) -> Standing:
        """The record that is to end, if there is something left to end."""
        staging = Staging(session, self._origin)
        await staging.newest([iri])  # the sequencer waits from here on
        standing = (await standings(session, self._origin, [iri])).get(iri)
        if standing is None:
            raise PublishingError(f"{iri} is no record of this node: give the address of one that it has published")
        if standing.op == ERASE:
            raise PublishingError(f"{iri} was erased already, by revision {standing.rev}")
        if standing.op == op:
            raise PublishingError(f"{iri} was withdrawn already, by revision {standing.rev}")
        return standing

    def _require_reason(self, reason: str) -> None:
        if self._concepts.get(REASONS, reason) is None:
            scheme = self._concepts.scheme(REASONS)
            known = sorted(scheme.concepts) if scheme else []
            near = get_close_matches(reason, known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"give one of {', '.join(known)}"
            raise PublishingError(f"{reason!r} is no reason of the vocabulary {REASONS}: {mend}")

    def _now(self) -> str:
        return f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _named(draft: Draft | Refused) -> str | None:
    """The record that a draft is a new revision of, if it says so."""
    iri = draft.document.get("id") if isinstance(draft, Draft) else None
    return iri if isinstance(iri, str) else None


def _batches(drafts: Iterable[Draft | Refused]) -> Iterator[list[Draft | Refused]]:
    """Runs of drafts in which no record occurs twice, for each revision builds on the one before."""
    batch: list[Draft | Refused] = []
    named: set[str] = set()
    for draft in drafts:
        iri = _named(draft)
        if len(batch) == BATCH or iri in named:
            yield batch
            batch, named = [], set()
        batch.append(draft)
        if iri is not None:
            named.add(iri)
    if batch:
        yield batch


async def _require_unchanged(staging: Staging, before: Mapping[str, Standing]) -> None:
    """Hold off the sequencer, and raise Conflict if a record is no longer as the batch was prepared for."""
    newest = await staging.newest([*before]) if before else {}
    if newest != {iri: (standing.rev, standing.op) for iri, standing in before.items()}:
        raise Conflict("another edit of the same record came first: try again")


async def _numbers(staging: Staging, prepared: Sequence[Prepared]) -> dict[str, Iterator[int]]:
    """Numbers for the records that have none, series by series; in one order, so that two imports never deadlock."""
    wanted = Counter(one.series for one in prepared if one.series)
    return {series: iter(await staging.next_numbers(series, count)) for series, count in sorted(wanted.items())}
