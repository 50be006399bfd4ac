"""`chm demo`: a federation on loopback with real records, from four empty folders to a verified central node.

Two national nodes publish, a regional node publishes the rest and mirrors all, the central node harvests from the
region alone. Every folder is an ordinary node folder: after the demo, `chm -C DIR/cameroon ...` works on it as on
any other. Nothing is shortened: the nodes talk HTTP, and the last step checks from outside, with the pinned keys
alone, that what the centre serves is what the countries signed.

Each country also endorses a need. No government has done so: title and statement say that it is a demonstration
(`deploy/demo/README.md`), and a test refuses words that do not.
"""

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click
import uvloop

from chmnode import resources
from chmnode.app import serving
from chmnode.cli.record import endorsement
from chmnode.config import FILE
from chmnode.errors import NodeError
from chmnode.federation import pin
from chmnode.node import Node, found, open_node
from chmnode.publishing import Draft, Refused, read_drafts
from chmnode.storage import Records
from chmnode.worker import Worker
from chmsync.acceptance import matches
from chmsync.canonical import decode
from chmsync.entry import Entry
from chmsync.http import Client
from chmsync.limits import RECORD_BYTES, Limits
from chmsync.member import Member
from chmsync.mirror import mirror_name
from chmsync.proof import verify_document
from chmsync.report import HarvestReport
from chmsync.tlog_proof import TlogProof, verify

_PRIVATE: Final = ["127.0.0.0/8", "::1/128"]
_PORT: Final = 8400


class DemoFailed(NodeError):
    """A step of the demonstration did not do what it must."""


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the demonstration: its folder, settings, and the records it publishes."""

    slug: str
    name: str
    kind: str
    governments: tuple[str, ...] = ()
    records: str | None = None


PARTS: Final = (
    Part("costa-rica", "Clearing-house of Costa Rica (demonstration)", "national", ("CR",), "costa-rica.jsonl"),
    Part("cameroon", "Centre d’échange du Cameroun (démonstration)", "national", ("CM",), "cameroon.jsonl"),
    Part("region", "Regional support centre (demonstration)", "regional", (), "region.jsonl"),
    Part("centre", "Central clearing-house (demonstration)", "central"),
)


@click.command()
@click.option("--once", is_flag=True, help="Check everything and end; exit status 0 only if all is verified and found.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), help="Where to keep the four nodes; else they are removed."
)
@click.option("--port", default=_PORT, show_default=True, help="First of four ports; with --once any free ones.")
def demo(*, once: bool, folder: Path | None, port: int) -> None:
    """Show a federation on this machine: two countries, a region, the centre."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="chm-demo-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ports = _free_ports(len(PARTS)) if once else list(range(port, port + len(PARTS)))
        uvloop.run(_show(folder, ports, once=once))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


async def _show(folder: Path, ports: Sequence[int], *, once: bool) -> None:
    started = time.perf_counter()
    async with AsyncExitStack() as stack:
        click.echo("Four nodes, each in a folder of its own, each with its own keys:")
        nodes = [
            await stack.enter_async_context(_node(folder, part, port)) for part, port in zip(PARTS, ports, strict=True)
        ]
        *countries, region, centre = nodes
        click.echo("\nReal needs and offers, signed and published; each country endorses one of them, for show:")
        published = sum([await _publish(node, part) for node, part in zip(nodes, PARTS, strict=True) if part.records])
        click.echo("\nThe region harvests the countries; the centre harvests everybody from the region's mirror:")
        await _introduce(region, countries)
        await _introduce(centre, [region])
        await _introduce(centre, countries, through=region)
        _tell(region, await region.federation.harvest())
        _tell(centre, await centre.federation.harvest())
        click.echo("\nAsked of the centre, from outside, with the countries' keys alone:")
        found_records = await _check(centre, [*countries, region])
        if found_records != published:
            raise DemoFailed(f"{published} records were published and {found_records} found at the centre")
        click.echo(f"  {found_records} of {published} records found, each unaltered and proven in its own log")
        _addresses(nodes, time.perf_counter() - started)
        if not once:
            await _stay(nodes, folder)


@contextlib.asynccontextmanager
async def _node(folder: Path, part: Part, port: int) -> AsyncIterator[Node]:
    """Make a node, or open the one of an earlier demonstration, and serve it."""
    place = folder / part.slug
    if not (place / FILE).exists():
        await found(
            place,
            name=part.name,
            base_url=f"http://localhost:{port}",
            kind=part.kind,
            governments=list(part.governments),
            code=part.slug.replace("-", "").upper(),
            allow_private=_PRIVATE,
        )
    async with open_node(place) as node, serving(node, "localhost", _port(node)):
        click.echo(f"  {part.name}: {node.member.base_url}")
        yield node


def _port(node: Node) -> int:
    return int(node.member.base_url.rpartition(":")[2])


async def _publish(node: Node, part: Part) -> int:
    """Import a node's records once; how many it has in force then."""
    records = Records(node.database.read)
    have = sum(count.records for count in await records.counts() if count.origin == node.origin)
    if not have:
        drafts = read_drafts(resources.folder("demo") / (part.records or ""))
        published = await _stage(node, part, drafts)
        have = len(published) + len(await _stage(node, part, await _endorsements(node, part, published)))
    state = await node.logs.load(node.origin)
    click.echo(f"  {part.name}: {have} records, log of {state.size} entries")
    return have


async def _stage(node: Node, part: Part, drafts: Iterable[Draft | Refused]) -> list[str]:
    """Publish drafts of a node, all of them; their addresses."""
    result = await node.publisher.stage_drafts(drafts)
    if result.refused:
        first = result.refused[0]
        raise DemoFailed(f"{part.slug} line {first.line}: {first.detail}")
    await node.sequencing.drain()
    return result.accepted


async def _endorsements(node: Node, part: Part, published: Sequence[str]) -> list[Draft]:
    """What the node endorses of its records, in words that say it is a demonstration."""
    wanted = json.loads((resources.folder("demo") / "endorsements.json").read_text("utf-8"))
    drafts = list[Draft]()
    for line, one in enumerate(wanted, 1):
        if one["file"] == part.records:
            endorsed = await Records(node.database.read).get(published[one["line"] - 1])
            assert endorsed is not None
            draft = endorsement(endorsed, one["government"], node.concepts, one["statement"])
            drafts.append(Draft(line, {**draft, "title": one["title"]}))
    return drafts


async def _introduce(node: Node, peers: Sequence[Node], *, through: Node | None = None) -> None:
    """Pin peers by the descriptors they publish, fetched here and compared by fingerprint as an operator would."""
    async with _client(node) as client:
        descriptors = [await client.get(f"{peer.member.base_url}/member.json", limit=RECORD_BYTES) for peer in peers]
    for peer, answer in zip(peers, descriptors, strict=True):
        descriptor = answer.body
        if Member.parse(descriptor).fingerprint() != peer.member.fingerprint():
            raise DemoFailed(f"{peer.member.base_url}/member.json is not the descriptor of that node")
        prefixes = [f"{through.member.base_url}/mirror/{mirror_name(peer.origin)}"] if through else []
        async with node.database.transaction() as session:
            await pin(
                session,
                node.member,
                descriptor,
                governments=peer.member.authority.governments,
                prefixes=prefixes,
                now=int(node.clock()),
            )


def _tell(node: Node, reports: Sequence[HarvestReport]) -> None:
    click.echo(f"  {node.config.name}:")
    for report in reports:
        if report.status != "ok" or report.quarantined:
            refused = [f"{one.index} {one.code} {one.detail}" for one in report.quarantined]
            raise DemoFailed(f"{report.origin}: {report.code or ''} {report.detail or ''} {'; '.join(refused)}".strip())
        click.echo(
            f"    {report.origin} from {report.source}: {report.new} entries, {report.accepted} records accepted, "
            f"{report.requests} requests, {report.seconds:.2f} s"
        )


async def _check(centre: Node, publishers: Sequence[Node]) -> int:
    """Find every published record at the centre, byte for byte, signed by its country and proven in its own log."""
    total = 0
    async with _client(centre) as client:
        for publisher in publishers:
            async for iri, body in _records_of(publisher):
                await _check_record(client, centre.member.base_url, publisher.member, iri, body)
                total += 1
    return total


async def _records_of(node: Node) -> AsyncIterator[tuple[str, bytes]]:
    records, after = Records(node.database.read), None
    while page := await records.page(origin=node.origin, after=after, limit=100):
        for record in page:
            yield record.iri, record.body
        after = page[-1].cursor


async def _check_record(client: Client, centre: str, publisher: Member, iri: str, published: bytes) -> None:
    """One record as anybody would check it who holds the publisher's descriptor."""
    where = f"id={quote(iri, safe='')}"
    served = await client.get(f"{centre}/view?{where}", limit=RECORD_BYTES, accept="application/ld+json")
    if served.body != published:
        raise DemoFailed(f"{iri} at the centre is not what was published")
    answer = await client.get(f"{centre}/view/proof?{where}", limit=Limits().note_bytes)
    proof = TlogProof.parse(answer.body)
    entry = Entry.parse(proof.extra or b"")
    verify(proof, proof.extra or b"", publisher.origin, publisher.log_keys)
    document = decode(served.body)
    if not isinstance(document, dict) or not matches(entry, served.body):
        raise DemoFailed(f"{iri}: the proof is of another text than the centre serves")
    verify_document(document, lambda method: publisher.record_key(method, proof.index))


def _client(node: Node) -> Client:
    return Client(node.config.limits, node.config.allow_private)


def _addresses(nodes: Sequence[Node], seconds: float) -> None:
    click.echo(f"\nAll verified and found, in {seconds:.1f} s. The nodes:")
    for node in nodes:
        click.echo(f"  {node.member.base_url}/  {node.config.name}")
    click.echo(f"  {nodes[-1].member.base_url}/federation  who was harvested, and what was refused")


async def _stay(nodes: Sequence[Node], folder: Path) -> None:
    """Keep the nodes working until the user has seen enough."""
    click.echo(f"\nThe folders are below {folder}. Press Ctrl-C to stop.")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.gather(*(Worker(node).run(stop) for node in nodes))
