"""`chm migrate`: the database of a node to the version of this software."""

from pathlib import Path

import click

from chmnode.cli.boundary import Refusal, awaited
from chmnode.cli.output import emit, json_option, say


@click.command()
@json_option
@click.pass_obj
@awaited
async def migrate(folder: Path, *, as_json: bool) -> None:
    """Bring the database to the version of this software.

    Doing it again changes nothing. Make a backup first; stop the server while it runs.
    """
    from chmnode.config import Config
    from chmnode.storage import migrate as bring_up
    from chmnode.storage import open_database
    from chmnode.storage.migrations import require_there
    from chmnode.storage.migrations import version as version_of

    url = Config.load(folder).database
    require_there(url, folder)
    async with open_database(url, folder=folder) as database:
        if not await version_of(database.read):
            raise Refusal("the database is missing or empty: put back a backup")
        version = await bring_up(database)
    if as_json:
        emit({"version": version})
    else:
        say(f"The database has version {version}, which this chm needs.")
