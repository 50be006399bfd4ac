"""Pinned peers: whose log we harvest, with which keys, from where, and for which governments we believe them.

Keys come from the descriptor an operator has pinned, never from first contact (CHM-Sync 1 sections 2 and 8). What the
descriptor claims about governments is only a claim: the authority of a hand-pinned peer is what the operator accepted,
by default none. Refuses descriptors that contradict themselves, our own, and prefixes that another peer already has.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chmnode.errors import NodeError
from chmnode.storage import Logs, Peer, Peers, Session
from chmsync.entry import below
from chmsync.errors import FormatError
from chmsync.http import Client, Meter
from chmsync.member import Member
from chmsync.sources import HttpSource

_LOG = logging.getLogger("chm.federation")


class PinRefused(NodeError):
    """A descriptor that cannot be pinned, with the reason."""


@dataclass(frozen=True, slots=True)
class PinnedPeer:
    """A peer as we believe it: the descriptor under the authority our operator accepted, and its row."""

    member: Member
    row: Peer

    @property
    def origin(self) -> str:
        """Name of its log."""
        return self.member.origin


def _believed(row: Peer) -> PinnedPeer:
    try:
        member = Member.parse(row.descriptor)
    except FormatError as error:
        detail = f"the stored descriptor of {row.origin} cannot be read ({error}); pin it again with `chm peer add`"
        raise PinRefused(detail) from error
    return PinnedPeer(member.allowing(row.governments), row)


async def known(session: Session, origin: str) -> PinnedPeer | None:
    """One peer, if it is pinned."""
    row = await Peers(session).get(origin)
    return _believed(row) if row else None


async def pinned(session: Session, origins: Collection[str] | None = None) -> list[PinnedPeer]:
    """All peers, or these, by origin; one whose stored descriptor cannot be read is told and left out."""
    found = []
    for row in await Peers(session).list():
        if origins is None or row.origin in origins:
            try:
                found.append(_believed(row))
            except PinRefused as error:
                _LOG.error("%s", error)
    return found


async def pin(
    session: Session,
    own: Member,
    descriptor: bytes,
    *,
    governments: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    now: int,
) -> Member:
    """Pin a descriptor, or replace the one we have for its origin.

    Args:
        session: a transaction.
        own: our own member.
        descriptor: the bytes of a `member.json`.
        governments: for which the operator believes this peer.
        prefixes: log prefixes that replace the descriptor's own sources.
        now: POSIX seconds.
    """
    try:
        member = Member.parse(descriptor)
    except FormatError as error:
        raise PinRefused(f"not a member descriptor: {error}") from error
    if member.origin == own.origin:
        raise PinRefused(f"{member.origin} is this node itself")
    for other in [own, *(peer.member for peer in await pinned(session))]:
        if other.origin != member.origin and _overlap(member.id_prefixes, other.id_prefixes):
            raise PinRefused(f"{member.origin} claims record prefixes that belong to {other.origin}")
    before = await Peers(session).get(member.origin)
    logs = Logs(session, lambda: now)
    await Peers(session).put(member.origin, member.encode(), governments=governments, prefixes=prefixes, now=now)
    same = before is not None and _judged_by(_believed(before).member) == _judged_by(member.allowing(governments))
    if not same and (await logs.load(member.origin)).judged:
        await logs.rejudge(member.origin)
    return member


def _judged_by(member: Member) -> tuple[object, ...]:
    """What decides which of a member's entries count: when it changes, all of them are judged again."""
    return member.id_prefixes, member.authority, member.record_keys


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    return any(below([a], f"{b}/x") or below([b], f"{a}/x") for a in one for b in other)


def sources_of(peer: PinnedPeer, client: Client, meter: Meter) -> list[HttpSource]:
    """Where to read a peer's log, in order: the operator's prefixes, or the descriptor's and then the home address."""
    home = f"{peer.member.base_url}/log"
    prefixes = peer.row.prefixes or (*peer.member.sources, home)
    return [HttpSource(client, prefix, prefix == home, meter) for prefix in dict.fromkeys(prefixes)]
