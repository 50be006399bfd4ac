"""`chm index`: how much can be found by search, and making it findable anew.

The index is derived from the records and follows them by itself; a server catches up after an upgrade while it goes on
answering. These commands are for those who want to know, or do not want to wait.
"""

from pathlib import Path

import click

from chmnode.cli.boundary import awaited
from chmnode.cli.output import counted, emit, json_option, say


@click.group()
def index() -> None:
    """The search index of this node."""


@index.command()
@json_option
@click.pass_obj
@awaited
async def show(folder: Path, *, as_json: bool) -> None:
    """Say how many of the records in force can be found."""
    from chmnode.node import open_node
    from chmnode.search.upkeep import Upkeep

    async with open_node(folder, recover=False) as node:
        found = await Upkeep(node.database, node.indexing).coverage()
    if as_json:
        emit({"records": found.records, "findable": found.documents, "current": found.current})
        return
    say(f"{found.documents:,} of {counted(found.records, 'record')} can be found.")
    if late := found.records - found.current:
        say(f"{late:,} wait to be analysed by this software: a running server does it, or `chm index rebuild`.")


@index.command()
@click.option("--all", "everything", is_flag=True, help="Also what is up to date.")
@json_option
@click.pass_obj
@awaited
async def rebuild(folder: Path, *, everything: bool, as_json: bool) -> None:
    """Make records findable that are not, or were analysed by another version.

    Searches go on meanwhile, and it may be stopped and begun again at any time.
    """
    from chmnode.node import open_node
    from chmnode.search.upkeep import Upkeep

    async with open_node(folder, recover=False) as node:
        upkeep = Upkeep(node.database, node.indexing)
        if everything:
            await upkeep.forget()
        made = await upkeep.rebuild()
    if as_json:
        emit({"made": made})
    else:
        say(f"{counted(made, 'record')} made findable.")
