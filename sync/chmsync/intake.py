"""The records phase of a harvest: from proven entries to checked records (CHM-Sync 1 sections 5 and 7).

A pipeline of two stages that run beside each other: texts are fetched for the next batch while those of the present
one are checked on all cores. Each batch covers a run of entries; the caller applies it in one transaction with its
position. Text that nobody served is left *undecided*: a newer checkpoint may explain it.
"""

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from chmsync import fetching
from chmsync.acceptance import check_authority, matches
from chmsync.checking import Checking
from chmsync.entry import Entry
from chmsync.errors import LogRefused, RecordCode, RecordRefused
from chmsync.limits import TILE_WIDTH, Limits
from chmsync.member import Member
from chmsync.ports import Accepted, Batch, HarvestStore, LogReader, LogState, Refusal
from chmsync.sources import Source

#: Position of a batch that accounts for no entries: a retry.
NOWHERE = -1


class Store(HarvestStore, LogReader, Protocol):
    """A store that keeps harvested logs and reads them back."""


@dataclass(slots=True)
class _Fetched:
    """Texts for the living entries of `[start, end)`."""

    start: int
    end: int
    leaves: dict[int, bytes] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """Fetches and checks the records of one log."""

    store: Store
    checking: Checking
    limits: Limits
    member: Member
    sources: Sequence[Source]

    async def batches(self, state: LogState) -> AsyncGenerator[Batch, None]:
        """Checked batches from `state.applied` to `state.proven`, in order.

        Raises:
            LogRefused: no source gave a bundle, or one was over a limit.
        """
        of = state.proven - state.applied

        async def check(part: _Fetched) -> Batch:
            return await self._checked(part, of)

        async with (
            aclosing(fetching.ahead(self._fetch(state), 1)) as fetched,
            aclosing(fetching.mapped(fetched, check, 2)) as checked,
        ):
            async for batch in checked:
                yield batch

    async def retry(self, refusals: Sequence[Refusal]) -> Batch:
        """Fetch and check quarantined entries again, from what we hold or any source; still failing ones stay."""
        part = _Fetched(NOWHERE, NOWHERE)
        names = {}
        for refusal in refusals:
            (leaf,) = await self.store.leaves(self.member.origin, refusal.index, refusal.index + 1)
            put = fetching.Put.of(leaf.leaf)
            held, _ = await self.store.body(self.member.origin, put.sha256)
            try:
                body = held if held and _true(put, held) else await self._anywhere(put, only_true=True)
            except LogRefused:
                continue  # its source is not well now; the others are not kept waiting
            names[refusal.index] = refusal.iri
            part.leaves[refusal.index] = leaf.leaf
            if body is not None:
                part.bodies[refusal.index] = body
        batch = await self._checked(part, len(part.leaves))
        missing = [Refusal(index, names[index], RecordCode.MISSING, "no source serves it") for index in batch.undecided]
        return Batch(NOWHERE, NOWHERE, batch.accepted, [*batch.refused, *missing], batch.held)

    # -- fetching ------------------------------------------------------------------------------------------------

    async def _fetch(self, state: LogState) -> AsyncGenerator[_Fetched, None]:
        start = state.applied
        while start < state.proven:
            whole = (start // TILE_WIDTH) * TILE_WIDTH + self.limits.batch_entries
            part = _Fetched(start, min(max(whole, start + 1), state.proven))
            blocks = await self._blocks(part, state.proven)
            if start < state.size:
                await self._take_held(part, blocks)
            for block in blocks:
                part.bodies |= await self._texts(block, part.bodies)
            yield part
            start = part.end

    async def _take_held(self, part: _Fetched, blocks: Sequence[fetching.Block]) -> None:
        """A log that is judged again is not fetched again, as far as we hold its texts."""
        held = await self.store.bodies(self.member.origin, part.start, part.end, part.end)
        for index, put in (item for block in blocks for item in block.wanted.items()):
            body = held[index - part.start]
            if body is not None and _true(put, body):
                part.bodies[index] = body

    async def _blocks(self, part: _Fetched, proven: int) -> list[fetching.Block]:
        """What the batch wants of each record bundle; a batch of long texts ends early."""
        living = await self.store.living(self.member.origin, part.start, part.end)
        wanted: dict[int, dict[int, fetching.Put]] = {}
        size = 0
        for leaf in living:
            block = leaf.index // TILE_WIDTH
            if size > self.limits.batch_bytes and block not in wanted and wanted:
                part.end = block * TILE_WIDTH
                break
            if leaf.op == "withdraw":
                part.withdrawn.append(leaf.iri or "")
            elif leaf.op == "erase":
                part.erased.append(leaf.iri or "")
            else:
                put = fetching.Put.of(leaf.leaf)
                part.leaves[leaf.index] = leaf.leaf
                wanted.setdefault(block, {})[leaf.index] = put
                size += put.size
        return [
            fetching.Block(
                block, await self._every(block, puts, proven), puts, growing=(block + 1) * TILE_WIDTH > proven
            )
            for block, puts in wanted.items()
        ]

    async def _every(self, block: int, living: Mapping[int, fetching.Put], proven: int) -> Mapping[int, fetching.Put]:
        """Every put of a bundle; when all its entries live, they are the ones we have read already."""
        return living if len(living) == TILE_WIDTH else await self._puts(block, proven)

    async def _puts(self, block: int, proven: int) -> Mapping[int, fetching.Put]:
        first = block * TILE_WIDTH
        leaves = await self.store.leaves(self.member.origin, first, min(first + TILE_WIDTH, proven))
        return {leaf.index: fetching.Put.of(leaf.leaf) for leaf in leaves if leaf.op == "put"}

    async def _texts(self, block: fetching.Block, held: Mapping[int, bytes]) -> dict[int, bytes]:
        """The texts of one block: by its bundle when much of it is wanted, singly what that did not give."""
        found: dict[int, bytes] = {}
        wanted = {index: put for index, put in block.wanted.items() if index not in held}
        if len(wanted) > self.limits.bundle_share * len(block.puts):
            found = await self._bundle(block)
        for index, put in wanted.items():
            if index not in found and (body := await self._anywhere(put)) is not None:
                found[index] = body
        return found

    async def _bundle(self, block: fetching.Block) -> dict[int, bytes]:
        failure: LogRefused | None = None
        for source in self.sources:
            try:
                return await block.bundle(source)
            except LogRefused as refused:
                failure = failure or refused
        assert failure is not None
        raise failure

    async def _anywhere(self, put: fetching.Text, *, only_true: bool = False) -> bytes | None:
        """One record from the first source that gives it; None if those that answer do not have it.

        Args:
            put: what the entry says of the text.
            only_true: pass over a source whose text is another one, as long as a later one may have the true one.
        """
        failure: LogRefused | None = None
        absent = False
        false: bytes | None = None
        for source in self.sources:
            try:
                body = await fetching.record(source, put)
            except LogRefused as refused:
                failure = failure or refused
                continue
            if body is not None and (not only_true or _true(put, body)):
                return body
            false = false or body
            absent = absent or body is None
        if false is not None:
            return false
        if absent or failure is None:
            return None
        raise failure

    # -- checking ------------------------------------------------------------------------------------------------

    async def _checked(self, part: _Fetched, of: int) -> Batch:
        items = [(index, part.leaves[index], body) for index, body in part.bodies.items()]
        accepted: list[Accepted] = []
        refused: list[Refusal] = []
        held: list[tuple[int, str, bytes]] = []
        for verdict in await self.checking.check(self.member, items, of=of):
            if isinstance(verdict, Accepted):
                accepted.append(verdict)
                continue
            refused.append(verdict)
            entry, body = Entry.known(part.leaves[verdict.index]), part.bodies[verdict.index]
            if matches(entry, body):
                held.append((verdict.index, entry.sha256 or "", body))
        undecided = []
        for index in part.leaves.keys() - part.bodies.keys():
            refusal = self._unauthorised(index, part.leaves[index])
            if refusal is not None:
                refused.append(refusal)
            else:
                undecided.append(index)
        return Batch(part.start, part.end, accepted, refused, held, part.withdrawn, part.erased, undecided)

    def _unauthorised(self, index: int, leaf: bytes) -> Refusal | None:
        """Authority is checked before it is asked whether the text is served at all."""
        entry = Entry.known(leaf)
        try:
            check_authority(entry, index, self.member)
        except RecordRefused as refused:
            return Refusal(index, entry.id, refused.code, refused.detail)
        return None


def _true(put: fetching.Text, body: bytes) -> bool:
    return len(body) == put.size and hashlib.sha256(body).hexdigest() == put.sha256
