"""Auditing one log, read whole from any source: everything a harvester checks, and every byte it does not need.

Two passes over the entries. The first proves them: entry bundles to the root that the checkpoint signs, then each hash
tile against them, the sequence of every record, the roots at which keys ended. The second reads each record bundle and
checks every line. What it remembers is about 300 bytes for each entry; texts are held for a few bundles at a time.
Refuses nothing: what is wrong becomes a finding, and the audit goes on as far as the rest still means something.
"""

import hashlib
from array import array
from asyncio import to_thread
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from chmsync import fetching, tiles
from chmsync.acceptance import check_record, judge, leaf_of, matches
from chmsync.canonical import decode
from chmsync.checkpoint import Checkpoint, open_checkpoint
from chmsync.entry import ERASE, PUT, Entry
from chmsync.errors import FormatError, LogCode, LogRefused, RecordCode, RecordRefused
from chmsync.keys import Vkey
from chmsync.limits import RECORD_BYTES, TILE_WIDTH
from chmsync.merkle import HASH_BYTES, CompactRange, leaf_hash, root_of, split_hashes
from chmsync.note import Note, cosignatures
from chmsync.ports import Head
from chmsync.sources import NotServed, Source
from chmsync.verdict import Auditor, Keys

#: Stands for every prefix where no member says which are its own: all IRIs of records begin with one of these.
_ANYWHERE = ("https:/", "http:/")
_OPS = ("", PUT, "withdraw", ERASE)
_KEY_BYTES = 16
#: Of an attachment, as far as an audit reads one.
_FILE_BYTES = 1 << 28


def open_signed(on: Auditor, data: bytes, where: str, keys: Keys | None) -> Checkpoint | None:
    """The checkpoint of a note; its signatures are checked as far as keys are trusted, each line accounted for."""
    try:
        note = Note.parse(data, max_signatures=on.limits.note_signatures)
        checkpoint = Checkpoint.parse(note.text)
        if keys is not None:
            open_checkpoint(data, keys.origin, keys.valid_at)
            _check_cosigners(on, note, where, keys.valid_at(checkpoint.size))
        else:
            on.notes.leave(f"{where}: the signatures; give the --member or --vkey of {checkpoint.origin}")
    except LogRefused as refused:
        on.notes.find(where, refused.code, refused.detail)
        return None
    except FormatError as error:
        on.notes.find(where, LogCode.BAD_NOTE, str(error))
        return None
    on.notes.count("checkpoints")
    return checkpoint


def _check_cosigners(on: Auditor, note: Note, where: str, vkeys: Sequence[Vkey]) -> None:
    """Cosignatures of known keys must hold; lines of others are named, and must not pass for known ones."""
    try:
        good = [given.vkey for given in cosignatures(note, on.trust.cosigners)]
    except FormatError as error:
        on.notes.find(where, LogCode.BAD_SIGNATURE, str(error))
        return
    on.notes.count("cosignatures", len(good))
    known = {(vkey.name, vkey.id): vkey for vkey in (*on.trust.cosigners, *vkeys)}
    signed = {vkey.name for vkey in (*good, *vkeys)}
    names, ids = {name for name, _ in known}, {key_id for _, key_id in known}
    for line in note.signatures:
        if line.signer in known:
            continue
        if line.key_id in ids or (line.name in names and line.name not in signed):
            detail = f"a line says it is by {line.name}, and is by no key of theirs that is trusted here"
            on.notes.find(where, LogCode.BAD_SIGNATURE, detail)
        else:
            on.notes.leave(f"{where}: the line of {line.name}, whose key is not known here")


@dataclass(slots=True)
class _Ledger:
    """What the entries say, as small as the second pass allows."""

    newest: dict[bytes, int] = field(default_factory=dict)
    revs: "array[int]" = field(default_factory=lambda: array("q"))
    ops: bytearray = field(default_factory=bytearray)
    #: 1 for a well-formed entry that nothing supersedes.
    living: bytearray = field(default_factory=bytearray)

    def head(self, iri: str) -> Head | None:
        """The newest well-formed entry of a record so far."""
        index = self.newest.get(_key(iri))
        return None if index is None else Head(iri, index, self.revs[index], _OPS[self.ops[index]])

    def add(self, start: int, leaves: Sequence[bytes], prefixes: Sequence[str]) -> Iterator[tuple[int, str, str]]:
        """Judge the next entries; gives index, code and detail of those refused."""
        parsed = [leaf_of(start + offset, leaf) for offset, leaf in enumerate(leaves)]
        heads = {leaf.iri: head for leaf in parsed if leaf.iri and (head := self.head(leaf.iri))}
        verdict = judge(parsed, heads, prefixes)
        refused = {one.index for one in verdict.refused}
        for leaf in parsed:
            fit = leaf.index not in refused
            self.revs.append(leaf.rev or 0)
            self.ops.append(_OPS.index(leaf.op or ""))
            self.living.append(fit)
            if fit:
                self.newest[_key(leaf.iri or "")] = leaf.index
        for older, _ in verdict.superseded:
            self.living[older] = 0
        return ((one.index, str(one.code), one.detail) for one in verdict.refused)


def _key(iri: str) -> bytes:
    return hashlib.sha256(iri.encode()).digest()[:_KEY_BYTES]


class _Tree:
    """The hashes of a tree, as its entries have them."""

    def __init__(self) -> None:
        self.rows = [bytearray()]

    def add(self, leaves: Iterable[bytes]) -> None:
        """Append entries."""
        self.rows[0] += b"".join(map(leaf_hash, leaves))

    def close(self) -> None:
        """Make the rows above the leaves."""
        span = TILE_WIDTH * HASH_BYTES
        while (full := len(self.rows[-1]) // span) > 0:
            below = self.rows[-1]
            above = (root_of(split_hashes(bytes(below[at * span : (at + 1) * span]))) for at in range(full))
            self.rows.append(bytearray(b"".join(above)))

    def tile(self, tile: tiles.Tile) -> bytes:
        """A tile as it must be; short if the tree does not reach it."""
        if tile.level >= len(self.rows):
            return b""
        first = tile.index * TILE_WIDTH * HASH_BYTES
        return bytes(self.rows[tile.level][first : first + tile.width * HASH_BYTES])

    def holds(self, bundle: tiles.Bundle, leaves: Sequence[bytes]) -> bool:
        """Whether these are the entries of that bundle."""
        return self.tile(tiles.Tile(0, bundle.index, bundle.width)) == b"".join(map(leaf_hash, leaves))

    def root(self, size: int) -> bytes:
        """Root of the first entries."""
        frontier, span = CompactRange(), TILE_WIDTH * HASH_BYTES
        for at in range(0, size * HASH_BYTES, span):
            frontier = frontier.extend(split_hashes(bytes(self.rows[0][at : min(at + span, size * HASH_BYTES)])))
        return frontier.root()


@dataclass(slots=True)
class LogAudit:
    """The audit of one log.

    Args:
        on: what all parts of the audit share.
        source: where the log is read.
        where: what findings call it.
        keys: what is trusted about it; None checks only that it agrees with itself.
    """

    on: Auditor
    source: Source
    where: str
    keys: Keys | None
    size: int = 0
    tree: _Tree = field(default_factory=_Tree)
    ledger: _Ledger = field(default_factory=_Ledger)
    #: Hashes of all records that entries name.
    named: set[bytes] = field(default_factory=set)

    async def run(self) -> bool:
        """Audit everything the protocol names; whether the entries are proven, so that leftovers can be compared."""
        before = self.on.notes.findings
        checkpoint = await self._checkpoint()
        if checkpoint is None or not await self._entries(checkpoint):
            self.on.notes.leave(f"{self.where}: its records, since the entries are not proven")
            return False
        await self._tiles()
        self._ends(checkpoint)
        await self._records()
        self._say_limits()
        self.on.notes.count("logs")
        if self.keys is not None and self.on.notes.findings == before:
            self.on.notes.prove()
        return True

    def _say_limits(self) -> None:
        if self.keys is None:
            self.on.notes.leave(f"{self.where}: identity, authority and proofs of records; give the --member")
        elif self.keys.member is None:
            self.on.notes.leave(
                f"{self.where}: identity, authority and proofs of records; a --vkey is of the log alone"
            )
        else:
            self.on.leave_schemas()

    def _find(self, path: str, code: str, detail: str) -> None:
        self.on.notes.find(f"{self.where}/{path}", code, detail)

    # -- the log -------------------------------------------------------------------------------------------------

    async def _checkpoint(self) -> Checkpoint | None:
        try:
            answer = await self.source.checkpoint(None)
        except LogRefused as refused:
            self._find("checkpoint", refused.code, refused.detail)
            return None
        assert answer is not None
        checkpoint = open_signed(self.on, answer[0], f"{self.where}/checkpoint", self.keys)
        if checkpoint is not None:
            self.size = checkpoint.size
        return checkpoint

    async def _entries(self, checkpoint: Checkpoint) -> bool:
        """The first pass: every entry, to the signed root."""
        member = self.keys.member if self.keys else None
        prefixes = member.id_prefixes if member else _ANYWHERE
        refused: list[tuple[int, str, str]] = []
        try:
            runs = fetching.entries(self.source, 0, self.size, self.on.limits.connections_per_host)
            async with aclosing(runs):
                async for start, leaves in runs:
                    refused += await to_thread(self._add, start, leaves, prefixes)
                    self.on.progress(self.where, start + len(leaves), 2 * self.size)
        except LogRefused as failure:
            self._find("tile/entries", failure.code, failure.detail)
            return False
        self.on.notes.count("entries", self.size)
        await to_thread(self.tree.close)
        if await to_thread(self.tree.root, self.size) != checkpoint.root:
            self._find("tile/entries", LogCode.BAD_BUNDLE, "the entries do not lead to the root of the checkpoint")
            await self._tiles()
            return False
        for index, code, detail in refused:
            self._find(f"entry {index}", code, detail)
        return True

    def _add(self, start: int, leaves: Sequence[bytes], prefixes: Sequence[str]) -> list[tuple[int, str, str]]:
        self.tree.add(leaves)
        return list(self.ledger.add(start, leaves, prefixes))

    async def _tiles(self) -> None:
        """Every hash tile against the entries."""
        calls = (lambda tile=tile: self._tile(tile) for tile in tiles.tiles_of(self.size))
        async with aclosing(fetching.in_order(calls, self.on.limits.connections_per_host)) as results:
            async for tile, data in results:
                self.compare(tile, data)

    async def _tile(self, tile: tiles.Tile) -> tuple[tiles.Tile, bytes | LogRefused]:
        try:
            return tile, (await fetching.hash_tiles(self.source, [tile], 1))[tile]
        except LogRefused as refused:
            return tile, refused

    def compare(self, tile: tiles.Tile, data: bytes | LogRefused) -> None:
        """Check one hash tile."""
        self.on.notes.count("tiles")
        if isinstance(data, LogRefused):
            self._find(tile.path(), data.code, data.detail)
        elif data != self.tree.tile(tile):
            self._find(tile.path(), "BAD_TILE", "the hashes are not those of the entries below")

    def _ends(self, checkpoint: Checkpoint) -> None:
        """The tree must pass through the roots at which keys ended, or the log (section 8)."""
        member = self.keys.member if self.keys else None
        if member is None:
            return
        ends = [*(key.until for key in member.vkeys), *(key.until for key in member.record_keys), member.closed]
        for until in filter(None, ends):
            if until.size > checkpoint.size:
                self.on.notes.leave(
                    f"{self.where}: entries from {checkpoint.size} to {until.size}: it is an older copy"
                )
            elif self.tree.root(until.size) != until.root:
                detail = f"the tree of the first {until.size} entries is not the one that its descriptor names"
                self._find("checkpoint", LogCode.FORK, detail)

    # -- its records ---------------------------------------------------------------------------------------------

    async def _records(self) -> None:
        """The second pass: every line of every record bundle."""
        calls = (lambda bundle=bundle: self._block(bundle) for bundle in tiles.bundles_of(0, self.size))
        async with aclosing(fetching.in_order(calls, self.on.limits.connections_per_host)) as results:
            async for bundle in results:
                self.on.progress(self.where, self.size + bundle.start + bundle.width, 2 * self.size)

    async def _block(self, bundle: tiles.Bundle) -> tiles.Bundle:
        path = tiles.records_path(bundle.index)
        try:
            entries = await self._again(bundle)
            served = await self._lines(bundle, entries)
            for index, entry in entries.items():
                if index not in served and (body := await self._single(index, entry)) is not None:
                    served[index] = body
        except LogRefused as refused:
            self._find(path, refused.code, refused.detail)
            return bundle
        for index, code, detail in await to_thread(self._verdicts, entries, served):
            self._find(f"{path}, entry {index}", code, detail)
        self.on.notes.count("records", len(served))
        return bundle

    async def _again(self, bundle: tiles.Bundle) -> dict[int, Entry]:
        """The puts of a bundle, read again: they must still be the proven ones."""
        async with aclosing(fetching.entries(self.source, bundle.start, bundle.start + bundle.width, 1)) as runs:
            leaves = [leaf async for _, run in runs for leaf in run]
        if not self.tree.holds(bundle, leaves):
            raise LogRefused(LogCode.BAD_BUNDLE, f"{bundle.path()} changed while it was read")
        return {bundle.start + at: entry for at, leaf in enumerate(leaves) if (entry := _put(leaf)) is not None}

    async def _lines(self, bundle: tiles.Bundle, entries: Mapping[int, Entry]) -> dict[int, bytes]:
        """The lines of a record bundle that are not empty, by entry."""
        path = tiles.records_path(bundle.index)
        limit = fetching.Block(bundle.index, entries, entries, growing=bundle.start + TILE_WIDTH > self.size).limit
        data = await self.source.fetch(path, limit)
        lines = data.split(b"\n")
        if lines.pop() or not bundle.width <= len(lines) <= TILE_WIDTH:
            self._find(path, "FORMAT", f"it is not {bundle.width} lines, each ending in a newline")
        served = {bundle.start + at: line for at, line in enumerate(lines[: bundle.width]) if line}
        for index in [index for index in served if index not in entries]:
            self._find(f"{path}, entry {index}", RecordCode.HASH, "there is text where the entry names none")
            del served[index]
        return served

    async def _single(self, index: int, entry: Entry) -> bytes | None:
        """The text of an entry without a line, if it must be somewhere or must not be anywhere."""
        head = self.ledger.head(entry.id)
        erased = head is not None and head.op == ERASE
        if not (self.ledger.living[index] or erased):
            return None
        try:
            return await self.source.fetch(f"record/{entry.sha256}", entry.size or 0)
        except NotServed:
            return None

    def _verdicts(self, entries: Mapping[int, Entry], served: Mapping[int, bytes]) -> list[tuple[int, str, str]]:
        found = []
        for index, entry in entries.items():
            self.named.add(bytes.fromhex(entry.sha256 or ""))
            try:
                self._check(index, entry, served.get(index))
            except RecordRefused as refused:
                found.append((index, str(refused.code), refused.detail))
            except _Erased as erased:
                found.append((index, "ERASED", str(erased)))
        return found

    def _check(self, index: int, entry: Entry, body: bytes | None) -> None:
        """One put: all checks if it is in force, its hash if it is history, absence if it was erased."""
        if body is None:
            if self.ledger.living[index]:
                raise RecordRefused(RecordCode.MISSING, "its text is not served")
            return
        head = self.ledger.head(entry.id)
        if head is not None and head.op == ERASE:
            raise _Erased(f"entry {head.index} erased the record, and its text is still there")
        member = self.keys.member if self.keys else None
        if member is not None and self.ledger.living[index]:
            check_record(entry, index, body, member, self.on.judge)
        elif not matches(entry, body):
            raise RecordRefused(RecordCode.HASH, f"it is not the text of {entry.sha256} that the entry names")
        else:
            _require_canonical(body)

    # -- what else lies there ------------------------------------------------------------------------------------

    def leftover(self, path: str, read: Callable[[int], bytes]) -> None:
        """Check a file of an offline tree that no harvester of the newest checkpoint needs.

        Args:
            path: below the log prefix.
            read: gives its bytes, at most so many.
        """
        kind, _, name = path.partition("/")
        try:
            if kind == "tile":
                self._old_tile(tiles.parse_path(path), read)
            elif kind in {"record", "file"} and len(name) == 2 * HASH_BYTES:
                self._by_hash(path, name, read)
            elif path != "checkpoint" and not self._is_expected_bundle(kind, name):
                self._strange(path)
        except FormatError:
            self._strange(path)
        except LogRefused as refused:
            self._find(path, refused.code, refused.detail)

    def _strange(self, path: str) -> None:
        self.on.notes.leave(f"{self.where}/{path}: the log has no such file")

    def _is_expected_bundle(self, kind: str, name: str) -> bool:
        return kind == "records" and tiles.parse_index(name) * TILE_WIDTH < self.size

    def _old_tile(self, place: tiles.Tile | tiles.Bundle, read: Callable[[int], bytes]) -> None:
        """Tiles of earlier checkpoints stay while the full one is not there; they too are of this tree."""
        level = place.level if isinstance(place, tiles.Tile) else 0
        expected = tiles.Tile(level, place.index, place.width)
        if len(self.tree.tile(expected)) != place.width * HASH_BYTES:
            self._strange(place.path())
        elif place.width == min(TILE_WIDTH, len(self.tree.rows[level]) // HASH_BYTES - place.index * TILE_WIDTH):
            return  # read in the first pass
        elif isinstance(place, tiles.Tile):
            self.compare(place, read(place.width * HASH_BYTES))
        else:
            self._old_bundle(place, read(place.width * (tiles.MAX_LEAF + 2)))

    def _old_bundle(self, bundle: tiles.Bundle, data: bytes) -> None:
        try:
            same = self.tree.holds(bundle, tiles.decode_bundle(data, bundle.width))
        except FormatError:
            same = False
        if not same:
            self._find(bundle.path(), LogCode.BAD_BUNDLE, "its entries are not those of the log")

    def _by_hash(self, path: str, name: str, read: Callable[[int], bytes]) -> None:
        """A text or attachment is what its name says."""
        is_record = path.startswith("record/")
        data = read(RECORD_BYTES if is_record else _FILE_BYTES)
        if hashlib.sha256(data).hexdigest() != name:
            self._find(path, RecordCode.HASH, "it has not the hash that is its name")
        elif is_record and bytes.fromhex(name) not in self.named:
            self._strange(path)
        else:
            self.on.notes.count("files")


class _Erased(Exception):
    """Text that every holder must have deleted."""


def _put(leaf: bytes) -> Entry | None:
    try:
        entry = Entry.parse(leaf)
    except RecordRefused:
        return None
    return entry if entry.op == PUT else None


def _require_canonical(body: bytes) -> None:
    try:
        decode(body)
    except FormatError as error:
        raise RecordRefused(RecordCode.CANONICAL, str(error)) from error
