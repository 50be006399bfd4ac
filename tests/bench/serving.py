"""A record as JSON-LD from one warm process of `chm serve`, beside aiohttp with a body that never changes."""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from chmnode.node import open_node
from chmnode.storage import Records, StoredRecord
from tests.bench.figures import Figure, paired
from tests.bench.processes import answers, kept, module
from tests.bench.processes import run as run_process
from tests.bench.workshop import Site, Workshop
from tests.node.command import free_port
from tests.programs import debian

DOES = "requests a second for a record as JSON-LD"
ACCEPT = "application/ld+json"
CONNECTIONS = 32


def run(workshop: Workshop) -> Iterator[Figure]:
    """Rates of both, and their ratio round by round."""
    site = workshop.published(workshop.size)
    record = asyncio.run(_record(site))
    path, seconds = urlsplit(record.iri).path, 2 if workshop.quick else 8
    body = workshop.place("body")
    body.write_bytes(record.body)
    port, ours, theirs = free_port(), [], []
    plain = module("plain_server", port, body)
    with site.served(), kept(plain, log=body.with_suffix(".log"), ready=answers(port, path)):
        _rate(site.port, path, 1)
        for _ in range(workshop.rounds):
            ours.append(_rate(site.port, path, seconds))
            theirs.append(_rate(port, path, seconds))
    yield Figure("a record as JSON-LD, one process", ours, "/s", at_least=10_000)
    yield Figure("aiohttp with a fixed body, one process", theirs, "/s")
    yield Figure("record : fixed body", paired(ours, theirs))


def _rate(port: int, path: str, seconds: int) -> float:
    settings = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Accept: {ACCEPT}"]
    said = run_process([debian("wrk", program="wrk"), *settings, f"http://127.0.0.1:{port}{path}"]).output
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


async def _record(site: Site) -> StoredRecord:
    async with open_node(site.folder) as node:
        (record,) = await Records(node.database.read).page(limit=1)
        return record
