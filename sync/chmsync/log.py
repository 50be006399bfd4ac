"""The sequencer of a node's own log: index, commit, checkpoint, recover (CHM-Sync 1 section 6).

One sequencer per log, held by whoever holds its lease. Its only write is `SequencerStore.append`: entries, tree,
signed checkpoint and records in one durable transaction, and only what that transaction returned is ever served. A
crash before it leaves the staged rows; a crash after it leaves a log that already carries its signed checkpoint. So a
node never signs two inconsistent checkpoints: the second one starts from what the first made durable. Normal run and
recovery share one function, `_verified`, deliberately: it refuses to go on from a state that contradicts itself.

Refuses to cosign at a time earlier than a cosignature already given: a clock that went back would make "as of" a lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from chmsync.checkpoint import Checkpoint
from chmsync.errors import FormatError, LogDamaged, SyncError
from chmsync.growth import Growth
from chmsync.keys import COSIGNATURE, ED25519, PrivateKey, Vkey
from chmsync.merkle import leaf_hash
from chmsync.note import Note, cosign, sign, times, verified
from chmsync.ports import Append, LogReader, LogState, SequencerStore, Staged


class ClockBehind(SyncError):
    """Our clock is earlier than a cosignature we have given; set the clock, then start again."""


class LogStore(SequencerStore, LogReader, Protocol):
    """A store that keeps a log and reads it back."""


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A key that adds timed statements to checkpoints: as witness of our own log, or as mirror of others'."""

    name: str
    key: PrivateKey

    @property
    def vkey(self) -> Vkey:
        """How others know this cosigner."""
        return Vkey(self.name, COSIGNATURE, self.key.public)

    def endorse(self, note: Note, now: int) -> Note:
        """Add our cosignature, or renew it.

        Args:
            note: a checkpoint note.
            now: POSIX seconds.

        Raises:
            ClockBehind: the note carries our own cosignature of a later time.
        """
        newest = max(times(note, [self.vkey]).values(), default=now)
        if newest > now:
            raise ClockBehind(
                f"this node signed on {_date(newest)}, which is later than this computer's clock ({_date(now)}). If it "
                f"is wrong now, set the clock; if it was wrong then: `chm key rotate {self.name.rpartition('/')[2]}`"
            )
        return note.with_signatures(cosign(note.text, self.name, self.key, now))


@dataclass(frozen=True, slots=True)
class Sequencer:
    """Gives staged entries their place in a log.

    Args:
        origin: the log's name, for ever.
        keys: the log keys that sign now; several while a rotation overlaps.
        witness: cosigns our own checkpoints, so that "nothing new" differs from "frozen".
        store: where the log lives.
        clock: POSIX seconds.
        batch: entries per transaction.
        heartbeat_seconds: age at which `recover` renews our cosignature.
    """

    origin: str
    keys: Sequence[PrivateKey]
    witness: Cosigner
    store: LogStore
    clock: Callable[[], float]
    batch: int = 1024
    heartbeat_seconds: float = 3600.0

    async def recover(self) -> LogState:
        """Check what the last run left and make sure that a checkpoint exists; call once before anything else.

        Raises:
            LogDamaged: the stored note, tree and entries contradict each other, or another key signed them.
            ClockBehind: the clock is earlier than our newest cosignature.
        """
        state = await self.store.load(self.origin)
        if state.note is None:
            await self._append([], state)
            state = await self.store.load(self.origin)
        self._verified(state)
        await self._check_tail(state)
        await self.heartbeat(self.heartbeat_seconds)
        return await self.store.load(self.origin)

    async def sequence(self) -> int:
        """Append what is staged, oldest first, one batch; how many entries it gave a place."""
        staged = await self.store.staged(self.batch)
        if staged:
            await self._append(staged, await self.store.load(self.origin))
        return len(staged)

    async def heartbeat(self, every: float) -> bool:
        """Renew the newest checkpoint when our cosignature is `every` seconds old or a key has not signed it yet.

        Returns:
            Whether it was renewed.
        """
        state = await self.store.load(self.origin)
        note = self._verified(state)
        signed, now = self._signed_by_all(note), int(self.clock())
        given = times(note, [self.witness.vkey]).get(self.witness.vkey)
        if signed == note and given is not None and 0 <= now - given < every:
            return False
        note = self.witness.endorse(signed, now)
        await self.store.cosigned(self.origin, state.size, note.encode())
        return True

    def _signed_by_all(self, note: Note) -> Note:
        """The note with the signatures that a key rotation has added since."""
        signed = {given.signer for given in note.signatures}
        lines = [sign(note.text, self.origin, key) for key in self.keys]
        return note.with_signatures(*(line for line in lines if line.signer not in signed))

    async def _append(self, staged: Sequence[Staged], state: LogState) -> None:
        if state.note is not None:
            self._verified(state)
        growth = await Growth.load(state.frontier, self._row)
        nodes = growth.add([entry.leaf for entry in staged])
        checkpoint = Checkpoint(self.origin, growth.frontier.size, growth.frontier.root())
        text = checkpoint.text()
        note = Note(text, tuple(sign(text, self.origin, key) for key in self.keys))
        note = self.witness.endorse(note, self._now(state))
        step = Append(state.size, staged, nodes, growth.frontier, note.encode(), checkpoint.root)
        await self.store.append(self.origin, step)

    def _now(self, state: LogState) -> int:
        """Our clock, refused if earlier than what we said on the last checkpoint."""
        now = int(self.clock())
        if state.note is not None:
            self.witness.endorse(Note.parse(state.note), now)
        return now

    def _verified(self, state: LogState) -> Note:
        """The stored note, if note, tree and keys agree."""
        assert state.note is not None
        try:
            note = Note.parse(state.note)
            found = Checkpoint.parse(note.text)
            signers = verified(note, [Vkey(self.origin, ED25519, key.public) for key in self.keys])
        except FormatError as error:
            raise LogDamaged(f"the stored checkpoint of {self.origin} cannot be read: {error}") from error
        if not signers:
            raise LogDamaged(f"the stored checkpoint of {self.origin} is not signed by a log key of this node")
        tree = (self.origin, state.frontier.size, state.frontier.root())
        if (found.origin, found.size, found.root) != tree or state.size != found.size:
            raise LogDamaged(f"the stored tree of {self.origin} is not the one its checkpoint of {found.size} signs")
        return note

    async def _check_tail(self, state: LogState) -> None:
        """Entries of the open tile must hash to the frontier; `chm check` reads the rest."""
        if not state.size:
            return
        growth = await Growth.load(state.frontier, self._row)
        if not growth.agrees():
            raise LogDamaged(f"the newest entries of {self.origin} are not the ones its checkpoint signs")

    async def _row(self, level: int, start: int, end: int) -> Sequence[bytes]:
        if level == 0:
            return [leaf_hash(leaf) for leaf in await self.store.leaf_bytes(self.origin, start, end)]
        return await self.store.nodes(self.origin, level, start, end)


def _date(seconds: int) -> str:
    """POSIX seconds for people; a clock may have been wrong by more than a date can say."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M UTC}"
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
