"""`chm harvest`: pull from the peers now, and say what was found.

Exits with 0 only if every log was verified: with 3 if a peer is at fault, else with 4 if one could not be reached.
With 1 if an export holds no log of a peer.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chmnode.cli.boundary import PEER_AT_FAULT, TRY_LATER, Refusal, awaited
from chmnode.cli.output import Progress, counted, emit, json_option, say

if TYPE_CHECKING:
    from chmnode.node import Node
    from chmsync.report import HarvestReport

_FRAME_SECONDS: Final = 0.5


@click.command()
@click.option("--peer", "origins", metavar="ORIGIN", multiple=True, help="Only this log; once for each.")
@click.option(
    "--from",
    "tree",
    metavar="DIR|ZIP",
    type=click.Path(exists=True, path_type=Path),
    help="Read an export (`chm log export`) instead of the network.",
)
@json_option
@click.pass_obj
@click.pass_context
@awaited
async def harvest(
    context: click.Context, folder: Path, *, origins: tuple[str, ...], tree: Path | None, as_json: bool
) -> None:
    """Read the logs of the peers now, verify them, and take over their records."""
    from chmnode.node import open_node

    unknown: list[str] = []
    async with open_node(folder) as node:
        known = await _known(node, origins)
        async with _watched(node, known):
            if tree is None:
                reports = await node.federation.harvest(origins or None)
            else:
                offline = await node.federation.harvest_offline(tree, origins or None)
                reports, unknown = offline.reports, offline.unknown
    if as_json:
        documents: dict[str, object] = {"logs": [report.document() for report in reports]}
        emit(documents if tree is None else {**documents, "unknown": unknown})
    else:
        _tell(reports, unknown, any_peers=bool(known))
    if tree is not None and not reports:
        raise Refusal(f"no log of a peer of this node was found in {tree}: add its node first, with `chm peer add`")
    context.exit(_status(reports))


async def _known(node: "Node", origins: Sequence[str]) -> list[str]:
    """The peers that are asked for; refused if one is none."""
    from chmnode.federation import pinned

    known = [peer.origin for peer in await pinned(node.database.read)]
    for origin in origins:
        if origin not in known:
            raise Refusal(f"{origin} is no peer of this node: `chm peer list` shows those there are")
    return list(origins) or known


@asynccontextmanager
async def _watched(node: "Node", origins: Sequence[str]) -> AsyncIterator[None]:
    """Show on a terminal how far the logs are, by their rows in the database."""
    import asyncio

    async def watch(progress: Progress) -> None:
        while True:
            states = [await node.logs.load(origin) for origin in origins]
            fetched, applied = sum(state.fetched for state in states), sum(state.applied for state in states)
            target = sum(max(state.target_size, state.size) for state in states)
            progress.show(f"{fetched:,} of {target:,} entries read, {applied:,} done")
            await asyncio.sleep(_FRAME_SECONDS)

    with Progress() as progress:
        watcher = asyncio.create_task(watch(progress)) if progress.is_shown else None
        try:
            yield
        finally:
            if watcher is not None:
                watcher.cancel()
                await asyncio.gather(watcher, return_exceptions=True)


def _status(reports: "Sequence[HarvestReport]") -> int:
    statuses = {report.status for report in reports}
    if "refused" in statuses:
        return PEER_AT_FAULT
    return TRY_LATER if "unreachable" in statuses else 0


def _tell(reports: "Sequence[HarvestReport]", unknown: Sequence[str], *, any_peers: bool) -> None:
    for report in reports:
        _tell_one(report)
    for origin in unknown:
        say(f"{origin or 'a log without a readable name'}: not a peer of this node, left aside")
    if not any_peers:
        say("There are no peers. Add one: chm peer add member.json --government CC")


def _tell_one(report: "HarvestReport") -> None:
    if report.status != "ok":
        say(f"{report.origin}: {report.status}, {report.code}: {report.detail}")
    else:
        news = f"{report.new:,} new of {counted(report.size, 'entry', 'entries')}"
        said = (
            (report.accepted, "accepted"),
            (report.withdrawn, "withdrawn"),
            (report.erased, "erased"),
            (len(report.quarantined), "quarantined"),
        )
        changes = [f"{number:,} {what}" for number, what in said if number]
        say(f"{report.origin}: verified, {', '.join([news, *changes])}")
    if report.frozen:
        say("    FROZEN: its node has not confirmed this state for a long time; ask its operator")
    for one in report.quarantined:
        say(f"    entry {one.index} {one.iri or ''}: {one.code}, {one.detail}")
    for finding in report.findings:
        say(f"    source {finding.source}: {finding.code}, {finding.detail}")
