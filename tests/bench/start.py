"""How long `chm serve` takes from its start to the first page, beside aiohttp alone."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.bench.figures import Figure, paired
from tests.bench.processes import CHM, answers, kept, module
from tests.bench.workshop import Workshop
from tests.node.command import free_port

DOES = "from the start of `chm serve` to the first page"
STARTS = 5


def run(workshop: Workshop) -> Iterator[Figure]:
    """Seconds of both, in turn."""
    site = workshop.published(workshop.size)
    body = workshop.place("body")
    body.write_bytes(b"{}")
    port, ours, theirs = free_port(), [], []
    page = answers(site.port, "/", {"Accept": "text/html", "Accept-Language": "fr"})
    for _ in range(STARTS):
        ours.append(_seconds([CHM, "-C", site.folder, "serve"], site.folder.with_suffix(".log"), page))
        theirs.append(_seconds(module("plain_server", port, body), body.with_suffix(".log"), answers(port, "/")))
    yield Figure("start of chm serve to the first page", ours, "s", at_most=2)
    yield Figure("start of aiohttp with a fixed body", theirs, "s")
    yield Figure("start of chm serve : aiohttp", paired(ours, theirs))


def _seconds(command: Sequence[object], log: Path, ready: Callable[[], bool]) -> float:
    start = time.perf_counter()
    with kept(command, log=log, ready=ready):
        return time.perf_counter() - start
