"""The command `chm`: one node folder, one noun a module.

Owns the global options and the list of commands (architecture.md, "The command"). A command is imported when it is
called, and imports what it works with when it runs, so that the command starts at once. How failures end is in
`boundary`, how things are said in `output`.
"""

from pathlib import Path
from typing import Final

import click

from chmnode.cli.boundary import Commands, Place

#: Where each command is and what it does, in the order in which an operator meets them.
_COMMANDS: Final = {
    "init": Place("chmnode.cli.init:init", "Make a new node."),
    "serve": Place("chmnode.cli.serve:serve", "Serve portal, records and log, and do the recurring work."),
    "worker": Place("chmnode.cli.serve:worker", "Do the recurring work alone."),
    "import": Place("chmnode.cli.importing:import_records", "Read records from a file and publish them."),
    "record": Place("chmnode.cli.record:record", "Withdraw a record, bring it back, erase or endorse it."),
    "key": Place("chmnode.cli.key:key", "Replace a key of this node."),
    "peer": Place("chmnode.cli.peer:peer", "Choose whose logs are harvested."),
    "harvest": Place("chmnode.cli.harvest:harvest", "Read the logs of the peers now."),
    "log": Place("chmnode.cli.log:log", "Show or export the log of this node."),
    "index": Place("chmnode.cli.index:index", "Show or rebuild the search index."),
    "verify": Place("chmnode.cli.verify:verify", "Check a record, a proof, a log or an export; needs no node."),
    "migrate": Place("chmnode.cli.migrate:migrate", "Bring the database to the version of this software."),
    "check": Place("chmnode.cli.check:check", "Check the whole node."),
    "demo": Place("chmnode.cli.demo:demo", "Show a federation on this machine."),
}


@click.group(cls=Commands, places=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the node; the current folder if not given.",
)
@click.version_option(package_name="chm-node", prog_name="chm")
@click.pass_context
def main(context: click.Context, folder: Path) -> None:
    """A node of the clearing-house: publishes records, harvests other nodes, shows both.

    \b
    Begin with:
      chm init mynode --name "My country" --base-url https://chm.example.org
      chm -C mynode serve

    Exit status: 0 done, 1 refused or failed with a reason, 2 wrong usage, 3 a peer is at fault, 4 try again later.
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    context.obj = folder
