"""Over real connections: a hostile server changes nothing we trust, stops no other peer, and is named in the report."""

import asyncio
import gzip
import json
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chmnode.federation import pin
from chmnode.node import found, open_node
from chmnode.storage import Peers
from chmsync.canonical import decode
from chmsync.proof import verify_document
from chmsync.simulator import Peer

LIMITS = {"connect_seconds": 2.0, "idle_seconds": 0.3, "resource_seconds": 1.0, "bytes_a_second": 1_000_000_000}
BOMB = gzip.compress(bytes(100_000_000), 9)


class Site:
    """A simulated peer behind a web server that can be told to misbehave on one kind of path."""

    def __init__(self, base_url):
        self.peer = Peer(base_url)
        self.misbehaves_on = "nothing"
        self.misbehave = None

    async def answer(self, request):
        path = request.match_info["path"]
        if path.startswith(self.misbehaves_on):
            return await self.misbehave(request)
        body = self.peer.resource(path)
        return web.Response(body=body) if body is not None else web.Response(status=404)


async def endless(request):
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"x" * 65_536)
    except (ConnectionError, asyncio.CancelledError):
        return response


async def drip(request):
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"x")
        await asyncio.sleep(0.1)
    return response


async def cut(request):
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half of it")
    request.transport.abort()
    return response


async def silent(request):
    await asyncio.sleep(5)
    return web.Response()


def answering(status=200, body=b"", **headers):
    async def answer(request):
        return web.Response(
            status=status, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    return answer


HOSTILE = {
    "endless body": (endless, "LIMIT"),
    "slow drip": (drip, "UNREACHABLE"),
    "cut connection": (cut, "UNREACHABLE"),
    "silence": (silent, "UNREACHABLE"),
    "gzip bomb": (answering(body=BOMB, Content_Encoding="gzip"), "LIMIT"),
    "two layers": (answering(body=BOMB, Content_Encoding="gzip, gzip"), "LIMIT"),
    "unknown coding": (answering(body=b"x", Content_Encoding="br"), "LIMIT"),
    "redirect to another host": (answering(302, Location="http://localhost:1/x"), "REDIRECT"),
    "redirect inward": (answering(302, Location="http://169.254.169.254/latest"), "REDIRECT"),
    "server error": (answering(500), "UNREACHABLE"),
    "too many requests": (answering(429, Retry_After="0"), "UNREACHABLE"),
    "not found": (answering(404), "UNREACHABLE"),
}


@pytest.fixture
async def node(tmp_path):
    folder = tmp_path / "region"
    settings = {"name": "Region", "base_url": "https://region.example.org", "kind": "regional", "limits": LIMITS}
    await found(folder, allow_private=["127.0.0.0/8"], **settings)
    async with open_node(folder) as opened:
        yield opened


async def serve(site):
    app = web.Application()
    app.router.add_get("/log/{path:.+}", site.answer)
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.fixture
async def sites(node):
    """A hostile and an honest site, both pinned, both trusted at two records."""
    pair = [Site("https://hostile.example.ke"), Site("https://honest.example.ug")]
    servers = [await serve(site) for site in pair]
    for site, server in zip(pair, servers, strict=True):
        site.peer.put("a", site.peer.record("a", government=None))
        site.peer.put("b", site.peer.record("b", government=None))
        async with node.database.transaction() as session:
            prefix = f"http://127.0.0.1:{server.port}/log"
            await pin(session, node.member, site.peer.member.encode(), prefixes=[prefix], now=int(time.time()))
    reports = await node.federation.harvest()
    assert [report.status for report in reports] == ["ok", "ok"]
    for site in pair:
        site.peer.put("c", site.peer.record("c", government=None))
    yield pair
    for server in servers:
        await server.close()


async def schedule_of(node, peer):
    return (await Peers(node.database.read).get(peer.origin)).schedule


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/", "records/"])
@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_server_is_refused_and_alone(node, sites, kind, path):
    hostile, _honest = sites
    hostile.misbehave, code = HOSTILE[kind]
    hostile.misbehaves_on = path
    before = await node.logs.load(hostile.peer.origin)
    bad, good = sorted(await node.federation.harvest(), key=lambda report: report.origin != hostile.peer.origin)
    assert (good.status, good.size, good.accepted) == ("ok", 3, 1)
    assert (bad.status, bad.code) == ("unreachable" if code == "UNREACHABLE" else "refused", code)
    after = await node.logs.load(hostile.peer.origin)
    assert (after.note, after.size, after.root) == (before.note, before.size, before.root)
    schedule = await schedule_of(node, hostile.peer)
    assert (schedule.failures, schedule.code) == (1, code)
    hostile.misbehaves_on = "nothing"
    (healed,) = await node.federation.harvest([hostile.peer.origin])
    assert (healed.status, healed.size, healed.accepted) == ("ok", 3, 1)


async def test_the_signed_report_names_the_failure(node, sites):
    hostile, _ = sites
    hostile.misbehaves_on, hostile.misbehave = "checkpoint", answering(500)
    await node.federation.harvest()
    report = decode(await node.report(hostile.peer.origin))
    verify_document(report, lambda method: node.member.record_key(method, 0))
    assert (report["status"], report["code"], report["size"], report["accepted"]) == (
        "unreachable",
        "UNREACHABLE",
        2,
        2,
    )


async def test_a_peer_that_asks_for_patience_gets_it(node, sites):
    hostile, _ = sites
    hostile.misbehaves_on, hostile.misbehave = "checkpoint", answering(429, Retry_After="7200")
    await node.federation.harvest()
    schedule = await schedule_of(node, hostile.peer)
    assert schedule.due >= time.time() + 7100
    assert schedule.not_before >= time.time() + 7100
    assert hostile.peer.origin not in await node.federation.due(10)
    hostile.misbehaves_on = "nothing"
    (by_hand,) = await node.federation.harvest([hostile.peer.origin])
    assert (by_hand.status, by_hand.requests, "asked not to be asked" in by_hand.detail) == ("unreachable", 0, True)


async def test_a_run_without_news_is_one_request_a_log(node, sites):
    for site in sites:
        site.peer.leaves.pop()
    reports = await node.federation.harvest()
    assert [(report.status, report.requests, report.new) for report in reports] == [("ok", 1, 0)] * 2


async def test_the_cumulative_report_adds_up(node, sites):
    hostile, _ = sites
    await node.federation.harvest()
    report = decode(await node.report(hostile.peer.origin))
    assert (report["size"], report["accepted"], report["new"], report["quarantined"]) == (3, 3, 3, [])
    assert json.loads((await schedule_of(node, hostile.peer)).run)["totals"]["new"] == 3
