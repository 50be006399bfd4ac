"""A line with a round trip: forwards connections and delivers every byte half a round trip later.

    python -m tests.bench.slow_line PORT TARGET_PORT SECONDS

A new connection costs one round trip more, as its handshake would. Listens on every loopback address.
"""

import asyncio
import sys

BACKLOG = 1024
_CHUNK = 65_536
Queue = asyncio.Queue[tuple[float, bytes]]


class Line:
    """Connections to one target, each delayed by the same time."""

    def __init__(self, target: int, round_trip: float) -> None:
        self._target = target
        self._round_trip = round_trip
        self._connections: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection; a task of its own, which is kept from being collected."""
        task = asyncio.create_task(self._forward(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        half = self._round_trip / 2
        try:
            await asyncio.gather(
                _carried(reader, far_writer, half, first=self._round_trip), _carried(far_reader, writer, half, first=0)
            )
        except ConnectionError:
            pass
        finally:
            far_writer.close()
            writer.close()


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float, *, first: float) -> None:
    """Carry one direction; chunks overlap on their way as they do on a long line."""
    way: Queue = asyncio.Queue()
    delivery = asyncio.create_task(_delivered(way, writer))
    clock = asyncio.get_running_loop().time
    opened = clock() + first
    try:
        while data := await reader.read(_CHUNK):
            way.put_nowait((max(clock(), opened) + seconds, data))
        way.put_nowait((clock() + seconds, b""))
        await delivery
    finally:
        delivery.cancel()


async def _delivered(way: Queue, writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due, data = await way.get()
        await asyncio.sleep(due - clock())
        if not data:
            writer.write_eof()
            return
        writer.write(data)
        await writer.drain()


async def serve(port: int, target: int, round_trip: float) -> None:
    """Forward until the process is ended."""
    line = Line(target, round_trip)
    server = await asyncio.start_server(line.accept, "0.0.0.0", port, backlog=BACKLOG)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
