"""`chm log`: this node's own log, to be looked at and taken away."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chmnode.cli.boundary import Refusal, awaited
from chmnode.cli.output import Progress, counted, emit, json_option, say

if TYPE_CHECKING:
    from chmnode.node import Node


@click.group()
def log() -> None:
    """The log of this node."""


@log.command()
@click.argument("target", metavar="DIR|FILE.zip", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
@awaited
async def export(folder: Path, *, target: Path, as_json: bool) -> None:
    """Write the log, and those this node mirrors, as plain files.

    Any web server can publish the directory; the ZIP can be carried to a node that has no network, which reads it with
    `chm harvest --from`. An older export there is renewed.
    """
    from chmnode.node import open_node
    from chmsync.export import export as write

    _require_apart(folder, target)
    async with open_node(folder) as node:
        await node.sequencing.drain()
        mirrors = None if node.config.mirror else ()
        documents = await _documents(node)
        with Progress() as progress:

            def told(origin: str, done: int, size: int) -> None:
                progress.show(f"{origin}: {done:,} of {size:,} entries")

            done = await write(node.logs, node.origin, target, documents, mirrors=mirrors, progress=told)
    if as_json:
        logs = [{"origin": origin, "size": size} for origin, size in done.logs]
        counts = {"written": done.written, "kept": done.kept, "removed": done.removed}
        emit({"target": str(target), "logs": logs, **counts, "strangers": list(done.strangers)})
        return
    for origin, size in done.logs:
        say(f"{origin}: {counted(size, 'entry', 'entries')}")
    said = f"{counted(done.written, 'file')} written, {done.kept:,} kept, {done.removed:,} removed"
    say(f"Exported to {target}: {said}.")
    if done.strangers:
        say(f"Left as they are, not mirrored here: {', '.join(done.strangers)}")


def _require_apart(folder: Path, target: Path) -> None:
    """Keep what a web server publishes apart from keys and database, also those of another node."""
    home, place = folder.resolve(), target.resolve()
    if home == place or home in place.parents or place in home.parents:
        raise Refusal(f"{target} and the node folder {folder} lie one in the other: give an empty folder elsewhere")
    if (place / "keys").exists() or any((one / "node.toml").exists() for one in (place, *place.parents)):
        raise Refusal(f"{target} is in the folder of a node: give an empty folder elsewhere")


async def _documents(node: "Node") -> Mapping[str, bytes]:
    """What stands beside the logs, by path from the web root."""
    from chmnode.api.description import describe
    from chmsync.member import did_document, did_document_url

    member = node.member
    return {
        "member.json": member.encode(),
        "node.jsonld": _written(await describe(node)),
        did_document_url(member.base_url).removeprefix("/"): _written(did_document(member)),
    }


def _written(document: object) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


@log.command()
@json_option
@click.pass_obj
@awaited
async def show(folder: Path, *, as_json: bool) -> None:
    """Show the newest signed checkpoint of this node."""
    from chmnode.node import moment, open_node
    from chmnode.storage import Staging
    from chmsync.note import Note, cosignatures, to_base64

    async with open_node(folder, recover=False) as node:
        state = await node.logs.load(node.origin)
        staged = await Staging(node.database.read, node.origin).count()
    if state.note is None:
        raise Refusal("the database does not hold the log of this node: put back a backup")
    times = [given.time for given in cosignatures(Note.parse(state.note), [node.identity.witness.vkey])]
    vkeys = [str(found) for found in node.member.log_keys(state.size)]
    if as_json:
        emit(
            {
                "origin": node.origin,
                "size": state.size,
                "root": to_base64(state.root),
                "cosigned": moment(max(times)) if times else None,
                "vkeys": vkeys,
                "staged": staged,
                "checkpoint": state.note.decode(),
            }
        )
        return
    say(f"{node.origin}: {counted(state.size, 'entry', 'entries')}, {staged:,} waiting")
    say(*(f"To check it with: {found}" for found in vkeys), "", *state.note.decode().splitlines())
