"""`chm key`: new keys for old ones.

A log or record key is rotated in two steps, so that nobody has to act at the same moment: `rotate` brings in the new
key beside the old one, `rotate --finish` ends the old one, days later, when the peers have the new descriptor. Whoever
does that holds the sequencer's lease, for such a key's validity is a position in the log. A cosigner's key has no
position and takes over at once, also when the old one has signed with a clock that was wrong.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chmnode.cli.boundary import Refusal, awaited
from chmnode.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from chmnode.identity import Identity, Role
    from chmnode.node import Node

_ROLES: Final = ("log", "record", "witness", "mirror")
_IN_TWO_STEPS: Final = _ROLES[:2]


@click.group()
def key() -> None:
    """The keys of this node."""


@key.command()
@click.argument("role", type=click.Choice(_ROLES))
@click.option("--finish", is_flag=True, help="End the old log or record key, once the peers have the new descriptor.")
@json_option
@click.pass_obj
@awaited
async def rotate(folder: Path, *, role: "Role", finish: bool, as_json: bool) -> None:
    """Replace a key, and write the new member.json for the peers.

    A log or record key overlaps with the old one until the same command is given with --finish; a witness or mirror key
    takes over at once. Restart a running server after each step.
    """
    from chmnode.cli.running import alone

    if finish and role not in _IN_TWO_STEPS:
        raise click.UsageError(f"a {role} key has no second step: leave out --finish")
    with alone(folder) if finish else nullcontext():
        identity = await _rotated(folder, role, finish=finish)
    member = identity.member
    if as_json:
        emit({"role": role, "finished": finish or role not in _IN_TWO_STEPS, "fingerprint": member.fingerprint()})
        return
    say(
        _told(role, finish=finish),
        f"Give the new {folder / 'member.json'} to your peers; its fingerprint is {member.fingerprint()}",
        "If a server is running, restart it: it still works with the keys it has loaded.",
    )


def _told(role: str, *, finish: bool) -> str:
    if finish:
        return f"The old {role} key has ended; what it has signed stays valid."
    if role in _IN_TWO_STEPS:
        return f"There is a new {role} key beside the old one. When your peers have it: chm key rotate {role} --finish"
    return f"There is a new {role} key, in use from now on."


async def _rotated(folder: Path, role: "Role", *, finish: bool) -> "Identity":
    from chmnode.node import open_node

    if role not in _IN_TWO_STEPS:
        return await _replaced(folder, role)
    async with open_node(folder) as node, _sequencing(node):
        state = await node.logs.load(node.origin)
        if finish:
            identity = node.identity.finish(role, state.size, state.root)
        else:
            identity = node.identity.rotate(role, state.size)
        await replace(node.sequencing, identity=identity).open()  # our newest checkpoint gets its new signatures
    return identity


async def _replaced(folder: Path, role: "Role") -> "Identity":
    """A new key for a cosigner, which ends what the old one has said about the time."""
    from chmnode.node import open_node
    from chmsync.log import ClockBehind

    async with open_node(folder, recover=False) as node:
        with suppress(ClockBehind):
            await node.sequencing.open()
        identity = node.identity.rotate(role, (await node.logs.load(node.origin)).size)
        if role == "witness":
            await replace(node.sequencing, identity=identity).open()  # our newest checkpoint gets its line
    return identity


@asynccontextmanager
async def _sequencing(node: "Node") -> AsyncIterator[None]:
    """Be the sequencer, with nothing staged: what waits was signed for a position before the change."""
    from chmnode.storage import Staging

    await node.sequencing.drain()
    if not await node.sequencing.hold():
        raise _Busy
    try:
        if await Staging(node.database.read, node.origin).count():
            raise _Busy
        yield
    finally:
        await node.sequencing.release()


class _Busy(Refusal):
    """Somebody else writes to the log."""

    retry = True

    def __init__(self) -> None:
        super().__init__("another process is writing to the log: try again in a moment, or stop the server meanwhile")
