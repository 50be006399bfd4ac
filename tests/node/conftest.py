"""A real node with published records, a log it has harvested, and its web server on loopback."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from chmnode.app import build
from chmnode.federation import pin
from chmnode.node import Node, found, open_node
from chmnode.publishing import Draft
from chmnode.storage import Peers
from chmsync.errors import RecordCode
from chmsync.simulator import Peer

NOW = 1_775_000_000
HOME = "https://chm.example.org/ke"
NEED = {
    "type": "Need",
    "languages": ["fr", "en"],
    "title": {"fr": "Formation à la surveillance des récifs", "en": "Training in reef monitoring"},
    "translations": {"en": {"machine": True, "reviewed": False}},
    "problem": {"fr": "Personne ne sait compter les coraux.\n\nIl faut une formation. " * 20},
    "government": "KE",
    "countries": ["KE"],
    "regions": [],
    "assistanceTypes": ["CHM-ASSIST-TRAINING"],
    "cbdSubjects": ["CBD-SUBJECT-IAS"],
    "gbfTargets": ["GBF-TARGET-06"],
    "budgetSought": {"amount": "125000", "currency": "USD"},
    "validUntil": "2026-12-31",
    "contactPoint": f"{HOME}/contact/1",
}
OFFER = {
    "type": "Offer",
    "languages": ["en"],
    "title": {"en": "Course on DNA barcoding <script>alert(1)</script>"},
    "summary": {"en": "Two weeks, on site."},
    "countries": [],
    "regions": ["002"],
    "assistanceTypes": ["CHM-ASSIST-TRAINING"],
    "cbdSubjects": ["CBD-SUBJECT-IAS"],
    "eligibility": {"countries": ["KE"]},
    "cost": "free",
    "websites": [{"url": "https://barcoding.example.org/", "name": "Barcoding"}],
    "source": {"url": "https://cbd.example.org/offer", "date": "2025-11"},
}


@dataclass(frozen=True, slots=True)
class Site:
    """The node, where its records are, and its server."""

    node: Node
    need: str
    offer: str
    gone: str
    erased: str
    peer: Peer
    server: TestServer

    def path(self, iri: str) -> str:
        """The path of an address of ours."""
        return iri.removeprefix("https://chm.example.org")


@pytest.fixture
async def node(folder):
    """A node that is named, but says nothing yet."""
    home = folder / "node"
    settings = {
        "name": "CHM Kenya",
        "base_url": HOME,
        "governments": ("KE",),
        "languages": ("en", "ar", "es", "fr", "ru", "zh"),
    }
    await found(home, clock=lambda: NOW, **settings)
    async with open_node(home, clock=lambda: NOW) as opened:
        yield opened


async def publish(node: Node, *documents) -> list[str]:
    """Put drafts into the node's log; their addresses."""
    result = await node.publisher.stage_drafts(
        [Draft(line, dict(document)) for line, document in enumerate(documents, 1)]
    )
    assert not result.refused, [refused.document() for refused in result.refused]
    await node.sequencing.drain()
    return list(result.accepted)


def foreign() -> Peer:
    """A node of another country: one record of a type we do not know, one that fails its check, one withdrawn."""
    peer = Peer()
    peer.put("reef", peer.record("reef", title={"ar": "الشعاب المرجانية"}, link="javascript:alert(1)"))
    peer.put("forged", {**peer.sign(peer.record("forged")), "title": {"en": "changed"}})
    peer.put("left")
    peer.remove("left")
    return peer


async def harvest(node: Node, peer: Peer, folder: Path) -> None:
    """Pin a simulated peer and harvest a copy of its log, as if two hours ago."""
    async with node.database.transaction() as session:
        descriptor = replace(peer.member, name="Réseau des récifs").encode()
        await pin(session, node.member, descriptor, governments=peer.governments, now=NOW)
    size = len(peer.leaves)
    for path in ("checkpoint", f"tile/entries/000.p/{size}", f"tile/0/000.p/{size}", "records/000"):
        file = folder / "log" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(peer.resource(path))
    (report,) = (await node.federation.harvest_offline(folder)).reports
    assert report.status == "ok"
    assert {one.code for one in report.quarantined} == {RecordCode.PROOF}
    async with node.database.transaction() as session:
        (row,) = await Peers(session).list()
        await Peers(session).save(peer.origin, replace(row.schedule, last_ok=NOW - 7200))


@pytest.fixture
async def site(node, folder):
    """The web server of a node with a need, an offer, one of each kind of departure, and a harvested peer."""
    need, offer, gone, erased = await publish(node, NEED, OFFER, OFFER, OFFER)
    await node.publisher.withdraw(gone, "outdated")
    await node.publisher.erase(erased, "personal-data")
    await node.sequencing.drain()
    peer = foreign()
    await harvest(node, peer, folder / "copy")
    server = TestServer(build(node))
    await server.start_server()
    yield Site(node, need, offer, gone, erased, peer, server)
    await server.close()


@pytest.fixture
async def client(site, aiohttp_client):
    """A client that asks for no compression and decodes none."""
    return await aiohttp_client(site.server, auto_decompress=False, headers={"Accept-Encoding": "identity"})
