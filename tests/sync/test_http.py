"""The outgoing client against servers that lie, dawdle or lead inward (CHM-Sync 1 sections 7 and 10)."""

import asyncio
import gzip
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from email.utils import formatdate
from ipaddress import ip_address, ip_network

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.test_utils import TestServer
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from chmsync.errors import LogCode, LogRefused
from chmsync.http import USER_AGENT, Absent, Client, Meter, _Body, is_allowed, retry_after
from chmsync.limits import Limits

LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = Limits(connect_seconds=2, idle_seconds=2, resource_seconds=5)
TEXT = b"the text of a record, served as it is\n" * 20
DAY = 86_400.0
SPECIAL = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.1.2.3 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1 192.88.99.1
    192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 ::
    ::1 ::7f00:1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1
    2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1
    fe80::1%1 fec0::1 ff02::1
"""


class Names(AbstractResolver):
    """Resolves every name to given addresses, as a peer's own name server may."""

    def __init__(self, *addresses):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self.addresses
        ]

    async def close(self):
        pass


@asynccontextmanager
async def serving(handler) -> AsyncIterator[str]:
    """A real aiohttp server with one handler for every path; gives its URL."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


@asynccontextmanager
async def lying(*pieces: bytes, pause: float = 0, repeat: bytes = b"") -> AsyncIterator[str]:
    """A server that answers any request with these bytes and `repeat` for ever, or cuts the connection."""
    tasks = set()

    async def talk(reader, writer):
        tasks.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            while repeat:
                writer.write(repeat)
                await writer.drain()
                await asyncio.sleep(pause)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def refusal(url: str, *, limit: int = 10_000, limits: Limits = QUICK, allow=LOOPBACK, **more) -> LogRefused:
    """What `get` raises."""
    async with Client(limits, allow, more.pop("resolver", None)) as client:
        with pytest.raises(LogRefused) as caught:
            await client.get(url, limit=limit, **more)
    return caught.value


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode()


def answering(**response) -> Callable:
    async def handler(request):
        return web.Response(**response)

    return handler


class TestWhole:
    """Answers that are taken."""

    @pytest.mark.parametrize(
        ("encoding", "wire"),
        [
            (None, TEXT),
            ("identity", TEXT),
            ("gzip", gzip.compress(TEXT)),
            ("GZip", gzip.compress(TEXT)),
            ("zstd", zstd.compress(TEXT)),
        ],
        ids=["none", "identity", "gzip", "other case", "zstd"],
    )
    async def test_a_body_arrives_decoded_and_its_wire_bytes_are_counted(self, encoding, wire):
        headers = {"ETag": '"v1"', "Content-Type": "text/plain"} | ({"Content-Encoding": encoding} if encoding else {})
        meter = Meter()
        async with serving(answering(body=wire, headers=headers)) as url, Client(QUICK, LOOPBACK) as client:
            response = await client.get(url, limit=len(TEXT), meter=meter)
        assert (response.status, response.body, response.etag) == (200, TEXT, '"v1"')
        assert response.content_type == "text/plain"
        assert response.wire_bytes == meter.bytes == len(wire)
        assert client.requests == meter.requests == 1

    @given(body=st.binary(max_size=3000), packed=st.sampled_from(["gzip", "zstd"]), piece=st.integers(1, 700))
    async def test_any_body_in_any_pieces_decodes_to_itself(self, body, packed, piece):
        stream = (gzip.compress if packed == "gzip" else zstd.compress)(body)
        collected = _Body("u", [packed], len(body))
        for start in range(0, len(stream), piece):
            collected.feed(stream[start : start + piece])
        assert collected.finish() == body

    async def test_a_request_names_the_product_and_carries_nothing_personal(self):
        seen = []

        async def handler(request):
            seen.append(request.headers)
            response = web.Response(body=b"x")
            response.set_cookie("track", "1")
            return response

        async with serving(handler) as url, Client(QUICK, LOOPBACK) as client:
            await client.get(url, limit=10, accept="text/plain")
            await client.get(url, limit=10)
        assert seen[0]["User-Agent"] == USER_AGENT
        assert seen[0]["Accept"] == "text/plain"
        assert seen[0]["Accept-Encoding"] == "identity"
        assert "Cookie" not in seen[1]

    async def test_proxy_settings_of_the_environment_are_not_used(self, monkeypatch):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        async with serving(answering(body=b"x")) as url, Client(QUICK, LOOPBACK) as client:
            assert (await client.get(url, limit=10)).body == b"x"

    async def test_an_unchanged_resource_is_a_304_without_body(self):
        async def handler(request):
            same = request.headers.get("If-None-Match") == '"v1"'
            return web.Response(status=304 if same else 200, body=None if same else b"x", headers={"ETag": '"v1"'})

        async with serving(handler) as url, Client(QUICK, LOOPBACK) as client:
            first = await client.get(url, limit=10)
            again = await client.get(url, limit=10, etag=first.etag)
        assert (first.status, first.body) == (200, b"x")
        assert (again.status, again.body, again.etag) == (304, b"", '"v1"')

    @pytest.mark.parametrize("tag", ["v1", '"a b"', '"' + "x" * 300 + '"', '"\u00e9"'])
    async def test_an_entity_tag_that_is_none_is_forgotten(self, tag):
        async with (
            serving(answering(body=b"x", headers={"ETag": tag})) as url,
            Client(QUICK, LOOPBACK) as client,
        ):
            assert (await client.get(url, limit=10)).etag is None

    async def test_connections_are_kept_also_after_a_404(self):
        peers = set()

        async def handler(request):
            peers.add(request.transport.get_extra_info("peername"))
            return web.Response(status=404 if request.path == "/gone" else 200, body=b"x" * 5000)

        async with serving(handler) as url, Client(QUICK, LOOPBACK) as client:
            for path in ("/a", "/gone", "/b"):
                with suppress(Absent):
                    await client.get(url + path, limit=5000)
        assert len(peers) == 1

    async def test_at_most_four_connections_are_open_to_one_host(self):
        inside, most = set(), [0]

        async def handler(request):
            inside.add(id(request))
            most[0] = max(most[0], len(inside))
            await asyncio.sleep(0.02)
            inside.discard(id(request))
            return web.Response(body=b"x")

        async with serving(handler) as url, Client(QUICK, LOOPBACK) as client:
            answers = await asyncio.gather(*(client.get(f"{url}/{n}", limit=10) for n in range(40)))
        assert len(answers) == 40
        assert most[0] == QUICK.connections_per_host == 4

    async def test_waiting_for_a_free_connection_costs_nobody_a_time_out(self):
        async def handler(request):
            await asyncio.sleep(0.2)
            return web.Response(body=b"x")

        limits = Limits(connections_per_host=1, connect_seconds=0.5, resource_seconds=0.5)
        async with serving(handler) as url, Client(limits, LOOPBACK) as client:
            answers = await asyncio.gather(*(client.get(f"{url}/{n}", limit=10) for n in range(5)))
        assert len(answers) == 5


class TestTooMuch:
    """What goes over a limit is LIMIT."""

    @pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
    async def test_a_bomb_is_refused_after_the_limit_has_been_unpacked(self, pack):
        bomb = pack(bytes(50_000_000))
        name = "gzip" if pack is gzip.compress else "zstd"
        async with serving(answering(body=bomb, headers={"Content-Encoding": name})) as url:
            error = await refusal(url, limit=len(bomb))
        assert error.code is LogCode.LIMIT
        assert "after decompression" in error.detail

    async def test_one_byte_above_the_limit_is_refused(self):
        async with serving(answering(body=TEXT)) as url:
            assert (await refusal(url, limit=len(TEXT) - 1)).code is LogCode.LIMIT

    async def test_an_announced_length_above_the_limit_is_refused_unread(self):
        meter = Meter()
        async with lying(head("Content-Length: 99999999"), repeat=b"x" * 1000) as url:
            error = await refusal(url, meter=meter)
        assert error.code is LogCode.LIMIT
        assert meter.bytes == 0

    async def test_an_endless_body_is_refused(self):
        chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
        async with lying(head("Transfer-Encoding: chunked"), repeat=chunk) as url:
            assert (await refusal(url)).code is LogCode.LIMIT

    @pytest.mark.parametrize(
        ("encoding", "start", "repeat"),
        [
            (
                "gzip",
                b"\x1f\x8b\x08\x08" + bytes(6),
                b"a" * 1024,
            ),  # a file name in the header that never ends
            ("zstd", b"\x50\x2a\x4d\x18\xff\xff\xff\xff", b"a" * 1024),  # a skippable frame of 4 GiB
        ],
    )
    async def test_an_endless_stream_that_unpacks_to_nothing_is_refused(self, encoding, start, repeat):
        async with lying(head(f"Content-Encoding: {encoding}"), start, repeat=repeat) as url:
            assert (await refusal(url)).code is LogCode.LIMIT

    async def test_endless_headers_are_refused(self):
        async with lying(b"HTTP/1.1 200 OK\r\n", repeat=b"X-Padding: " + b"x" * 1000 + b"\r\n") as url:
            assert (await refusal(url)).code is LogCode.UNREACHABLE

    @pytest.mark.parametrize(
        "lines",
        [
            ["Content-Encoding: br"],
            ["Content-Encoding: deflate"],
            ["Content-Encoding: gzip, gzip"],
            ["Content-Encoding: gzip", "Content-Encoding: gzip"],
            ["Content-Encoding: gzip", "Content-Encoding: identity"],
            ["Content-Encoding: zstd,gzip"],
        ],
    )
    async def test_an_unknown_or_doubled_content_encoding_is_refused(self, lines):
        body = gzip.compress(gzip.compress(TEXT))
        async with lying(head(f"Content-Length: {len(body)}", *lines), body) as url:
            error = await refusal(url)
        assert error.code is LogCode.LIMIT
        assert "Content-Encoding" in error.detail

    @pytest.mark.parametrize("name", ["gzip", "zstd"])
    @pytest.mark.parametrize("apart", [False, True])
    async def test_bytes_behind_the_compressed_body_are_refused(self, name, apart):
        packed = (gzip.compress if name == "gzip" else zstd.compress)(TEXT)
        pieces = (packed, packed) if apart else (packed + packed,)
        length = f"Content-Length: {2 * len(packed)}"
        async with lying(head(length, f"Content-Encoding: {name}"), *pieces, pause=0.05) as url:
            assert (await refusal(url)).code is LogCode.LIMIT

    async def test_a_zstd_window_above_eight_mebibytes_is_refused(self):
        packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
        body = packer.compress(TEXT) + packer.flush()
        async with serving(answering(body=body, headers={"Content-Encoding": "zstd"})) as url:
            error = await refusal(url)
        assert error.code is LogCode.LIMIT
        assert "window" in error.detail


class TestRedirect:
    """A redirect stays where it was sent from."""

    async def test_a_redirect_within_the_origin_is_followed_and_counted(self):
        async def handler(request):
            if request.path == "/old":
                raise web.HTTPMovedPermanently("/new?x=1")
            return web.Response(text=request.path_qs)

        meter = Meter()
        async with serving(handler) as url, Client(QUICK, LOOPBACK) as client:
            response = await client.get(f"{url}/old", limit=100, meter=meter)
        assert response.body == b"/new?x=1"
        assert meter.requests == client.requests == 2

    @pytest.mark.parametrize(
        "location",
        [
            "http://127.0.0.1:1/",
            "https://127.0.0.1:{port}/",
            "http://127.0.0.2:{port}/",
            "http://localhost:{port}/",
            "//chm.example/",
            "http://user:word@127.0.0.1:{port}/",
            "file:///etc/passwd",
            "http://[",
            "",
        ],
    )
    async def test_a_redirect_elsewhere_is_refused(self, location):
        async def handler(request):
            return web.Response(status=302, headers={"Location": location.format(port=request.url.port)})

        async with serving(handler) as url:
            assert (await refusal(url)).code is LogCode.REDIRECT

    async def test_a_redirect_without_a_location_is_refused(self):
        async with serving(answering(status=307)) as url:
            assert (await refusal(url)).code is LogCode.REDIRECT

    async def test_a_circle_of_redirects_ends(self):
        asked = []

        async def handler(request):
            asked.append(request.path)
            raise web.HTTPFound(f"/{len(asked)}")

        async with serving(handler) as url:
            error = await refusal(url, limits=replace(QUICK, redirects=2))
        assert error.code is LogCode.REDIRECT
        assert len(asked) == 3


class TestUnwell:
    """Servers that do not deliver are UNREACHABLE."""

    @pytest.mark.parametrize("status", [404, 410, 451])
    async def test_absence_is_told_apart_and_keeps_its_status(self, status):
        async with serving(answering(status=status, body=b"nothing here")) as url:
            error = await refusal(url)
        assert isinstance(error, Absent)
        assert (error.code, error.status) == (LogCode.UNREACHABLE, status)

    @pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 403, 418, 429, 500, 503])
    async def test_any_other_status_is_unreachable_and_named(self, status):
        async with serving(answering(status=status)) as url:
            error = await refusal(url)
        assert error.code is LogCode.UNREACHABLE
        assert not isinstance(error, Absent)
        assert str(status) in error.detail
        assert error.retry_after is None

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize(("value", "least", "most"), [("120", 120, 120), ("9" * 500, DAY, DAY), ("date", 80, 90)])
    async def test_retry_after_is_handed_on_within_bounds(self, status, value, least, most):
        async def handler(request):
            date = formatdate(usegmt=True, timeval=time.time() + 90)
            return web.Response(status=status, headers={"Retry-After": date if value == "date" else value})

        async with serving(handler) as url:
            error = await refusal(url)
        assert error.retry_after is not None
        assert least <= error.retry_after <= most

    async def test_a_404_with_an_endless_page_is_still_a_404_and_its_connection_is_closed(self):
        closed = asyncio.Event()

        async def talk(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head("Transfer-Encoding: chunked", status="404 Not Found"))
            with suppress(ConnectionError):
                while True:
                    writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
                    await writer.drain()
            closed.set()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server, Client(QUICK, LOOPBACK) as client:
            with pytest.raises(Absent):
                await client.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", limit=10)
            await asyncio.wait_for(closed.wait(), 2)

    @pytest.mark.parametrize("name", ["gzip", "zstd"])
    @pytest.mark.parametrize("harm", ["cut", "flipped", "plain"])
    async def test_a_corrupt_compressed_body_is_unreachable(self, name, harm):
        packed = (gzip.compress if name == "gzip" else zstd.compress)(TEXT)
        body = {"cut": packed[:-5], "flipped": b"\0" + packed[1:], "plain": TEXT}[harm]
        async with serving(answering(body=body, headers={"Content-Encoding": name})) as url:
            error = await refusal(url)
        assert error.code is LogCode.UNREACHABLE
        assert "compressed" in error.detail

    async def test_a_connection_cut_in_the_body_is_unreachable(self):
        async with lying(head("Content-Length: 500"), b"x" * 100) as url:
            assert (await refusal(url)).code is LogCode.UNREACHABLE

    async def test_a_chunked_body_without_its_end_is_unreachable(self):
        async with lying(head("Transfer-Encoding: chunked"), b"5\r\nhello\r\n") as url:
            assert (await refusal(url)).code is LogCode.UNREACHABLE

    async def test_a_content_length_below_the_body_ends_the_body_and_does_not_reach_the_next_answer(self):
        async with (
            lying(head("Content-Length: 5"), b"helloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil") as url,
            Client(QUICK, LOOPBACK) as client,
        ):
            first = await client.get(url, limit=100)
            second = await client.get(url, limit=100)
        assert first.body == second.body == b"hello"

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"\x16\x03\x01garbage\r\n\r\n",
            head("Content-Length: -4"),
            head("Content-Length: x"),
            b"\x1b[2J\r\n\r\n",
        ],
    )
    async def test_no_http_is_unreachable_and_reported_in_plain_characters(self, answer):
        async with lying(answer) as url:
            error = await refusal(url)
        assert error.code is LogCode.UNREACHABLE
        assert error.detail.isascii()
        assert error.detail.isprintable()

    async def test_silence_ends_after_the_idle_time(self):
        async with lying(head("Content-Length: 500"), b"x", pause=30) as url:
            async with asyncio.timeout(3):
                error = await refusal(url, limits=Limits(idle_seconds=0.2))
        assert error.code is LogCode.UNREACHABLE

    @pytest.mark.parametrize("pieces", [(b"HTTP/1.1 200 OK\r\n",), (head("Content-Length: 5000"),)])
    async def test_a_slow_drip_ends_after_the_time_of_one_resource(self, pieces):
        repeat = b"x" if b"\r\n\r\n" in pieces[0] else b"A: b\r\n"
        limits = Limits(idle_seconds=5, resource_seconds=0.2, bytes_a_second=100_000)
        async with lying(*pieces, pause=0.02, repeat=repeat) as url:
            async with asyncio.timeout(3):
                error = await refusal(url, limits=limits)
        assert error.code is LogCode.UNREACHABLE
        assert "no whole answer" in error.detail

    async def test_a_larger_resource_is_given_more_time(self):
        limits = Limits(resource_seconds=0.05, bytes_a_second=1000)
        async with lying(head("Content-Length: 3"), b"a", b"b", b"c", pause=0.2) as url:
            assert (await refusal(url, limit=10, limits=limits)).code is LogCode.UNREACHABLE
            async with Client(limits, LOOPBACK) as client:
                assert (await client.get(url, limit=3000)).body == b"abc"

    async def test_nobody_listening_is_unreachable(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            assert (await refusal(f"http://127.0.0.1:{port}/")).code is LogCode.UNREACHABLE

    async def test_an_unknown_name_is_unreachable(self):
        assert (await refusal("https://no-such-host.invalid/")).code is LogCode.UNREACHABLE

    async def test_a_connection_reset_is_unreachable(self):
        async def reset(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close()

        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            assert (await refusal(f"http://127.0.0.1:{port}/")).code is LogCode.UNREACHABLE

    async def test_a_server_without_tls_is_unreachable_by_https(self):
        async with serving(answering(body=b"x")) as url:
            error = await refusal(url.replace("http:", "https:"))
        assert error.code is LogCode.UNREACHABLE
        assert "not allowed" not in error.detail


class TestAddresses:
    """Nobody's URL leads inside."""

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "0x7f000001",
            "0.0.0.0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "10.1.2.3",
        ],
    )
    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_a_host_that_is_not_global_is_refused(self, host, scheme):
        error = await refusal(f"{scheme}://{host}:9/", allow=())
        assert error.code is LogCode.UNREACHABLE
        assert "not allowed" in error.detail

    @pytest.mark.parametrize(
        "addresses", [("127.0.0.1",), ("169.254.169.254", "::ffff:7f00:1"), ("fd00::1", "10.0.0.1")]
    )
    async def test_a_name_that_resolves_inward_is_refused(self, addresses):
        error = await refusal("https://chm.example/", allow=(), resolver=Names(*addresses))
        assert error.code is LogCode.UNREACHABLE
        assert "not allowed" in error.detail

    async def test_a_refused_server_sees_no_connection(self):
        connected = []
        server = await asyncio.start_server(lambda r, w: connected.append(w) or w.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await refusal(f"http://chm.example:{port}/", allow=(), resolver=Names("127.0.0.1"))
            await asyncio.sleep(0.05)
        assert connected == []

    async def test_an_allowed_address_of_a_name_is_used_beside_a_refused_one(self):
        async with serving(answering(body=b"x")) as url:
            port = url.rsplit(":", 1)[1]
            async with Client(QUICK, LOOPBACK, Names("10.0.0.1", "127.0.0.1")) as client:
                assert (await client.get(f"http://chm.example:{port}/", limit=10)).body == b"x"

    async def test_localhost_may_speak_plain_http_where_its_address_is_allowed(self):
        async with serving(answering(body=b"x")) as url, Client(QUICK, LOOPBACK) as client:
            assert (await client.get(url.replace("127.0.0.1", "localhost"), limit=10)).body == b"x"

    async def test_plain_http_to_a_global_address_is_refused_before_a_connection(self):
        error = await refusal("http://chm.example/", resolver=Names("9.9.9.9"))
        assert "plain http" in error.detail

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "/log",
            "chm.example/log",
            "ftp://chm.example/",
            "file:///etc/passwd",
            "https://",
            "https://u:p@chm.example/",
            "https://u@chm.example/",
            "http://[",
            "http://2130706433/",
            "https://chm.example:99999/",
            f"https://{'a' * 70}.example/",
        ],
    )
    async def test_what_is_no_plain_url_is_unreachable(self, url):
        assert (await refusal(url)).code is LogCode.UNREACHABLE

    @pytest.mark.parametrize("address", SPECIAL.split())
    def test_special_addresses_are_refused(self, address):
        assert not is_allowed(ip_address(address))

    @pytest.mark.parametrize("address", ["9.9.9.9", "196.200.0.1", "2620:fe::fe", "2a00::1", "64:ff9b::909:909"])
    def test_global_addresses_are_allowed(self, address):
        assert is_allowed(ip_address(address))

    @pytest.mark.parametrize(
        "address",
        ["::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001::1", "64:ff9b:1::1"],
    )
    def test_embedded_addresses_are_refused_whatever_is_allowed(self, address):
        everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
        assert not is_allowed(ip_address(address), everything)

    @pytest.mark.parametrize(
        ("network", "inside", "outside"),
        [
            ("127.0.0.0/8", "127.0.0.1", "10.0.0.1"),
            ("10.8.0.0/16", "10.8.0.9", "10.9.0.9"),
            ("::1/128", "::1", "::2"),
        ],
    )
    def test_allow_private_opens_its_ranges_and_no_others(self, network, inside, outside):
        allow = (ip_network(network),)
        assert is_allowed(ip_address(inside), allow)
        assert not is_allowed(ip_address(outside), allow)

    @given(st.ip_addresses(v=4).filter(lambda a: not a.is_global))
    def test_no_address_that_python_calls_private_is_allowed(self, address):
        assert not is_allowed(address)
        assert not is_allowed(ip_address(f"::ffff:{address}"))


class TestRetryAfter:
    """Both forms of the header."""

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            (None, None),
            ("0", 0),
            ("120", 120),
            ("99999999", DAY),
            ("-5", None),
            ("soon", None),
            ("\u0663", None),
            ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
            ("Thu, 01 Jan 1970 00:02:00 -0000", 20),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
            ("Fri, 31 Dec 99999 23:59:59 GMT", None),
            ("Fri, 32 Dec 1999 23:59:59 GMT", None),
        ],
    )
    def test_seconds_and_dates_are_read_and_bounded(self, value, seconds):
        assert retry_after(value, 100.0, DAY) == seconds

    @given(st.text())
    def test_no_text_breaks_it_or_leaves_the_bounds(self, value):
        seconds = retry_after(value, 0.0, DAY)
        assert seconds is None or 0 <= seconds <= DAY
