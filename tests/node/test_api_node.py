"""The node's own resources, its logs and mirrors, and how it refuses and starts."""

import asyncio
import gzip
import json
import os
import signal
from hashlib import sha256

import aiohttp
import pytest

from chmnode import app
from chmnode.app import CannotListen, build, serve, serving
from chmnode.errors import DatabaseBusy
from chmsync import tiles
from chmsync.checkpoint import open_checkpoint
from chmsync.keys import from_multikey
from chmsync.member import Member
from chmsync.mirror import mirror_name
from chmsync.proof import verify_document
from tests.node.conftest import OFFER, publish


async def test_the_checkpoint_is_short_lived_and_signed(site, client):
    response = await client.get("/ke/log/checkpoint")
    assert response.headers["Cache-Control"] == "public, max-age=5"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    opened = open_checkpoint(await response.read(), site.node.origin, site.node.member.log_keys)
    assert opened.checkpoint.size == 6
    again = await client.get("/ke/log/checkpoint", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status, again.headers["Cache-Control"]) == (304, "public, max-age=5")


@pytest.mark.parametrize("path", ["tile/0/000.p/6", "tile/entries/000.p/6"])
async def test_tiles_are_kept_for_a_year(client, path):
    response = await client.get(f"/ke/log/{path}")
    assert (response.status, response.headers["Content-Type"]) == (200, "application/octet-stream")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_bundles_carry_the_living_compressed_on_request(site, client):
    response = await client.get("/ke/log/records/000", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert response.headers["Content-Encoding"] == "gzip"
    lines = gzip.decompress(await response.read()).split(b"\n")
    assert [json.loads(line)["id"] if line else None for line in lines] == [site.need, site.offer, *[None] * 5]
    entries = await client.get("/ke/log/tile/entries/000.p/6", headers={"Accept-Encoding": "gzip"})
    assert len(tiles.decode_bundle(gzip.decompress(await entries.read()), 6)) == 6


async def test_a_record_by_hash_is_served_until_it_is_erased(site, client):
    body = await (await client.get(site.path(site.need))).read()
    response = await client.get(f"/ke/log/record/{sha256(body).hexdigest()}")
    assert await response.read() == body
    leaves = await site.node.logs.leaf_bytes(site.node.origin, 3, 4)
    erased = json.loads(leaves[0])["sha256"]
    response = await client.get(f"/ke/log/record/{erased}")
    assert (response.status, response.headers["Content-Type"]) == (410, "application/problem+json")


@pytest.mark.parametrize("path", ["tile/0/000.p/7", "tile/0/999", "record/xyz", "..%2Fnode.toml", "records/001", "x"])
async def test_what_a_log_does_not_have_is_a_problem(client, path):
    response = await client.get(f"/ke/log/{path}")
    assert (response.status, response.headers["Content-Type"]) == (404, "application/problem+json")


async def test_a_harvested_log_is_served_again_with_our_cosignature(site, client):
    name = mirror_name(site.peer.origin)
    note = await (await client.get(f"/ke/mirror/{name}/checkpoint")).read()
    assert open_checkpoint(note, site.peer.origin, site.peer.member.log_keys).checkpoint.size == 4
    assert b"chm.example.org/ke/mirror" in note
    assert (await client.get(f"/ke/mirror/{name}/tile/0/000.p/4")).status == 200
    assert (await client.get(f"/ke/mirror/{'0' * 64}/checkpoint")).status == 404
    assert (await client.get(f"/ke/mirror/{mirror_name(site.node.origin)}/checkpoint")).status == 404


async def test_the_node_describes_itself_and_what_it_mirrors(site, client):
    response = await client.get("/ke/node.jsonld")
    described = await response.json(content_type=None)
    assert response.headers["Content-Type"] == "application/ld+json"
    assert (described["name"], described["kind"], described["did"]) == (
        "CHM Kenya",
        "national",
        "did:web:chm.example.org:ke",
    )
    (mirror,) = described["mirrors"]
    assert (mirror["origin"], mirror["size"]) == (site.peer.origin, 4)
    assert (await client.get(f"{site.path(mirror['prefix'])}/checkpoint")).status == 200
    for name in ("member", "search", "suggest", "concepts"):
        address = site.path(described["interfaces"][name].format(text="reef", typed="reef"))
        assert (await client.get(address)).status == 200


async def test_the_member_descriptor_is_what_an_operator_pins(site, client):
    member = Member.parse(await (await client.get("/ke/member.json")).read())
    assert member.fingerprint() == site.node.member.fingerprint()


async def test_the_did_document_lists_the_record_keys(site, client):
    response = await client.get("/ke/did.json")
    document = await response.json(content_type=None)
    assert document["id"] == "did:web:chm.example.org:ke"
    (method,) = document["verificationMethod"]
    assert from_multikey(method["publicKeyMultibase"]) == site.node.member.record_keys[0].public


async def test_the_harvest_report_is_signed_and_tells_each_refusal(site, client):
    response = await client.get(f"/ke/harvest/report/{mirror_name(site.peer.origin)}")
    report = await response.json(content_type=None)
    verify_document(report, lambda method: site.node.member.record_key(method, 0))
    assert [(entry["index"], entry["code"]) for entry in report["quarantined"]] == [(1, "PROOF")]
    assert (await client.get(f"/ke/harvest/report/{'0' * 64}")).status == 404


async def test_health_is_never_cached(client):
    response = await client.get("/ke/health")
    assert (await response.json(), response.headers["Cache-Control"]) == ({"status": "ok", "size": 6}, "no-store")


@pytest.mark.parametrize("path", ["/ke/", "/ke/nowhere", "/ke/node.jsonld", "/ke/log/checkpoint", "/elsewhere"])
async def test_every_response_forbids_scripts_frames_and_foreign_content(client, path):
    headers = (await client.get(path, headers={"Accept": "text/html"})).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    )
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "aiohttp" not in headers["Server"]


async def test_a_refusal_is_a_problem_for_machines_and_a_page_for_people(client):
    machine = await client.get("/ke/nowhere")
    assert machine.headers["Content-Type"] == "application/problem+json"
    assert (await machine.json(content_type=None))["status"] == machine.status == 404
    person = await client.get("/ke/nowhere", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert (person.status, person.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Il n’y a rien ici" in await person.text()


async def test_other_methods_are_refused_with_those_there_are(client):
    response = await client.post("/ke/records")
    assert response.status == 405
    assert set(response.headers["Allow"].split(",")) == {"GET", "HEAD"}
    preflight = await client.options("/ke/log/checkpoint")
    assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")


async def test_a_failure_shows_no_trace_and_logs_one(site, client, monkeypatch, caplog):
    async def fail(*_):
        raise RuntimeError("secret of the machine")

    monkeypatch.setattr(type(site.node.logs), "load", fail)
    for accept in ("*/*", "text/html"):
        response = await client.get("/ke/log/checkpoint", headers={"Accept": accept})
        assert response.status == 500
        assert "secret" not in await response.text()
    assert "secret of the machine" in caplog.text


async def test_a_busy_database_asks_to_come_back(site, client, monkeypatch):
    async def busy(*_):
        raise DatabaseBusy("in use")

    monkeypatch.setattr(type(site.node.logs), "load", busy)
    response = await client.get("/ke/health")
    assert (response.status, response.headers["Retry-After"]) == (503, "5")


async def test_a_port_that_is_taken_is_said_with_the_mend(node):
    async with serving(node, "127.0.0.1", 0) as port:
        with pytest.raises(CannotListen, match=f"port {port} .*choose another with --port"):
            async with serving(node, "127.0.0.1", port):
                pass


async def test_the_server_answers_what_is_under_way_and_then_stops_on_a_signal(node):
    ports: asyncio.Queue[int] = asyncio.Queue()
    running = asyncio.create_task(serve(node, "127.0.0.1", 0, started=ports.put_nowait))
    port = await ports.get()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/ke/health") as response:
        assert response.status == 200
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 5)
    with pytest.raises(aiohttp.ClientConnectionError):
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/ke/health"):
            pass


async def test_the_access_log_samples_the_ordinary_and_names_no_visitor(node, aiohttp_client, monkeypatch, caplog):
    caplog.set_level("INFO", "chmnode.access")
    async with serving(node, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        for _ in range(250):
            async with session.get(f"http://127.0.0.1:{port}/ke/health?secret=1"):
                pass
        ordinary = [record.message for record in caplog.records if record.name == "chmnode.access"]
        assert 1 <= len(ordinary) <= 4
        assert ordinary[0].startswith("GET /ke/health 200 ")
        assert not any("secret" in line or "127.0.0.1" in line for line in ordinary)


async def say(port, request):
    """Send bytes to the server as they are, and wait for its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_no_visitor_writes_lines_of_our_log(node, monkeypatch, caplog):
    async def fail(*_):
        raise RuntimeError

    caplog.set_level("INFO", "chmnode")
    monkeypatch.setattr("chmnode.api.access_log.SAMPLE", 1)
    monkeypatch.setattr("chmnode.storage.Records.get", fail)
    async with serving(node, "127.0.0.1", 0) as port:
        await say(port, b"GET /ke/records/a%0ab%1b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("chmnode")]
    assert "GET /ke/records/a%0ab%1b failed" in said
    assert any(line.startswith("GET /ke/records/a%0ab%1b 500 ") for line in said)
    assert all(line.isascii() and line.isprintable() for line in said)


@pytest.mark.parametrize(
    "request_", [b"GET /\x01 HTTP/1.1\r\n\r\n", b"GET / HTTP/9x\r\n\r\n", b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n"]
)
async def test_a_request_that_nobody_can_parse_is_one_line_without_trace(node, caplog, request_):
    async with serving(node, "127.0.0.1", 0) as port:
        assert (await say(port, request_)).startswith(b"HTTP/1.0 400 ")
    (line,) = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert line.getMessage().startswith("a request could not be parsed (")
    assert "127.0.0.1" not in line.getMessage()


async def test_a_node_at_the_root_of_its_host_has_its_did_document_where_did_web_says(folder, aiohttp_client):
    from chmnode.node import found, open_node

    await found(folder / "root", name="CHM", base_url="https://chm.example.net", governments=("KE",))
    async with open_node(folder / "root") as node:
        (offer,) = await publish(node, OFFER)
        client = await aiohttp_client(build(node))
        for path in ("/.well-known/did.json", "/", "/about", offer.removeprefix("https://chm.example.net")):
            assert (await client.get(path)).status == 200


def test_the_fast_event_loop_is_used_where_there_is_one():
    loop = app.loop_factory()()
    loop.close()
    assert type(loop).__module__.startswith("uvloop")
