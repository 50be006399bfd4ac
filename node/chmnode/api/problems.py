"""Refusals: problem details for HTTP APIs (RFC 9457).

Owns the exception that a handler raises and its JSON. Refuses to tell more than the sentence it was given: no traces,
no paths of the machine.
"""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from aiohttp import hdrs, web

from chmnode.api.negotiation import PROBLEM
from chmsync.canonical import JsonValue


class Problem(Exception):
    """A request that is not served.

    Args:
        status: of HTTP, 400 and above.
        detail: what was wrong with this request, for its sender.
        members: extension members of the problem details.
        headers: for the response.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        members: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        """The problem details."""
        document = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            **self.members,
        }
        headers = {hdrs.CONTENT_TYPE: PROBLEM, hdrs.CACHE_CONTROL: "no-cache", hdrs.VARY: hdrs.ACCEPT, **self.headers}
        return web.Response(status=self.status, body=orjson.dumps(document), headers=headers)


def missing(detail: str) -> Problem:
    """Nothing is there."""
    return Problem(HTTPStatus.NOT_FOUND, detail)
