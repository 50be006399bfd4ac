"""The page of the federation: for each node when it was last seen, how far behind we are, what was refused and why."""

from aiohttp import web

from chmnode.portal import network
from chmnode.portal.frame import Frame


class FederationPage:
    """The nodes that we follow.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """The route of the page."""
        return [web.get(f"{self._frame.addresses.base}/federation", self.federation)]

    async def federation(self, request: web.Request) -> web.Response:
        """The page."""
        frame, counts = self._frame, await self._frame.counts()
        others = await network.neighbours(frame.node, counts)
        return frame.render(
            request,
            "federation.html",
            frame.here(request),
            others=others,
            own=sum(count.records for count in counts if count.origin == frame.node.origin),
            total=sum(count.records for count in counts),
            current=sum(other.current for other in others),
            failing=sum(other.failing for other in others),
            refused=sum(sum(other.refused.values()) for other in others),
            now=frame.node.clock(),
        )
