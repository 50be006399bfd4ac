"""One stored log, read again from entry 0: what `chm check` says of our own log and of those we mirror.

Compares everything with the signed checkpoint: the entries by their tree, the stored tile hashes by the entries, the
texts by the hashes in the entries. So a disk that lies, or a hand in the database, is found before a peer finds it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chmnode.storage import LogStore
from chmsync.acceptance import matches
from chmsync.checkpoint import Checkpoint
from chmsync.entry import PUT, Entry
from chmsync.errors import FormatError
from chmsync.limits import TILE_WIDTH
from chmsync.merkle import CompactRange, leaf_hash, root_of
from chmsync.note import Note
from chmsync.ports import LogState

#: Entries read at a time; a multiple of a tile's width, so that full tiles never begin in one block and end in another.
_BLOCK = 4 * TILE_WIDTH


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it should be."""

    where: str
    code: str
    detail: str


@dataclass(slots=True)
class Rereading:
    """The reading of one log, as of the checkpoint that it had at the beginning.

    Args:
        logs: where it is stored.
        state: its state; there is a checkpoint.
        told: how many entries have been read.
    """

    logs: LogStore
    state: LogState
    told: Callable[[int], None]
    faults: list[Fault] = field(default_factory=list)
    texts: int = 0

    async def run(self) -> None:
        """Read everything; what is wrong is in `faults`."""
        self._compare_note()
        fault = await self._read_entries()
        if fault is not None:
            self._blame("BAD_BUNDLE", fault)

    def _blame(self, code: str, detail: str) -> None:
        self.faults.append(Fault(self.state.origin, code, detail))

    def _compare_note(self) -> None:
        assert self.state.note is not None
        try:
            signed = Checkpoint.parse(Note.parse(self.state.note).text)
        except FormatError as error:
            self._blame("BAD_NOTE", f"the stored checkpoint cannot be read: {error}")
            return
        stored = (self.state.origin, self.state.size, self.state.root)
        if (signed.origin, signed.size, signed.root) != stored:
            self._blame("BAD_NOTE", f"the signed checkpoint of {signed.size} is not the stored one of {stored[1]}")

    async def _read_entries(self) -> str | None:
        """Build the tree from the entries; why it is not the signed one, if so."""
        frontier, full = CompactRange(), list[bytes]()
        size = self.state.size
        spared = {refusal.index for refusal in await self.logs.quarantined(self.state.origin)}
        for start in range(0, size, _BLOCK):
            end = min(start + _BLOCK, size)
            leaves = await self.logs.leaf_bytes(self.state.origin, start, end)
            if len(leaves) != end - start:
                return f"{end - start - len(leaves)} of the entries from {start} to {end - 1} are gone"
            hashes = [leaf_hash(leaf) for leaf in leaves]
            frontier = frontier.extend(hashes)
            full += _tile_roots(hashes)
            await self._compare_texts(start, end, spared)
            self.told(end)
        await self._compare_tiles(full)
        if frontier.root() != self.state.root:
            return f"the {size} entries do not lead to the signed root: one of them was changed"
        return None

    async def _compare_texts(self, start: int, end: int, spared: set[int]) -> None:
        """Living records must be there, unless they were refused, and be those that their entries name."""
        bodies = await self.logs.bodies(self.state.origin, start, end, self.state.size)
        for leaf in await self.logs.living(self.state.origin, start, end):
            body = bodies[leaf.index - start]
            if leaf.op != PUT or (body is None and leaf.index in spared):
                continue
            self.texts += 1
            if body is None:
                self._blame("MISSING", f"the text of entry {leaf.index}, {leaf.iri}, is gone")
            elif not matches(Entry.parse(leaf.leaf), body):
                self._blame("HASH", f"the text of entry {leaf.index}, {leaf.iri}, was changed")

    async def _compare_tiles(self, roots: Sequence[bytes]) -> None:
        """The stored hashes of full tiles, level by level."""
        level = 1
        while roots:
            stored = await self.logs.nodes(self.state.origin, level, 0, len(roots))
            if list(stored) != list(roots):
                self._blame("BAD_TILE", f"stored hashes of tile level {level} are not those of the entries")
            roots, level = _tile_roots(roots), level + 1


def _tile_roots(row: Sequence[bytes]) -> list[bytes]:
    """The hashes of the full tiles in a row."""
    whole = len(row) - len(row) % TILE_WIDTH
    return [root_of(row[start : start + TILE_WIDTH]) for start in range(0, whole, TILE_WIDTH)]
