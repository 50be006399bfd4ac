"""Log resources over HTTP: our own log, and those we mirror (CHM-Sync 1 section 3).

What each path holds is `chmsync.mirror`'s; here it gets its HTTP headers. Tiles are immutable, so clients and caches
keep them for a year. A mirrored log is served from its last complete harvest, under the hash of its origin.
"""

from http import HTTPStatus

from aiohttp import hdrs, web

from chmnode.addresses import Addresses
from chmnode.api.delivery import tag_of
from chmnode.api.problems import Problem, missing
from chmnode.node import Node
from chmsync.mirror import Absence, mirror_name, serve

_YEAR = "public, max-age=31536000, immutable"


class LogResources:
    """Serves logs.

    Args:
        node: whose.
        addresses: of the node.
    """

    def __init__(self, node: Node, addresses: Addresses) -> None:
        self._node = node
        self._base = addresses.base
        self._mirrored: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """The routes of logs."""
        return [
            web.get(f"{self._base}/log/{{path:.+}}", self.own),
            web.get(f"{self._base}/mirror/{{name:[0-9a-f]{{64}}}}/{{path:.+}}", self.mirrored),
        ]

    async def own(self, request: web.Request) -> web.Response:
        """A resource of our own log."""
        return await self._answer(self._node.origin, request.match_info["path"])

    async def mirrored(self, request: web.Request) -> web.Response:
        """A resource of a log we mirror."""
        origin = await self.origin_of(request.match_info["name"])
        if origin is None:
            raise missing("no log of that name is mirrored here")
        return await self._answer(origin, request.match_info["path"])

    async def origin_of(self, name: str) -> str | None:
        """The mirrored log whose folder has that name."""
        if not self._node.config.mirror:
            return None
        if name not in self._mirrored:
            origins = await self._node.logs.origins()
            self._mirrored = {mirror_name(origin): origin for origin in origins if origin != self._node.origin}
        return self._mirrored.get(name)

    async def _answer(self, origin: str, path: str) -> web.Response:
        found = await serve(self._node.logs, origin, path)
        if isinstance(found, Absence):
            if found is Absence.ERASED:
                raise Problem(HTTPStatus.GONE, "the publisher has erased this text")
            raise missing(f"the log {origin} has no {path}")
        headers = {
            hdrs.CONTENT_TYPE: found.content_type,
            hdrs.CACHE_CONTROL: _YEAR if found.max_age is None else f"public, max-age={found.max_age}",
            hdrs.ETAG: tag_of(found.body),
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        }
        return web.Response(body=found.body, headers=headers)
