"""`chm serve` and `chm worker`: the processes that stay until they are told to stop (SIGTERM, Ctrl-C)."""

import logging
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chmnode.cli.output import plain, remark

if TYPE_CHECKING:
    import asyncio

_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class _Plain(logging.Formatter):
    """One line a message, whatever a peer has written into it; a trace of ours follows as it is."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The line."""
        return plain(super().formatMessage(record))


@click.command()
@click.option("--host", metavar="H", help="Address to listen on; else that of node.toml.")
@click.option("--port", metavar="P", type=click.IntRange(0, 65_535), help="Port; else that of node.toml. 0 takes any.")
@click.option("--no-worker", is_flag=True, help="Only serve; `chm worker` does the recurring work elsewhere.")
@click.pass_obj
def serve(folder: Path, *, host: str | None, port: int | None, no_worker: bool) -> None:
    """Serve portal, records and log, and do the recurring work."""
    from chmnode.cli.running import serving

    with _running(folder), serving(folder):
        _stay(_serve(folder, host, port, with_worker=not no_worker))


@click.command()
@click.pass_obj
def worker(folder: Path) -> None:
    """Do the recurring work alone: sequence, harvest, cosign again."""
    with _running(folder):
        _stay(_work(folder))


async def _serve(folder: Path, host: str | None, port: int | None, *, with_worker: bool) -> None:
    import asyncio

    from chmnode import app
    from chmnode.node import open_node
    from chmnode.worker import Worker

    stop = asyncio.Event()
    working: list[asyncio.Task[None]] = []
    async with open_node(folder) as node:

        def started(actual: int) -> None:
            remark(f"{node.config.name} is served on http://{_shown(host or node.config.host)}:{actual}")
            remark(f"The world reaches it at {node.config.base_url}; Ctrl-C stops it.")
            if with_worker:
                working.append(asyncio.create_task(Worker(node).run(stop)))
                working[0].add_done_callback(lambda _: stop.set())  # no server without the work it promises

        asked = node.config.port if port is None else port
        try:
            await app.serve(node, host or node.config.host, asked, started=started, stop=stop)
        finally:
            stop.set()
            await asyncio.gather(*working)


async def _work(folder: Path) -> None:
    import asyncio

    from chmnode.node import open_node
    from chmnode.worker import Worker

    stop = asyncio.Event()
    async with open_node(folder) as node:
        _stop_when_asked(stop)
        remark(f"The worker of {node.config.name} is at work; Ctrl-C stops it.")
        await Worker(node).run(stop)


def _stop_when_asked(stop: "asyncio.Event") -> None:
    """Set the event when the process is asked to end; Windows knows Ctrl-C alone."""
    import asyncio

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    """Be seen at work, and heard."""
    from chmnode.cli.running import at_work

    handler = logging.StreamHandler()
    handler.setFormatter(_Plain(_LOG_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    with at_work(folder):
        yield


def _stay(work: Coroutine[Any, Any, None]) -> None:
    """Run on the faster event loop where there is one."""
    import asyncio

    from chmnode.app import loop_factory

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
