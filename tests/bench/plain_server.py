"""The least that aiohttp can do: one body that never changes, on the same event loop as ours.

python -m tests.bench.plain_server PORT FILE
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from chmnode.app import loop_factory


async def serve(port: int, body: bytes) -> None:
    """Answer every path with the body until the process is ended."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/ld+json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
