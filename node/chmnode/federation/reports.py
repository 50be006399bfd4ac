"""The signed harvest report: what we made of another node's log, for that node to read (CHM-Sync 1 section 3).

Cumulative and signed with our record key, so that a publisher can show each of its records' fate at its parents and
nobody can make it up. The members are those of `harvest --json`.
"""

import json
from collections.abc import Callable

from chmnode.federation.peers import PinnedPeer
from chmnode.identity import Identity
from chmnode.storage import Database, LogStore, Records
from chmsync.canonical import JsonValue, encode


async def signed_report(
    peer: PinnedPeer, identity: Identity, database: Database, logs: LogStore, moment: Callable[[float], str]
) -> bytes | None:
    """The report on one peer; None before its first harvest.

    Args:
        peer: whose log the report is on.
        identity: ours; its record key signs.
        database: open.
        logs: over that database.
        moment: writes POSIX seconds as RFC 3339.
    """
    schedule = peer.row.schedule
    if schedule.run is None or schedule.last_try is None:
        return None
    run = json.loads(schedule.run)
    last, totals = run["last"], run["totals"]
    state = await logs.load(peer.origin)
    counts = [count.records for count in await Records(database.read).counts() if count.origin == peer.origin]
    quarantined: list[JsonValue] = [
        {"index": one.index, "id": one.iri, "code": str(one.code), "detail": one.detail}
        for one in await logs.quarantined(peer.origin)
    ]
    document: dict[str, JsonValue] = {
        "type": "HarvestReport",
        "by": identity.member.did,
        "origin": peer.origin,
        "status": last["status"],
        "code": last["code"],
        "detail": last["detail"],
        "frozen": last["frozen"],
        "source": last["source"],
        "at": moment(schedule.last_try),
        "size": state.size,
        "accepted": sum(counts),
        "quarantined": quarantined,
        **totals,
    }
    return encode(identity.record_key.sign(document, moment(schedule.last_try)))
