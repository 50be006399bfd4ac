"""What a harvester believes of one log, and why: the state machine of CHM-Sync 1 section 7.

`TrustedLog` takes signed checkpoints and proofs, never fetches anything, and answers what follows. Its rules:

1. A checkpoint counts only when signed by a key of the pinned member that is valid at its size.
2. The *anchor* is the largest checkpoint proven so far: the one that proved our entries, else the trusted one.
3. Same size as the anchor: same root, or `FORK`. Smaller: it must agree with our own tree at that size, or `FORK`;
   if it agrees, a mirror is stale and the origin itself rolls back. Larger: it becomes the target.
4. Entries up to the target are believed when the compact range over the anchor's entries and the new ones has the
   target's root. This alone proves append-only. When it does not, the hash tiles decide who lied (`blame`).

An illegal offer raises and leaves the state unchanged.
"""

import base64
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from chmsync import canonical, tiles
from chmsync.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from chmsync.errors import FormatError, LogCode, LogDamaged, LogRefused
from chmsync.keys import Vkey
from chmsync.member import Member, Until
from chmsync.merkle import CompactRange, verify_consistency
from chmsync.note import Note, Signature, cosignatures, times
from chmsync.ports import LogState

#: What names a key on a note.
Signer = tuple[str, bytes]
#: Signature lines of unknown keys that we keep and serve: room for witnesses, none for ballast.
STRANGERS = 16


class Relation(Enum):
    """How an offered checkpoint stands to the anchor."""

    SAME = "same"
    LARGER = "larger"
    SMALLER = "smaller"
    #: Less than the registry knows the log to have had: we may hold nothing to compare it with.
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Offer:
    """A checkpoint whose signature holds, and how it stands to what we know."""

    signed: SignedCheckpoint
    relation: Relation

    @property
    def checkpoint(self) -> Checkpoint:
        """The statement itself."""
        return self.signed.checkpoint


class Fork(LogRefused):
    """The log shows two histories; carries the evidence, a JSON text that anybody can check."""

    def __init__(self, detail: str, evidence: str) -> None:
        super().__init__(LogCode.FORK, detail)
        self.evidence = evidence


class TrustedLog:
    """The beliefs about one log.

    Args:
        member: the pinned descriptor: the only source of keys.
        state: the durable state as last read.
        max_signatures: lines of a note that are read.
    """

    def __init__(self, member: Member, state: LogState, *, max_signatures: int = 64) -> None:
        if state.origin != member.origin:
            raise LogDamaged(f"the stored log {state.origin} is not the member's log {member.origin}")
        self.member = member
        self.state = state
        self._max_signatures = max_signatures

    @property
    def anchor(self) -> Checkpoint:
        """The largest checkpoint proven so far; of size 0 when there is none."""
        if self.state.proven_note is not None and self.state.proven > self.state.size:
            return self._own(self.state.proven_note)
        return Checkpoint(self.state.origin, self.state.size, self.state.root)

    def _own(self, note: bytes) -> Checkpoint:
        try:
            return Checkpoint.parse(Note.parse(note).text)
        except FormatError as error:
            raise LogDamaged(f"the stored checkpoint of {self.state.origin} cannot be read: {error}") from error

    def offer(self, note: bytes, *, from_origin: bool = False) -> Offer:
        """Verify a checkpoint note and place it.

        Raises:
            LogRefused: `NOT_A_MEMBER`, `BAD_NOTE`, `BAD_SIGNATURE`, `FORK` for another root at a known size, or
                `ROLLBACK` when the origin offers less than it has already signed for us.
        """
        if self.member.status == "suspended":
            raise LogRefused(LogCode.NOT_A_MEMBER, f"the membership of {self.member.origin} is suspended")
        limit = self._max_signatures
        signed = open_checkpoint(note, self.member.origin, self.member.log_keys, max_signatures=limit)
        self._check_cosignatures(signed.note)
        offered, anchor = signed.checkpoint, self.anchor
        if offered.size == anchor.size and offered.root != anchor.root:
            raise Fork(f"two roots for size {offered.size}", self.evidence(note))
        self._same_as_target(signed)
        if offered.size >= anchor.size and offered.size < self._known_size:
            if from_origin:
                detail = f"the origin offers size {offered.size}; it has had {self._known_size}"
                raise LogRefused(LogCode.ROLLBACK, detail)
            if offered.size < self._landmark_size:
                return Offer(signed, Relation.STALE)
        if offered.size > anchor.size:
            return Offer(signed, Relation.LARGER)
        return Offer(signed, Relation.SAME if offered.size == anchor.size else Relation.SMALLER)

    @property
    def _landmark_size(self) -> int:
        """The largest tree that the descriptor says the log has had."""
        return max((landmark.size for landmark in self.landmarks), default=0)

    @property
    def _known_size(self) -> int:
        """The largest tree that the log has signed, as far as descriptor and target tell."""
        return max(self._landmark_size, self.state.target_size)

    @property
    def landmarks(self) -> tuple[Until, ...]:
        """Trees that the log must pass through: where its keys ended, and where it was closed (section 8)."""
        of_logs = [key.until for key in self.member.vkeys]
        of_records = [key.until for key in self.member.record_keys]
        return tuple(end for end in (*of_logs, *of_records, self.member.closed) if end is not None)

    def pass_through(self, landmark: Until, own_root: bytes, target: bytes) -> None:
        """Compare our tree with a landmark that lies within it; `FORK` if it is another tree."""
        if own_root != landmark.root:
            detail = f"the tree of size {landmark.size} is not the one that the member's descriptor names"
            raise Fork(detail, self.evidence(target))

    @property
    def cosigners(self) -> tuple[Vkey, ...]:
        """The member's own cosigners: a false line of theirs spoils the note it is on."""
        return tuple(vkey for vkey in (self.member.witness_vkey, self.member.mirror_vkey) if vkey is not None)

    def _check_cosignatures(self, note: Note) -> None:
        try:
            cosignatures(note, self.cosigners)
        except FormatError as error:
            raise LogRefused(LogCode.BAD_SIGNATURE, str(error)) from error

    def kept(self, held: Note | None, offered: Note, latest: int) -> Note:
        """The note to keep of one checkpoint: each key's newest line, none from the future, few of strangers.

        Args:
            held: what we keep now, if anything.
            offered: a verified note of the same checkpoint.
            latest: POSIX seconds; a cosignature of a later time is not kept (section 10).
        """
        had = times(held, self.cosigners) if held else {}
        known = {(vkey.name, vkey.id): time for vkey, time in had.items() if time <= latest}
        given = {(vkey.name, vkey.id): time for vkey, time in times(offered, self.cosigners).items()}
        cosigners = {(vkey.name, vkey.id) for vkey in self.cosigners}
        lines = {line.signer: line for line in (held.signatures if held else ()) if _fit(line, cosigners, known)}
        for line in offered.signatures:
            time = given.get(line.signer)
            if line.signer not in cosigners or (time is not None and known.get(line.signer, -1) < time <= latest):
                lines[line.signer] = line
        own = cosigners | {(key.vkey.name, key.vkey.id) for key in self.member.vkeys}
        strangers = [line for signer, line in lines.items() if signer not in own]
        return Note(offered.text, (*(line for signer, line in lines.items() if signer in own), *strangers[-STRANGERS:]))

    def _same_as_target(self, signed: SignedCheckpoint) -> None:
        """Two signed roots for one size are a fork even before either is proven."""
        if self.state.target_note is None or self.state.target_size != signed.checkpoint.size:
            return
        if self._own(self.state.target_note).root != signed.checkpoint.root:
            note = signed.note.encode()
            raise Fork(f"two roots for size {signed.checkpoint.size}", self.evidence(note, self.state.target_note))

    def compare_older(self, offer: Offer, own_root: bytes, *, from_origin: bool) -> None:
        """Judge a smaller checkpoint by our own tree at its size; returns if a mirror is merely stale.

        Raises:
            LogRefused: `FORK` if the trees disagree, `ROLLBACK` if the origin itself offers an older tree.
        """
        size = offer.checkpoint.size
        if offer.checkpoint.root != own_root:
            raise Fork(f"another tree at size {size}", self.evidence(offer.signed.note.encode()))
        if from_origin:
            detail = f"the origin offers size {size} after {self.anchor.size}"
            raise LogRefused(LogCode.ROLLBACK, detail)

    def proves(self, frontier: CompactRange, target: Checkpoint) -> bool:
        """Whether entries over this compact range are exactly those of the target."""
        return frontier.size == target.size and frontier.root() == target.root

    def blame(self, target: SignedCheckpoint, served: Mapping[tiles.Tile, bytes]) -> LogRefused:
        """Who is at fault when the entries do not lead to the target's root: the source, or the log itself.

        Args:
            target: the signed checkpoint that could not be reached.
            served: the tiles of `blame_tiles`, as the source served them.
        """
        anchor, checkpoint = self.anchor, target.checkpoint
        try:
            tiles.authenticate(checkpoint.size, checkpoint.root, served)
        except FormatError as error:
            return LogRefused(LogCode.BAD_BUNDLE, f"the hash tiles do not lead to the signed root: {error}")
        if anchor.size and not _consistent(anchor, checkpoint, served):
            detail = f"the tree of size {checkpoint.size} does not contain the tree of size {anchor.size} we hold"
            return Fork(detail, self.evidence(target.note.encode(), served=served))
        return LogRefused(LogCode.BAD_BUNDLE, "the entry bundles do not match the log's own hash tiles")

    def blame_tiles(self, size: int) -> tuple[tiles.Tile, ...]:
        """The hash tiles that decide who lied about a target of this size."""
        anchor = self.anchor.size
        return tiles.with_parents(tiles.consistency_tiles(anchor, size) if anchor else (), size)

    def evidence(
        self, note: bytes, against: bytes | None = None, served: Mapping[tiles.Tile, bytes] | None = None
    ) -> str:
        """A file anybody can check: the two signed notes, and the tiles when they are what shows the contradiction."""
        ours = against or self._anchor_note()
        found: dict[str, canonical.JsonValue] = {
            "origin": self.member.origin,
            "vkeys": [str(key.vkey) for key in self.member.vkeys],
            "notes": [text.decode("utf-8") for text in (ours, note) if text],
        }
        if served:
            found["tiles"] = {tile.path(): base64.b64encode(data).decode() for tile, data in served.items()}
        return canonical.encode(found).decode()

    def _anchor_note(self) -> bytes | None:
        if self.anchor.size > self.state.size:
            return self.state.proven_note
        return self.state.note


def _fit(line: Signature, cosigners: Container[Signer], known: Container[Signer]) -> bool:
    """Whether a line that we hold may stay: a cosigner's only while it is true and not from the future."""
    return line.signer not in cosigners or line.signer in known


def _consistent(older: Checkpoint, newer: Checkpoint, served: Mapping[tiles.Tile, bytes]) -> bool:
    if older.size == newer.size:
        return older.root == newer.root
    proof: Sequence[bytes] = tiles.consistency_proof(older.size, newer.size, served)
    try:
        verify_consistency(older.size, newer.size, proof, older.root, newer.root)
    except FormatError:
        return False
    return True
