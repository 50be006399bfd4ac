"""The last step of every response: conditional requests, compression, security headers (RFC 9110 sections 8 and 13).

A handler gives a body and, where it may be cached, a strong `ETag` of it; the rest happens here, once. A compressed
variant has a tag of its own, since strong tags name bytes; any of them answers `If-None-Match`.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Final, cast

from aiohttp import hdrs, web

from chmnode.api.caching import ByteCache
from chmnode.api.compression import SMALLEST, compress
from chmnode.api.negotiation import CODINGS, coding

#: Larger bodies are compressed on a thread.
_INLINE = 16_384

#: Sent with everything. No script runs but our own, nothing is loaded from elsewhere, nobody frames us.
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    hdrs.SERVER: "chm",
}
#: Headers of a response that stay when it turns out that the client has it already.
_KEPT: Final = (hdrs.CACHE_CONTROL, hdrs.VARY, hdrs.ACCESS_CONTROL_ALLOW_ORIGIN, hdrs.LINK)


def tag_of(body: bytes) -> str:
    """The entity tag of a body: its SHA-256, which for a record is also what the log says of it."""
    return f'"{hashlib.sha256(body).hexdigest()}"'


async def deliver(request: web.Request, response: web.StreamResponse, cache: ByteCache) -> web.StreamResponse:
    """Make a response ready to be sent."""
    headers = response.headers
    tag = headers.get(hdrs.ETAG)
    compressible = isinstance(response, web.Response) and _vary_by_coding(response)
    held = _held(request.headers.get(hdrs.IF_NONE_MATCH), tag) if tag is not None and response.status == 200 else None
    if held is not None:
        kept = {name: headers[name] for name in _KEPT if name in headers}
        response = web.Response(status=304, headers={hdrs.ETAG: held, **kept})
        headers = response.headers
    elif compressible:
        await _compressed(request, cast("web.Response", response), tag, cache)
    headers.update(SECURITY)
    return response


def _held(condition: str | None, tag: str) -> str | None:
    """The tag by which `If-None-Match` names the content with that tag, in whichever coding."""
    if condition is None:
        return None
    if condition.strip() == "*":
        return tag
    ours = {tag, *(_coded(tag, name) for name in CODINGS)}
    return next((named for part in condition.split(",") if (named := part.strip().removeprefix("W/")) in ours), None)


def _coded(tag: str, name: str) -> str:
    """The tag of the compressed variant."""
    return f'{tag[:-1]}-{name}"'


async def _compressed(request: web.Request, response: web.Response, tag: str | None, cache: ByteCache) -> None:
    """Compress a body where that is wanted and makes it smaller."""
    name = coding(request.headers.get(hdrs.ACCEPT_ENCODING))
    if name is not None and (made := await _variant(cast("bytes", response.body), name, tag, cache)):
        response.body = made
        response.headers[hdrs.CONTENT_ENCODING] = name
        if tag is not None:
            response.headers[hdrs.ETAG] = _coded(tag, name)


def _vary_by_coding(response: web.Response) -> bool:
    """Whether a body is worth compressing; if so its headers say that it may be."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < SMALLEST:
        return False
    before = response.headers.get(hdrs.VARY)
    response.headers[hdrs.VARY] = f"{before}, {hdrs.ACCEPT_ENCODING}" if before else hdrs.ACCEPT_ENCODING
    return True


async def _variant(body: bytes, name: str, tag: str | None, cache: ByteCache) -> bytes:
    """The compressed bytes, from memory if they were made before."""
    made = cache.get(tag, name) if tag is not None else None
    if made is None:
        inline = len(body) <= _INLINE
        made = compress(body, name) if inline else await asyncio.to_thread(compress, body, name)
        if tag is not None:
            cache.put(tag, name, made)
    return made
