"""A harvester over a real database, and simulated peers for it to read."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from chmnode.storage import LogStore, Records
from chmsync.checking import Checking
from chmsync.harvester import Harvester
from chmsync.keys import PrivateKey
from chmsync.limits import Limits
from chmsync.log import Cosigner
from chmsync.report import HarvestReport
from chmsync.simulator import CONTEXT, Peer, PeerSource

NOW = 1_767_225_600


class Examples:
    """The record types of these tests: an `Example` has a title, unless that is not asked for."""

    titles = True

    def problem(self, document):
        return None if document.get("title") or not self.titles else "$.title: is missing"

    def known_context(self, context):
        return context == CONTEXT

    def derive(self, document):
        return None


@dataclass
class Region:
    """Somebody who harvests one peer, and remembers."""

    store: LogStore
    database: object
    checking: Checking
    limits: Limits = field(default_factory=Limits)
    now: float = NOW
    mirror: Cosigner = field(
        default_factory=lambda: Cosigner("region.example.org/mirror", PrivateKey.from_seed(b"m" * 32))
    )

    async def harvest(self, peer: Peer, *sources: PeerSource, governments=("KE",), **options) -> HarvestReport:
        harvester = Harvester(self.store, self.checking, lambda: self.now, self.mirror, self.limits)
        member = peer.member.allowing(governments)
        return await harvester.harvest(member, sources or [PeerSource(peer)], **options)

    async def shown(self, peer: Peer, slug: str):
        """The title of the record in force, or None."""
        record = await Records(self.database.read).get(peer.iri(slug))
        return record and record.document()["title"]["en"]

    async def state(self, peer: Peer):
        return await self.store.load(peer.origin)


@pytest.fixture
def region(database) -> Iterator[Region]:
    checking = Checking(Examples)
    yield Region(LogStore(database), database, checking)
    checking.close()


@pytest.fixture
def peer() -> Peer:
    return Peer()


def codes(report: HarvestReport) -> dict[int, str]:
    """What was quarantined, by index."""
    return {one.index: str(one.code) for one in report.quarantined}


def small(region: Region, **limits) -> Region:
    """The same region with other limits."""
    return replace(region, limits=Limits(**limits))
