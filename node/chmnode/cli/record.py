"""`chm record`: what becomes of a record of ours after it was published."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chmnode.cli.boundary import Refusal, awaited
from chmnode.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from chmnode.node import Node
    from chmsync.canonical import JsonValue

_REASON_HELP = "Why, as a code: duplicate, error, legal, outdated, owner-request, personal-data."


@click.group()
def record() -> None:
    """Withdraw a record, bring it back, or erase it for good.

    ID is the address of the record, its last part, or its identifier (CHM-BBR-KE-12).
    """


@record.command()
@click.argument("name", metavar="ID")
@json_option
@click.pass_obj
@awaited
async def publish(folder: Path, *, name: str, as_json: bool) -> None:
    """Bring back a withdrawn record: its last text becomes a new revision."""
    from chmnode.publishing import Draft

    async with _opened(folder) as node:
        iri = await _address(node, name)
        draft = await _last_text(node, iri)
        result = await node.publisher.stage_drafts([Draft(1, draft)])
        if result.refused:
            told = result.refused[0].document()
            raise Refusal(f"{iri} cannot be published again: {told['field'] or 'it'}: {told['detail']}")
        await node.sequencing.drain()
        await _tell(node, iri, "published", as_json=as_json)


@record.command()
@click.argument("name", metavar="ID")
@click.option("--reason", metavar="CODE", required=True, help=_REASON_HELP)
@json_option
@click.pass_obj
@awaited
async def withdraw(folder: Path, *, name: str, reason: str, as_json: bool) -> None:
    """Take a record out of force; it can be published again."""
    async with _opened(folder) as node:
        iri = await _address(node, name)
        await node.publisher.withdraw(iri, reason)
        await node.sequencing.drain()
        await _tell(node, iri, "withdrawn", as_json=as_json)


@record.command()
@click.argument("name", metavar="ID")
@click.option("--reason", metavar="CODE", required=True, help=_REASON_HELP)
@json_option
@click.pass_obj
@awaited
async def erase(folder: Path, *, name: str, reason: str, as_json: bool) -> None:
    """Delete a record for good, here and with everybody who holds it. There is no way back."""
    async with _opened(folder) as node:
        iri = await _address(node, name)
        await node.publisher.erase(iri, reason)
        await node.sequencing.drain()
        await _tell(node, iri, "erased", as_json=as_json)


@asynccontextmanager
async def _opened(folder: Path) -> "AsyncIterator[Node]":
    """The node, seen at work."""
    from chmnode.cli.running import at_work
    from chmnode.node import open_node

    with at_work(folder):
        async with open_node(folder) as node:
            yield node


async def _tell(node: "Node", iri: str, done: str, *, as_json: bool) -> None:
    from chmnode.storage import Records

    entry = await Records(node.database.read).entry_of(iri)
    assert entry is not None
    if as_json:
        emit({"id": iri, "op": entry.op, "revision": entry.rev, "index": entry.index})
    else:
        say(f"{iri} is {done}: revision {entry.rev}, entry {entry.index} of {node.origin}.")


async def _address(node: "Node", name: str) -> str:
    """The address of the record that a person means."""
    from chmnode.storage import Records

    if "://" in name:
        return name
    records = Records(node.database.read)
    for prefix in node.member.id_prefixes:
        if await records.entry_of(f"{prefix}/{name}") is not None:
            return f"{prefix}/{name}"
    found = await records.by_identifier(name)
    if found is None:
        raise Refusal(f"no record in force here is called {name}: give its whole address, https://.../records/...")
    return found.iri


async def _last_text(node: "Node", iri: str) -> "dict[str, JsonValue]":
    """The last text of a withdrawn record, as a draft."""
    from chmnode.publishing.standing import standings

    standing = (await standings(node.database.read, node.origin, [iri])).get(iri)
    if standing is None:
        raise Refusal(f"{iri} is no record of this node: give the address of one that it has published")
    if standing.op == "put":
        raise Refusal(f"{iri} is in force already, as revision {standing.rev}")
    if standing.op == "erase" or standing.body is None:
        raise Refusal(f"{iri} was erased, its text is gone: import it as a new record")
    document: dict[str, JsonValue] = json.loads(standing.body)
    kind = node.catalogue.of(document)
    owned = {field.name for field in kind.fields if field.owner == "node"} if kind else set()
    return {name: value for name, value in document.items() if name == "id" or name not in owned}
