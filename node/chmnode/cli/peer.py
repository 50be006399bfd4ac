"""`chm peer`: whose logs this node harvests, and how far it believes them.

Keys come from a descriptor that an operator has pinned, never from first contact: from a file, or from a URL together
with the fingerprint that was learned by another way. Governments are what the operator accepts, by default none.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from chmnode.cli.boundary import Refusal, awaited, require_governments
from chmnode.cli.output import counted, emit, json_option, say

if TYPE_CHECKING:
    from chmnode.federation import PinnedPeer
    from chmnode.node import Node
    from chmsync.member import Member


@click.group()
def peer() -> None:
    """The nodes whose logs this node harvests."""


@peer.command()
@click.argument("place", metavar="FILE|URL")
@click.option("--fingerprint", metavar="HEX", help="SHA-256 of the descriptor, learned by another way; a must for URL.")
@click.option(
    "--government",
    "governments",
    metavar="CC",
    multiple=True,
    help="Two-letter code of a government for which you believe this peer; once for each.",
)
@click.option(
    "--source",
    "sources",
    metavar="PREFIX",
    multiple=True,
    help="Where to read its log, in place of what it says itself: https://mirror.example.org/mirror/...",
)
@json_option
@click.pass_obj
@awaited
async def add(
    folder: Path,
    *,
    place: str,
    fingerprint: str | None,
    governments: tuple[str, ...],
    sources: tuple[str, ...],
    as_json: bool,
) -> None:
    """Pin a peer by its member.json, or replace what is pinned of it."""
    from chmnode.federation import pin
    from chmnode.node import open_node

    if _is_url(place) and fingerprint is None:
        raise click.UsageError("a URL needs --fingerprint: ask the operator of the peer for it, by telephone or letter")
    _require_forms(governments, sources)
    async with open_node(folder) as node:
        descriptor = await _fetched(node, place) if _is_url(place) else _from_file(Path(place))
        _require_fingerprint(descriptor, fingerprint)
        prefixes = [source.rstrip("/") for source in sources]
        async with node.database.transaction() as session:
            now = int(node.clock())
            member = await pin(session, node.member, descriptor, governments=governments, prefixes=prefixes, now=now)
    _tell_pinned(folder, member, governments, as_json=as_json)


@peer.command("list")
@json_option
@click.pass_obj
@awaited
async def list_peers(folder: Path, *, as_json: bool) -> None:
    """Show the peers, and how their last harvest went."""
    from chmnode.federation import pinned
    from chmnode.node import open_node

    async with open_node(folder) as node:
        rows = [await _described(node, one) for one in await pinned(node.database.read)]
    if as_json:
        emit({"peers": rows})
        return
    for row in rows:
        said = ", ".join(row["governments"]) or "no government"
        say(f"{row['origin']}  ({row['name']}, believed for {said})", f"    {_state(row)}")
    if not rows:
        say("There are no peers. Add one: chm peer add member.json --government CC")


@peer.command()
@click.argument("origin")
@click.pass_obj
@awaited
async def resume(folder: Path, *, origin: str) -> None:
    """Harvest a peer again that was stopped for a FORK, after a person has looked at the evidence."""
    from dataclasses import replace

    from chmnode.node import open_node
    from chmnode.storage import Peers

    async with open_node(folder) as node:
        row = await Peers(node.database.read).get(origin)
        if row is None:
            raise _unknown(origin)
        evidence = (await node.logs.load(origin)).evidence
        if evidence is None:
            say(f"{origin} is not stopped, there is nothing to resume.")
            return
        kept = _keep_evidence(folder, evidence)
        await node.logs.freeze(origin, None)
        async with node.database.transaction() as session:
            await Peers(session).save(origin, replace(row.schedule, due=0, failures=0, code=None, detail=None))
    say(f"{origin} is harvested again. The evidence is kept in {kept}: show it to the federation operator.")


@peer.command()
@click.argument("origin")
@click.pass_obj
@awaited
async def remove(folder: Path, *, origin: str) -> None:
    """Harvest a peer no longer. What was harvested stays."""
    from chmnode.node import open_node
    from chmnode.storage import Peers

    async with open_node(folder) as node, node.database.transaction() as session:
        if not await Peers(session).remove(origin):
            raise _unknown(origin)
    say(f"{origin} is no longer harvested; its records stay as they are.")


def _is_url(place: str) -> bool:
    return place.startswith(("https://", "http://"))


def _require_forms(governments: tuple[str, ...], sources: tuple[str, ...]) -> None:
    require_governments(governments)
    for source in sources:
        if not _is_url(source):
            raise click.BadParameter(f"{source!r} is not a log prefix, https://...", param_hint="--source")


def _from_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal(f"{path} cannot be read ({error.strerror}): give the member.json of the peer") from error


async def _fetched(node: "Node", url: str) -> bytes:
    """The descriptor at a URL, or at that of its node."""
    from chmsync.http import Client

    place = url if url.endswith(".json") else f"{url.rstrip('/')}/member.json"
    limits = node.config.limits
    async with Client(limits, node.config.allow_private) as client:
        return (await client.get(place, limit=limits.document_bytes, accept="application/json")).body


def _require_fingerprint(descriptor: bytes, wanted: str | None) -> None:
    from chmsync.errors import FormatError
    from chmsync.member import Member

    try:
        found = Member.parse(descriptor).fingerprint()
    except FormatError as error:
        raise Refusal(f"this is no member descriptor ({error}): give the member.json of the peer") from error
    if wanted is not None and found != wanted.strip().lower():
        raise Refusal(f"the descriptor has the fingerprint {found}, not the one you gave: ask the peer which is right")


def _tell_pinned(folder: Path, member: "Member", governments: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "origin": member.origin,
                "name": member.name,
                "fingerprint": member.fingerprint(),
                "governments": list(governments),
            }
        )
        return
    say(f"Pinned {member.name}: {member.origin}", f"Fingerprint {member.fingerprint()}")
    claimed = [code for code in member.authority.governments if code not in governments]
    if governments:
        say(f"It is believed for {', '.join(governments)}.")
    if claimed:
        say(
            f"It says that it speaks for {', '.join(claimed)}, which you have not accepted: such records are refused.",
            f"To accept, add it again with --government {claimed[0]}",
        )
    say(f"Next: chm -C {quote(str(folder))} harvest --peer {member.origin}")


async def _described(node: "Node", peer: "PinnedPeer") -> dict[str, Any]:
    from chmnode.node import moment

    state = await node.logs.load(peer.origin)
    schedule = peer.row.schedule
    return {
        "origin": peer.origin,
        "name": peer.member.name,
        "fingerprint": hashlib.sha256(peer.row.descriptor).hexdigest(),
        "governments": list(peer.row.governments),
        "sources": list(peer.row.prefixes),
        "size": state.size,
        "stopped": state.evidence is not None,
        "code": schedule.code,
        "detail": schedule.detail,
        "last_try": schedule.last_try and moment(schedule.last_try),
        "last_ok": schedule.last_ok and moment(schedule.last_ok),
    }


def _state(row: Mapping[str, Any]) -> str:
    """One line about the last harvest."""
    if row["stopped"]:
        return f"STOPPED: the log has shown two histories; look at it, then: chm peer resume {row['origin']}"
    if row["last_try"] is None:
        return "not harvested yet"
    entries = counted(row["size"], "entry", "entries")
    if row["code"] is None:
        return f"{entries}, last harvested {row['last_ok']}"
    return f"{entries}, last tried {row['last_try']}: {row['code']} {row['detail']}"


def _keep_evidence(folder: Path, evidence: str) -> Path:
    """Write the evidence of a fork to a file of its own, named by its content."""
    path = folder / f"fork-{hashlib.sha256(evidence.encode()).hexdigest()[:16]}.json"
    path.write_text(evidence, "utf-8")
    return path


def _unknown(origin: str) -> Refusal:
    return Refusal(f"{origin} is no peer of this node: `chm peer list` shows those there are")
