"""Checking records on all cores (CHM-Sync 1 section 7, step 3).

Verification is most of a harvest's work. A few records are checked in threads, at no cost to start; a long run is
checked in processes of their own, which do not share the interpreter lock with the event loop and the database. They
are started when first needed, kept, and end with the node, however it ends.

A `SchemaCheck` cannot be sent to another process, so the processes are told how to make one.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import repeat
from typing import Final, TypeVar

from chmsync.acceptance import check_record, leaf_of
from chmsync.canonical import JsonValue, decode
from chmsync.entry import Entry
from chmsync.errors import FormatError, RecordCode, RecordRefused
from chmsync.member import Member
from chmsync.ports import Accepted, Leaf, Refusal, SchemaCheck

#: One entry to check: its index, its leaf (whose shape is known to be good), the text served for it.
Item = tuple[int, bytes, bytes]
Verdict = Accepted | Refusal
T = TypeVar("T")

#: Records handed over at a time: enough to hide the hand-over, few enough to keep all cores busy.
_CHUNK: Final = 128
#: From this many records on it pays to have processes of their own.
MANY: Final = 4096
_PDEATHSIG: Final = 1


def check_chunk(items: Sequence[Item], member: Member, schemas: SchemaCheck) -> list[Verdict]:
    """The verdict on each of these records, in order."""
    return [_verdict(index, leaf, body, member, schemas) for index, leaf, body in items]


def _verdict(index: int, leaf: bytes, body: bytes, member: Member, schemas: SchemaCheck) -> Verdict:
    entry = Entry.known(leaf)
    try:
        return check_record(entry, index, body, member, schemas)
    except RecordRefused as refused:
        return Refusal(index, entry.id, refused.code, refused.detail)


class Checking:
    """Checks records in threads or, when there are many, in processes.

    Args:
        make: makes the judge of record types in each process; must be picklable.
        here: the judge for records that are checked in threads; made like the others if not given.
        preload: modules that the processes are better born with.
        cores: how many records are checked at once.
    """

    def __init__(
        self,
        make: Callable[[], SchemaCheck],
        *,
        here: SchemaCheck | None = None,
        preload: Sequence[str] = (),
        cores: int | None = None,
    ) -> None:
        self._make = make
        self._preload = preload
        self._cores = cores or os.cpu_count() or 1
        self._schemas = here or make()
        self._threads = ThreadPoolExecutor(self._cores, "check")
        self._processes: ProcessPoolExecutor | None = None
        self._starting: Sequence[asyncio.Future[None]] = ()

    async def check(self, member: Member, items: Sequence[Item], *, of: int) -> list[Verdict]:
        """The verdicts on these records, in order.

        Args:
            member: whose they are.
            items: what to check.
            of: how many records the whole run will bring, which decides where they are checked.
        """
        chunks = _chunks(items)
        packed = await self._in_processes(_check_there, chunks, member, of=of)
        if packed is not None:
            return [_unpacked(item, parts) for item, parts in zip(items, packed, strict=True)]
        calls = (_run(self._threads, check_chunk, chunk, member, self._schemas) for chunk in chunks)
        return [verdict for verdicts in await asyncio.gather(*calls) for verdict in verdicts]

    async def parse(self, first: int, leaves: Sequence[bytes], *, of: int) -> list[Leaf]:
        """Entries by their shape, from log index `first` on."""
        shapes = await self._in_processes(_shapes, _chunks(leaves), of=of)
        if shapes is None:
            shapes = _shapes(leaves)
        return [
            Leaf(index, leaf, *shape) for index, (leaf, shape) in enumerate(zip(leaves, shapes, strict=True), first)
        ]

    async def derive(self, bodies: Sequence[bytes], *, of: int) -> list[str | None] | None:
        """What the judge of record types derives from these records, which have been checked before.

        Args:
            bodies: canonical bytes.
            of: how many records the whole run will bring, or has brought so far.

        Returns:
            One for each, in order; None if they are few, so that whoever asks does it where it is.
        """
        return await self._in_processes(_derived, _chunks(bodies), of=of)

    async def _in_processes(
        self, function: Callable[..., list[T]], chunks: Sequence[object], *arguments: object, of: int
    ) -> list[T] | None:
        """What the function makes of all chunks, in order; None if they are few, or no process is there to do it."""
        if of < MANY and self._processes is None:
            return None
        if self._processes is None:
            self._processes = self._start()
        if not all(process.done() for process in self._starting):
            return None  # threads do the work meanwhile
        calls = (_run(self._processes, function, chunk, *arguments) for chunk in chunks)
        try:
            return [one for made in await asyncio.gather(*calls) for one in made]
        except BrokenProcessPool:  # one was killed; the rest of the node goes on, and so does this run
            self._processes = None
            return None

    def _start(self) -> ProcessPoolExecutor:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(method)
        context.set_forkserver_preload([__name__, *self._preload])
        pool = ProcessPoolExecutor(self._cores, context, _begin, (self._make,))
        self._starting = [_run(pool, _awake) for _ in range(self._cores)]
        return pool

    async def started(self) -> None:
        """Start the processes now, and return when they work."""
        if self._processes is None:
            self._processes = self._start()
        await asyncio.gather(*self._starting)

    def close(self) -> None:
        """Let threads and processes go."""
        self._threads.shutdown()
        if self._processes is not None:
            self._processes.shutdown(cancel_futures=True)


def _chunks(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK)]


def _run(pool: Executor, function: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
    return asyncio.get_running_loop().run_in_executor(pool, function, *arguments)


_schemas: SchemaCheck


def _begin(make: Callable[[], SchemaCheck]) -> None:
    """Prepare a checking process: its schemas, and that it neither outlives the node nor answers its Ctrl-C."""
    global _schemas  # noqa: PLW0603 - what a process of a pool is given once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    _schemas = make()


def _awake() -> None:
    """Do nothing, in a process that has begun."""


#: A verdict on its way between processes: plain, and without the text, which the other side has.
_Packed = tuple[str, str, str | None, int, str, str | None, str, str | None] | tuple[str | None, str, str]


def _check_there(items: Sequence[Item], member: Member) -> list[_Packed]:
    return [_packed(verdict) for verdict in check_chunk(items, member, _schemas)]


def _derived(bodies: Sequence[bytes]) -> list[str | None]:
    """What is derived from records that were checked before; nothing from what can no longer be read."""
    documents = (_read(body) for body in bodies)
    return [_schemas.derive(document) if document is not None else None for document in documents]


def _read(body: bytes) -> dict[str, JsonValue] | None:
    try:
        document = decode(body)
    except FormatError:
        return None
    return document if isinstance(document, dict) else None


def _shapes(leaves: Sequence[bytes]) -> list[tuple[str | None, str | None, int | None, str | None]]:
    """IRI, operation and revision of each entry, or why it is none."""
    return [(leaf.iri, leaf.op, leaf.rev, leaf.detail) for leaf in map(leaf_of, repeat(0), leaves)]


def _packed(verdict: Verdict) -> _Packed:
    if isinstance(verdict, Refusal):
        return verdict.iri, str(verdict.code), verdict.detail
    one = verdict
    return one.iri, one.type, one.government, one.rev, one.sha256, one.identifier, one.modified, one.derived


def _unpacked(item: Item, packed: _Packed) -> Verdict:
    index, _, body = item
    if len(packed) == 3:
        iri, code, detail = packed
        return Refusal(index, iri, RecordCode(code), detail)
    name, kind, government, rev, sha256, identifier, modified, derived = packed
    return Accepted(index, name, kind, government, rev, sha256, body, identifier, modified, derived)
