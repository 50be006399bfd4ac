"""The node as a member of the federation: pinning, sources, what is remembered of a harvest."""

from dataclasses import replace

import pytest

from chmnode.federation import PinRefused, pin, pinned
from chmnode.federation.peers import sources_of
from chmnode.storage import LogStore, Peers, Records
from chmsync.checking import Checking
from chmsync.harvester import Harvester
from chmsync.http import Client, Meter
from chmsync.limits import Limits
from chmsync.simulator import Peer, PeerSource
from tests.federation.conftest import NOW, Examples, codes

OWN = Peer("https://chm.example.org").member


@pytest.fixture
def peer():
    return Peer()


async def pinning(database, member, **options):
    async with database.transaction() as session:
        return await pin(session, OWN, member.encode(), now=NOW, **options)


async def test_a_hand_pinned_peer_is_believed_for_no_government_unless_the_operator_says_so(database, peer):
    await pinning(database, peer.member)
    (believed,) = await pinned(database.read)
    assert believed.member.authority.governments == ()
    await pinning(database, peer.member, governments=["KE"])
    (believed,) = await pinned(database.read)
    assert believed.member.authority.governments == ("KE",)


async def test_pinning_again_replaces_the_descriptor_and_keeps_the_schedule(database, peer):
    await pinning(database, peer.member)
    async with database.transaction() as session:
        (row,) = await Peers(session).list()
        await Peers(session).save(peer.origin, replace(row.schedule, failures=3))
    await pinning(database, replace(peer.member, name="Another name"))
    (again,) = await pinned(database.read)
    assert (again.member.name, again.row.schedule.failures) == ("Another name", 3)


async def test_the_node_does_not_pin_itself(database):
    with pytest.raises(PinRefused, match="is this node itself"):
        await pinning(database, OWN)


@pytest.mark.parametrize("prefix", ["https://chm.example.ke/records", "https://chm.example.ke/records/sub"])
async def test_two_peers_cannot_own_the_same_records(database, peer, prefix):
    await pinning(database, peer.member)
    other = Peer("https://chm.example.ug").member
    with pytest.raises(PinRefused, match=r"belong to chm\.example\.ke/log"):
        await pinning(database, replace(other, id_prefixes=(*other.id_prefixes, prefix)))


async def test_what_is_no_descriptor_is_refused_in_words(database):
    async with database.transaction() as session:
        with pytest.raises(PinRefused, match="not a member descriptor"):
            await pin(session, OWN, b"{}", now=NOW)


async def test_sources_are_the_descriptors_then_home_and_the_operators_replace_both(database, peer):
    member = replace(peer.member, sources=("https://mirror.example.org/mirror/x",))
    await pinning(database, member)
    async with Client(Limits()) as client:
        (believed,) = await pinned(database.read)
        listed = sources_of(believed, client, Meter())
        assert [(source.prefix, source.is_origin) for source in listed] == [
            ("https://mirror.example.org/mirror/x", False),
            ("https://chm.example.ke/log", True),
        ]
        await pinning(database, member, prefixes=["https://region.example.org/mirror/y"])
        (believed,) = await pinned(database.read)
        listed = sources_of(believed, client, Meter())
        assert [source.prefix for source in listed] == ["https://region.example.org/mirror/y"]


async def test_a_member_that_moved_brings_its_old_records_into_force(database, peer):
    """More prefixes make well-formed what was foreign: the whole log is judged again."""
    old = "https://old.example.ke/records/a"
    peer.put("a", peer.record("a", id=old), id=old)
    peer.put("b")
    checking = Checking(Examples)
    harvester = Harvester(LogStore(database), checking, lambda: NOW)

    async def harvest():
        (believed,) = await pinned(database.read)
        return await harvester.harvest(believed.member, [PeerSource(peer)])

    await pinning(database, peer.member, governments=["KE"])
    assert codes(await harvest()) == {0: "FOREIGN_IRI"}
    moved = replace(peer.member, id_prefixes=(*peer.member.id_prefixes, "https://old.example.ke/records"))
    await pinning(database, moved, governments=["KE"])
    report = await harvest()
    assert (report.status, report.accepted, report.quarantined, report.size) == ("ok", 1, (), 2)
    assert (await harvest()).accepted == 0
    checking.close()


async def test_when_a_government_is_not_accepted_any_more_its_records_leave_force(database, peer):
    """What the operator says of a peer holds for what was taken over before, too."""
    peer.put("a")
    checking = Checking(Examples)
    harvester = Harvester(LogStore(database), checking, lambda: NOW)

    async def harvest():
        (believed,) = await pinned(database.read)
        return await harvester.harvest(believed.member, [PeerSource(peer)])

    await pinning(database, peer.member, governments=["KE"])
    assert (await harvest()).accepted == 1
    await pinning(database, peer.member, governments=["UG"])
    assert codes(await harvest()) == {0: "AUTHORITY"}
    assert await Records(database.read).get(peer.iri("a")) is None
    await pinning(database, peer.member, governments=["KE"])
    assert (await harvest()).accepted == 1
    checking.close()
