"""The page about this node: who it is, how to check what it says, under which terms, and for whom it is made."""

from aiohttp import web

from chmnode.portal.frame import Frame
from chmsync.member import did_document_url


class AboutPage:
    """What this node is.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """The route of the page."""
        return [web.get(f"{self._frame.addresses.base}/about", self.about)]

    async def about(self, request: web.Request) -> web.Response:
        """The page."""
        frame, here, member = self._frame, self._frame.here(request), self._frame.node.member
        teller = frame.teller(here, {})
        return frame.render(
            request,
            "about.html",
            here,
            member=member,
            state=await frame.node.logs.load(member.origin),
            governments=[teller.code("countries", code) for code in frame.node.config.governments],
            own=sum(count.records for count in await frame.counts() if count.origin == member.origin),
            did_document=did_document_url(member.base_url),
        )
