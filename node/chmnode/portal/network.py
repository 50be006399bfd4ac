"""The federation as a reader sees it: for each node when it was last seen, how far behind we are, and what was refused.

Reads the rows of peers and logs and says nothing that they do not hold.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from chmnode.node import Node
from chmnode.storage import Count, Peer, Peers
from chmsync.ports import Refusal

#: Refused entries that a page lists one by one.
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """One node that we follow."""

    origin: str
    name: str
    address: str | None
    #: POSIX seconds of the last harvest that succeeded, and of the last try.
    seen: int | None
    tried: int | None
    #: Entries that we know of and have not read; None before the first harvest, and when the last one failed.
    behind: int | None
    records: int
    #: Code of the last failure.
    code: str | None
    detail: str | None
    frozen: bool
    #: How many entries are refused for each reason, and the first of them.
    refused: Mapping[str, int]
    examples: Sequence[Refusal]

    @property
    def failing(self) -> bool:
        """Whether the last try failed."""
        return self.code is not None

    @property
    def current(self) -> bool:
        """Whether we have read all that we know of."""
        return self.behind == 0


async def neighbours(node: Node, counts: Sequence[Count]) -> list[Neighbour]:
    """Every node that we follow, by origin."""
    held: Counter[str] = Counter()
    for count in counts:
        held[count.origin] += count.records
    return [await _neighbour(node, peer, held[peer.origin]) for peer in await Peers(node.database.read).list()]


async def _neighbour(node: Node, peer: Peer, records: int) -> Neighbour:
    state = await node.logs.load(peer.origin)
    refused = await node.logs.quarantined(peer.origin)
    described = orjson.loads(peer.descriptor)
    last = orjson.loads(peer.schedule.run or "{}").get("last", {})
    known = max(state.target_size, state.fetched, state.size)
    return Neighbour(
        origin=peer.origin,
        name=described["name"],
        address=described["base_url"],
        seen=peer.schedule.last_ok,
        tried=peer.schedule.last_try,
        behind=None if peer.schedule.last_ok is None or peer.schedule.code else known - state.size,
        records=records,
        code=peer.schedule.code,
        detail=peer.schedule.detail,
        frozen=bool(last.get("frozen")),
        refused=Counter(str(refusal.code) for refusal in refused),
        examples=refused[:SHOWN],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Whom records come from."""

    origin: str
    name: str
    ours: bool
    #: Its site; None for one that we no longer follow.
    address: str | None = None
    #: POSIX seconds of the last harvest that succeeded.
    seen: int | None = None
    failing: bool = False


async def publisher(node: Node, origin: str) -> Publisher:
    """Who owns a log."""
    if origin == node.origin:
        return Publisher(origin=origin, name=node.config.name, ours=True, address=node.member.base_url)
    peer = await Peers(node.database.read).get(origin)
    if peer is None:
        return Publisher(origin=origin, name=origin, ours=False)
    described, schedule = orjson.loads(peer.descriptor), peer.schedule
    return Publisher(
        origin=origin,
        name=described["name"],
        ours=False,
        address=described["base_url"],
        seen=schedule.last_ok,
        failing=schedule.code is not None,
    )


async def names(node: Node) -> dict[str, str]:
    """What the nodes call themselves, by origin, our own included."""
    peers = await Peers(node.database.read).list()
    return {**{peer.origin: orjson.loads(peer.descriptor)["name"] for peer in peers}, node.origin: node.config.name}
