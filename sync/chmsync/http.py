"""The one guarded outgoing HTTP client.

Owns every request a node makes to addresses that others choose: where it may connect (decided on the address
itself, at connect time, so that neither a literal nor a name resolving inward gets past), how long it waits,
how much it reads and unpacks, which redirects it follows. Refuses by raising `LogRefused` with the codes of
CHM-Sync 1 section 7; the limits are those of section 10. Trying again is the business of its callers.
"""

import asyncio
import contextlib
import errno
import re
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, Protocol, Self, TypeAlias, cast

import aiohttp
from aiohttp.abc import AbstractResolver
from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
from isal import igzip_lib
from yarl import URL

from chmsync.errors import LogCode, LogRefused
from chmsync.limits import Limits

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

USER_AGENT: Final = "chm-node (CHM-Sync 1)"
#: Codings asked for. Plain http is for networks of our own, which are faster than a compressor.
CODINGS: Final = {"https": "zstd, gzip", "http": "identity"}
#: Statuses that say "this resource is not here", as opposed to "this server is not well".
ABSENT: Final = frozenset({404, 410, 451})
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
BUSY: Final = frozenset({429, 503})
#: Bytes of an unwanted body that are read to keep its connection.
DRAIN_BYTES: Final = 16_384
#: Largest zstd window, 8 MiB, as RFC 9659 has it for HTTP.
ZSTD_WINDOW_LOG: Final = 23

#: Anything that has an IPv4 address inside and would be delivered to it, whatever `allow_private` says.
_EMBEDDING: Final = tuple(
    IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)
#: NAT64 as networks without IPv4 use it: the address inside decides.
_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")
#: Special ranges that Python 3.11 takes for global ones.
_SPECIAL: Final = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_SPECIAL_V4: Final = tuple(IPv4Network(text) for text in ("192.0.0.0/24", "192.88.99.0/24"))

_ETAG: Final = re.compile(r'(?:W/)?"[!#-~]{0,256}"')
#: isal's stub declares the class as an instance.
_CORRUPT: Final = (ZstdError, cast("type[Exception]", igzip_lib.IsalError))


class Absent(LogRefused):
    """The server, or the offline tree, is well and does not have this resource.

    Attributes:
        status: 404, 410 (erased) or 451 (blocked); 404 for a missing file.
    """

    def __init__(self, detail: str, status: int = 404) -> None:
        super().__init__(LogCode.UNREACHABLE, detail)
        self.status = status


@dataclass(slots=True)
class Meter:
    """What one harvest cost: requests made, and body bytes as they came over the wire."""

    requests: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """A 200 with its decoded body, or a 304 with an empty one."""

    status: int
    body: bytes
    etag: str | None
    content_type: str
    wire_bytes: int


def is_allowed(address: Address, allow_private: Sequence[Network] = ()) -> bool:
    """Whether we connect to `address`: a global unicast one, or one the operator allowed.

    Addresses with an IPv4 address inside are refused even when `allow_private` names them (section 10).
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_allowed(IPv4Address(int(address) & 0xFFFF_FFFF))
        if any(address in network for network in _EMBEDDING) and not address.is_loopback:
            return False
    if any(address in network for network in allow_private):
        return True
    if isinstance(address, IPv6Address):
        return address in _UNICAST and not any(address in network for network in _SPECIAL)
    special = any(address in network for network in _SPECIAL_V4)
    return address.is_global and not (special or address.is_multicast or address.is_reserved)


def retry_after(value: str | None, now: float, bound: float) -> float | None:
    """Seconds to wait by a `Retry-After` header (number or date), within `0..bound`; None if unreadable."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value), bound)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    return min(max(seconds, 0.0), bound)


class Client:
    """Guarded `GET`, as an async context manager; one per process.

    Args:
        limits: times, redirects and connections.
        allow_private: ranges that are not global and may be connected to all the same, also by plain `http`.
        resolver: in place of the system's.

    Attributes:
        requests: HTTP requests made so far, redirects included.
    """

    def __init__(
        self, limits: Limits, allow_private: Sequence[Network] = (), resolver: AbstractResolver | None = None
    ) -> None:
        self.limits = limits
        self.requests = 0
        self._allow_private = tuple(allow_private)
        self._resolver = resolver
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        # Waiting for one of these costs none of a request's seconds; waiting inside the connector would.
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(limits.connections_per_host)
        )

    async def __aenter__(self) -> Self:
        self._sessions = {scheme: self._session(scheme) for scheme in ("http", "https")}
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions.values():
            await session.close()

    async def get(
        self,
        url: str,
        *,
        limit: int,
        etag: str | None = None,
        accept: str | None = None,
        meter: Meter | None = None,
    ) -> Response:
        """The resource at `url`, at most `limit` bytes of it once decoded.

        With `etag` the answer may be a 304. Raises `Absent` on 404, 410 and 451, and `LogRefused` with
        `UNREACHABLE`, `REDIRECT` or `LIMIT` on everything else that is not a whole 200.
        """
        target = _parse(url)
        exchange = _Exchange(self, limit, meter or Meter(), etag, accept)
        seconds = self.limits.resource_seconds + limit / self.limits.bytes_a_second
        async with self._slots[target.host or ""]:
            try:
                async with asyncio.timeout(seconds):
                    return await exchange.follow(self._sessions[target.scheme], target)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                reason = _reason(error) or f"no whole answer in {seconds:.0f} s"
                raise LogRefused(LogCode.UNREACHABLE, f"{target}: {reason}") from error

    def _session(self, scheme: str) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=self.limits.connections_per_host,
            resolver=self._resolver,
            socket_factory=self._guard(scheme),
        )
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=True,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": CODINGS[scheme]},
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self.limits.connect_seconds, sock_read=self.limits.idle_seconds
            ),
        )

    def _guard(self, scheme: str) -> Callable[[Any], socket.socket]:
        """A socket factory; it is asked with the final address, after resolution, for every attempt."""

        def open_socket(info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
            family, kind, protocol, _, (host, *_) = info
            address = ip_address(host)
            if not is_allowed(address, self._allow_private):
                raise OSError(errno.EACCES, f"address {address} is not allowed (see allow_private)")
            if scheme == "http" and not any(address in network for network in self._allow_private):
                raise OSError(errno.EACCES, f"plain http to {address} is not allowed, use https")
            return socket.socket(family, kind, protocol)

        return open_socket


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One `get`: its requests along the redirects, and the reading of the last answer."""

    client: Client
    limit: int
    meter: Meter
    etag: str | None
    accept: str | None

    async def follow(self, session: aiohttp.ClientSession, url: URL) -> Response:
        for _ in range(self.client.limits.redirects + 1):
            self.client.requests += 1
            self.meter.requests += 1
            async with session.get(url, headers=self._headers(), allow_redirects=False) as answer:
                if answer.status not in REDIRECTS:
                    return await self._read(answer, url)
                url = _redirected(url, answer.headers.get("Location"))
                await self._drain(answer)
        raise LogRefused(LogCode.REDIRECT, f"{url}: more than {self.client.limits.redirects} redirects")

    def _headers(self) -> dict[str, str]:
        headers = {"If-None-Match": self.etag, "Accept": self.accept}
        return {name: value for name, value in headers.items() if value is not None}

    async def _read(self, answer: aiohttp.ClientResponse, url: URL) -> Response:
        if answer.status == 304 and self.etag is not None:
            return Response(304, b"", _etag(answer) or self.etag, answer.content_type, 0)
        if answer.status != 200:
            await self._drain(answer)
            raise _refusal(answer, url, self.client.limits.retry_after_seconds)
        body = _Body(str(url), answer.headers.getall("Content-Encoding", []), self.limit)
        body.expect(answer.content_length)
        async for chunk in answer.content.iter_any():
            self.meter.bytes += len(chunk)
            body.feed(chunk)
        return Response(200, body.finish(), _etag(answer), answer.content_type, body.wire)

    async def _drain(self, answer: aiohttp.ClientResponse) -> None:
        """Read a short body that nobody wants, which keeps the connection; leaving a longer one closes it."""
        size = 0
        with contextlib.suppress(aiohttp.ClientError):  # the status has been told already
            async for chunk in answer.content.iter_any():
                size += len(chunk)
                self.meter.bytes += len(chunk)
                if size > DRAIN_BYTES:
                    return


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


_DECOMPRESSORS: Final[dict[str, Callable[[], _Decompressor]]] = {
    "gzip": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    "zstd": lambda: ZstdDecompressor(options={DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}),
}


class _Body:
    """Collects one body under a limit that holds for what comes out of the decompressor.

    What goes in is bounded too, a little above the limit: a stream may be endless and unpack to nothing.
    """

    def __init__(self, url: str, encodings: Sequence[str], limit: int) -> None:
        self.wire = 0
        self._url = url
        self._limit = limit
        self._body = bytearray()
        self._decompressor = self._for(encodings)
        self._wire_limit = limit if self._decompressor is None else limit + limit // 64 + 1024

    def expect(self, content_length: int | None) -> None:
        """Refuse before reading what is announced to be too long."""
        if content_length is not None and content_length > self._wire_limit:
            raise self._over(f"{content_length} bytes announced, {self._limit} allowed")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self.wire += len(chunk)
        if self.wire > self._wire_limit:
            raise self._over(f"more than {self._limit} bytes")
        if self._decompressor is None:
            self._body += chunk
        elif chunk:
            try:
                self._unpack(self._decompressor, chunk)
            except _CORRUPT as error:
                raise self._corrupt(error) from error

    def finish(self) -> bytes:
        """The whole body, once the stream has ended."""
        if self._decompressor is not None and not self._decompressor.eof:
            raise LogRefused(LogCode.UNREACHABLE, f"{self._url}: the compressed body is cut off")
        return bytes(self._body)

    def _for(self, encodings: Sequence[str]) -> _Decompressor | None:
        names = [value.strip().lower() for value in encodings]
        if names in ([], [""], ["identity"]):
            return None
        if len(names) > 1 or names[0] not in _DECOMPRESSORS:
            raise self._over(f"Content-Encoding {_shown(', '.join(names))} instead of one of gzip, zstd")
        return _DECOMPRESSORS[names[0]]()

    def _unpack(self, decompressor: _Decompressor, chunk: bytes) -> None:
        while not decompressor.eof:
            self._body += decompressor.decompress(chunk, self._limit - len(self._body) + 1)
            if len(self._body) > self._limit:
                raise self._over(f"more than {self._limit} bytes after decompression")
            if decompressor.needs_input:
                return
            chunk = b""
        if chunk or decompressor.unused_data:
            raise self._over("bytes after the end of the compressed body")

    def _over(self, detail: str) -> LogRefused:
        return LogRefused(LogCode.LIMIT, f"{self._url}: {detail}")

    def _corrupt(self, error: Exception) -> LogRefused:
        if "too much memory" in str(error):  # how zstd words a window above ours
            return self._over(f"a zstd window above {2**ZSTD_WINDOW_LOG} bytes")
        return LogRefused(LogCode.UNREACHABLE, f"{self._url}: the compressed body is corrupt ({error})")


def _parse(url: str) -> URL:
    """An absolute http or https URL without credentials."""
    try:
        target = URL(url).with_fragment(None)
    except ValueError as error:
        raise LogRefused(LogCode.UNREACHABLE, f"not a URL: {_shown(url)}") from error
    if target.scheme not in {"http", "https"} or not target.host or target.raw_user or target.raw_password:
        detail = f"not an http or https URL without credentials: {_shown(url)}"
        raise LogRefused(LogCode.UNREACHABLE, detail)
    return target


def _redirected(url: URL, location: str | None) -> URL:
    """Where a redirect leads, if it stays at the scheme, host and port we were sent to."""
    try:
        target = url.join(URL(location or "")).with_fragment(None)
    except ValueError:
        target = URL()
    same = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
    if not location or not same or target.raw_user or target.raw_password:
        raise LogRefused(LogCode.REDIRECT, f"{url}: redirected to {_shown(location or 'nowhere')}")
    return target


def _refusal(answer: aiohttp.ClientResponse, url: URL, longest_wait: float) -> LogRefused:
    detail = f"{url}: {answer.status} {_shown(answer.reason or '')}".rstrip()
    if answer.status in ABSENT:
        return Absent(detail, answer.status)
    wait = None
    if answer.status in BUSY:
        wait = retry_after(answer.headers.get("Retry-After"), time.time(), longest_wait)
    return LogRefused(LogCode.UNREACHABLE, detail, retry_after=wait)


def _etag(answer: aiohttp.ClientResponse) -> str | None:
    """The entity tag, when it is one: it will be stored, and sent again."""
    value = answer.headers.get("ETag", "")
    return value if _ETAG.fullmatch(value) else None


def _reason(error: Exception) -> str:
    """What went wrong; when no connection came about, what the system or our guard said."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return _shown(str(cause))


def _shown(text: str) -> str:
    """Text of a peer as it may stand in a report: short, printable ASCII."""
    return "".join(c if " " <= c <= "~" else "?" for c in text[:300])
