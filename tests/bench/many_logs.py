"""Many small logs, each of a node of its own, served by one process that tells them apart by the address asked.

python -m tests.bench.many_logs PORT COUNT
"""

import asyncio
import hashlib
import sys
from http import HTTPStatus

from aiohttp import web

from chmnode.app import loop_factory
from chmsync.simulator import Peer

BACKLOG = 1024
RECORDS = 3


def peer(number: int) -> Peer:
    """The node with that number, the same in every process."""
    made = Peer(base_url=f"https://n{number}.chm.example.org", governments=())
    for record in range(RECORDS):
        made.put(f"{record}")
    return made


def address(number: int) -> str:
    """The loopback address of a node: none shares its connections with another."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


async def serve(port: int, count: int) -> None:
    """Serve the logs below `/log` until the process is ended."""
    peers = {f"{address(number)}": peer(number) for number in range(count)}
    kept: dict[tuple[str, str], bytes | None] = {}

    async def answer(request: web.Request) -> web.Response:
        host, path = request.url.host or "", request.match_info["path"]
        if (host, path) not in kept:
            kept[host, path] = peers[host].resource(path)
        body = kept[host, path]
        if body is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return web.Response(body=body, headers={"ETag": tag})

    app = web.Application()
    app.router.add_get("/log/{path:.+}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=BACKLOG).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(int(sys.argv[1]), int(sys.argv[2])))
