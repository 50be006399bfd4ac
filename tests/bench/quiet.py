"""A harvest of many logs in which nothing has happened, over a line with a round trip of 300 ms.

Every log is a node of its own, with an address of its own (127.0.1.1 and so on), behind one delaying line. Its peer is
aiohttp alone, which asks for the same checkpoints, as many at once, and looks at none.
"""

import asyncio
import time
from collections.abc import Iterator

import aiohttp

from chmnode.federation import pin
from chmnode.node import open_node
from chmsync.limits import Limits
from tests.bench import many_logs
from tests.bench.figures import Figure, paired
from tests.bench.processes import Ended, chm, kept, listens, module
from tests.bench.workshop import Site, Workshop
from tests.node.command import free_port

DOES = "a harvest without news of 200 logs, 300 ms away"
ROUND_TRIP = 0.3


def run(workshop: Workshop) -> Iterator[Figure]:
    """Seconds of both, and requests."""
    count = 40 if workshop.quick else 200
    site, near, far = Site.made(workshop.place("watcher"), "UG"), free_port(), free_port()
    asyncio.run(_pin(site, count, near))
    ours, theirs, requests = [], [], []
    with kept(module("many_logs", far, count), log=workshop.place("logs.log"), ready=listens(far)):
        with kept(module("slow_line", near, far, 0), log=workshop.place("line.log"), ready=listens(near)):
            _harvested(site, count)
        line = module("slow_line", near, far, ROUND_TRIP)
        with kept(line, log=workshop.place("line.log"), ready=listens(near)):
            for _ in range(workshop.rounds):
                done = _harvested(site, count)
                ours.append(done.seconds)
                requests.append(sum(report["requests"] for report in done.json()["logs"]))
                theirs.append(asyncio.run(_plain(near, count)))
    yield Figure(f"harvest without news of {count} logs, as a process", ours, "s", at_most=20)
    yield Figure("requests that it took", requests, at_most=count)
    yield Figure("aiohttp alone, the same requests", theirs, "s")
    yield Figure("harvest without news : aiohttp", paired(ours, theirs))


def _harvested(site: Site, count: int) -> Ended:
    """Harvest all logs, each of which must be well."""
    done = chm("-C", site.folder, "harvest", "--json")
    statuses = [report["status"] for report in done.json()["logs"]]
    if statuses != ["ok"] * count:
        raise RuntimeError(f"{statuses.count('ok')} of {count} logs were harvested: {done.output[:2000]}")
    return done


async def _pin(site: Site, count: int, port: int) -> None:
    """Pin every node, to be read at its own address."""
    async with open_node(site.folder) as node, node.database.transaction() as session:
        for number in range(count):
            prefixes = [f"http://{many_logs.address(number)}:{port}/log"]
            descriptor = many_logs.peer(number).member.encode()
            await pin(session, node.member, descriptor, prefixes=prefixes, now=int(node.clock()))


async def _plain(port: int, count: int) -> float:
    """Seconds for one request to each node, as many at once as a harvest makes."""
    gate = asyncio.Semaphore(Limits().parallel_logs)

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        url = f"http://{many_logs.address(number)}:{port}/log/checkpoint"
        async with gate, session.get(url) as answer:
            await answer.read()

    start = time.perf_counter()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(one(session, number) for number in range(count)))
    return time.perf_counter() - start
