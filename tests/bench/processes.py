"""Other processes: run to their end, or kept while something is measured, and what memory they took.

Memory is read from /proc, not from `getrusage`: a process that was forked and has executed a program still counts the
memory of its parent there.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

CHM = Path(sys.executable).parent / "chm"
#: Patience with what should take a second.
START_SECONDS = 60.0
_LOOK_SECONDS = 0.002
_SAMPLE_SECONDS = 0.2
MEGABYTE = 1e6


@dataclass(slots=True)
class Memory:
    """What a process and all that it started took at most, in MB.

    Attributes:
        resident: highest resident size by process; sharing is counted in each.
        share: highest sum of proportional sizes, where a page that n processes share counts as 1/n in each.
    """

    resident: dict[int, float] = field(default_factory=dict)
    share: float = 0.0

    def look(self, root: int) -> None:
        """Take one sample."""
        share = 0.0
        for process in family(root):
            with suppress(OSError):  # it has just ended
                self.resident[process] = max(self.resident.get(process, 0.0), _field(process, "status", "VmHWM"))
                share += _field(process, "smaps_rollup", "Pss")
        self.share = max(self.share, share)


def family(root: int) -> list[int]:
    """A process and its descendants."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(place.parent.name)] = int(place.read_text().rpartition(")")[2].split()[1])
    found = [root]
    for one in found:
        found += [process for process, parent in parents.items() if parent == one]
    return found


def _field(process: int, file: str, name: str) -> float:
    for line in Path("/proc", str(process), file).read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    return 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that did what it should."""

    output: str
    seconds: float
    main_memory: float
    memory: Memory

    def json(self) -> dict[str, object]:
        """What it printed."""
        return json.loads(self.output)


def run(command: Sequence[object], *, watch: bool = False) -> Ended:
    """Run a command to its good end; with `watch` its memory is sampled, which costs it a little time."""
    words = [str(word) for word in command]
    start = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        with _watched(process.pid, watch=watch) as memory:
            output, errors = process.communicate()
        seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}: {errors or output}")
    return Ended(output, seconds, memory.resident.get(process.pid, 0.0), memory)


@contextmanager
def _watched(pid: int, *, watch: bool) -> Iterator[Memory]:
    memory, stop = Memory(), Event()

    def sample() -> None:
        while not stop.wait(_SAMPLE_SECONDS):
            memory.look(pid)

    watcher = Thread(target=sample, daemon=True)
    if watch:
        watcher.start()
    try:
        yield memory
    finally:
        stop.set()
        if watch:
            watcher.join()


def chm(*words: object, watch: bool = False) -> Ended:
    """Run our command."""
    return run([CHM, *words], watch=watch)


def module(name: str, *words: object) -> list[object]:
    """The command of a part of these benchmarks that has a process of its own."""
    return [sys.executable, "-m", f"tests.bench.{name}", *words]


@contextmanager
def kept(command: Sequence[object], *, log: Path, ready: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a process until the block ends, from when it is ready on."""
    words = [str(word) for word in command]
    with log.open("wb") as errors:
        process = subprocess.Popen(words, stdout=errors, stderr=errors)
    try:
        deadline = time.perf_counter() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.perf_counter() > deadline:
                raise RuntimeError(f"{' '.join(words)} is not there: {log.read_text()}")
            time.sleep(_LOOK_SECONDS)
        yield process
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def answers(port: int, path: str, headers: Mapping[str, str] | None = None) -> Callable[[], bool]:
    """Whether there is a 200 at a path on this machine."""

    def ask() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            return connection.getresponse().status == http.HTTPStatus.OK
        except ConnectionError:
            return False
        finally:
            connection.close()

    return ask


def listens(port: int) -> Callable[[], bool]:
    """Whether somebody takes connections at a port of this machine."""

    def ask() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    return ask


def cores() -> int:
    """How many processes run beside each other here."""
    return len(os.sched_getaffinity(0))
