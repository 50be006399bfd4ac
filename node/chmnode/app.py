"""The web server: portal and interfaces over one open node, and how it starts and stops.

Owns the one middleware, which turns every failure into problem details or a readable page and makes every response
ready to be sent, and the listening socket. Refuses to show anybody a stack trace; the log has it.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from chmnode.addresses import Addresses
from chmnode.api.access_log import AccessLog, terse
from chmnode.api.caching import ByteCache
from chmnode.api.concepts import ConceptResources
from chmnode.api.delivery import deliver
from chmnode.api.description import NodeResources
from chmnode.api.listing import ListResources
from chmnode.api.logs import LogResources
from chmnode.api.negotiation import prefers_page
from chmnode.api.problems import Problem
from chmnode.api.proofs import ProofResources
from chmnode.api.records import RecordResources
from chmnode.api.search import SearchResources
from chmnode.errors import NodeError
from chmnode.node import Node
from chmnode.portal import Portal

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Bytes of compressed variants and renderings kept in memory.
CACHE_BYTES: Final = 64 * 1024 * 1024
#: Bytes of a request body.
REQUEST_BYTES: Final = 1024 * 1024
#: Connections that may wait to be accepted; aiohttp's 128 drops some when many nodes ask at once.
BACKLOG: Final = 1024
#: Seconds that requests under way get when the server stops.
GRACE_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 5
#: Seconds after the start when searches are prepared.
PREPARE_SECONDS: Final = 2.0

_LOG = logging.getLogger("chmnode.web")
_ACCESS = logging.getLogger("chmnode.access")
_SERVER = logging.getLogger("aiohttp.server")

_PREFLIGHT: Final = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Accept, If-None-Match",
    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
}


class CannotListen(NodeError):
    """The address or port of the web server cannot be had."""


def build(node: Node) -> web.Application:
    """The web application of a node, below the path of its base URL."""
    addresses = Addresses.of(node.member.base_url)
    cache = ByteCache(CACHE_BYTES)
    portal = Portal(node, addresses)
    app = web.Application(middlewares=[_boundary(portal, cache)], client_max_size=REQUEST_BYTES)
    portal.install(app)
    for resources in (
        RecordResources(node, addresses, portal, cache),
        ProofResources(node, addresses),
        ListResources(node, addresses, portal),
        SearchResources(node, addresses, portal.searching),
        ConceptResources(node, addresses, portal.concepts, cache),
        LogResources(node, addresses),
        NodeResources(node, addresses),
    ):
        app.add_routes(resources.routes())
    return app


def _boundary(portal: Portal, cache: ByteCache) -> Middleware:
    """The middleware: whatever a handler does, a decent response leaves."""

    @web.middleware
    async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except Problem as problem:
            response = await _refusal(portal, request, problem)
        except web.HTTPException as raised:
            response = await _raised(portal, request, raised)
        except Exception as error:  # noqa: BLE001 - the boundary: logged here, told in one sentence
            response = await _refusal(portal, request, _failure(request, error))
        return await deliver(request, response, cache)

    return boundary


async def _raised(portal: Portal, request: web.Request, raised: web.HTTPException) -> web.StreamResponse:
    """Answer what aiohttp raised: a redirect, an unknown path, a method that is not there."""
    if raised.status < HTTPStatus.BAD_REQUEST:
        return web.Response(status=raised.status, headers={hdrs.LOCATION: raised.headers[hdrs.LOCATION]})
    if isinstance(raised, web.HTTPMethodNotAllowed):
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT)
        allowed: dict[str, str] = {hdrs.ALLOW: raised.headers[hdrs.ALLOW]}
        detail = f"{request.method} is not possible here, only {allowed[hdrs.ALLOW]}"
        return await _refusal(portal, request, Problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=allowed))
    status = HTTPStatus(raised.status)
    detail = "nothing is at this address" if status is HTTPStatus.NOT_FOUND else status.description
    return await _refusal(portal, request, Problem(status, detail or status.phrase))


async def _refusal(portal: Portal, request: web.Request, problem: Problem) -> web.Response:
    """Problem details, or a page for those who asked for one."""
    if not prefers_page(request.headers.get(hdrs.ACCEPT)):
        return problem.response()
    response = await portal.error(request, problem.status)
    response.headers.update(problem.headers)
    return response


def _failure(request: web.Request, error: Exception) -> Problem:
    """What is told of a failure of ours; the operator's log has the rest."""
    if isinstance(error, NodeError) and error.retry:
        _LOG.warning("%s %s: %s", request.method, request.rel_url.raw_path, error)
        headers: dict[str, str] = {hdrs.RETRY_AFTER: str(RETRY_SECONDS)}
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the node is busy; try again in a moment", headers=headers)
    _LOG.error("%s %s failed", request.method, request.rel_url.raw_path, exc_info=error)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the node failed to answer; its operator can see why in the log")


@asynccontextmanager
async def serving(node: Node, host: str, port: int, *, reuse_port: bool = False) -> AsyncIterator[int]:
    """Serve a node inside the block; gives the port, which matters when 0 was asked for.

    Requests under way when the block ends are answered, up to a limit.

    Raises:
        CannotListen: the port is taken, or not ours to take.
    """
    _SERVER.addFilter(terse)
    runner = web.AppRunner(
        build(node),
        access_log_class=AccessLog,
        access_log=_ACCESS,
        shutdown_timeout=GRACE_SECONDS,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=BACKLOG, reuse_port=reuse_port or None)
        try:
            await site.start()
        except OSError as error:
            detail = error.strerror or str(error)
            raise CannotListen(
                f"cannot listen on {host} port {port} ({detail}): stop what uses it, or choose another with --port"
            ) from error
        preparing = asyncio.create_task(_prepare(node))
        try:
            yield runner.addresses[0][1]
        finally:
            preparing.cancel()
            await asyncio.gather(preparing, return_exceptions=True)
    finally:
        await runner.cleanup()


async def _prepare(node: Node) -> None:
    """Make the first search quick, once what had to start is started."""
    await asyncio.sleep(PREPARE_SECONDS)
    await node.search.prepare()


async def serve(
    node: Node,
    host: str,
    port: int,
    *,
    started: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve a node until `stop` is set, or the process is asked to end (SIGTERM, SIGINT).

    Args:
        node: open.
        host: to listen on.
        port: to listen on; 0 chooses one.
        started: told the port once requests are answered.
        stop: ends the server.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(node, host, port) as actual:
            if started is not None:
                started(actual)
            await stop.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop for `asyncio.Runner`: uvloop where there is one, worth 10 to 20 per cent here."""
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
