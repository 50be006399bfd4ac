"""`chm init`: a node where there was none.

Keys and settings are made in a workshop folder inside the new one, and `node.toml`, which makes a folder a node, is
moved to its place last. So a broken `init` leaves no half node, and a folder that others prepared (a volume, the home
of a service) can be used as long as it is empty. Refuses folders and databases in which there is something already.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import click

from chmnode.cli.boundary import Refusal, awaited, require_governments
from chmnode.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from chmnode.config import Config
    from chmnode.identity import Identity
    from chmsync.member import Member

_WORKSHOP: Final = ".chm-init"
_KINDS: Final = ("national", "regional", "partner", "central")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", required=True, help="Name of the node, as others see it.")
@click.option("--base-url", required=True, metavar="URL", help="Where the world reaches it: https://chm.example.org")
@click.option(
    "--government",
    "governments",
    metavar="CC",
    multiple=True,
    help="Two-letter code of a government for which it speaks; once for each.",
)
@click.option("--kind", type=click.Choice(_KINDS), default=_KINDS[0], show_default=True, help="What the node is.")
@click.option("--database", metavar="URL", help="postgresql://USER@HOST/DATABASE; an SQLite file if not given.")
@json_option
@awaited
async def init(
    folder: Path,
    *,
    name: str,
    base_url: str,
    governments: tuple[str, ...],
    kind: str,
    database: str | None,
    as_json: bool,
) -> None:
    """Make a new node in DIR: keys, settings, an empty database and an empty signed log."""
    require_governments(governments)
    settings: dict[str, object] = {"name": name, "base_url": base_url, "kind": kind, "governments": list(governments)}
    if database is not None:
        settings["database"] = database
    member = await _made(folder, settings)
    if as_json:
        emit(member.document())
        return
    say(
        f"Made the node {member.name} in {folder}.",
        f"Its descriptor, for those who will harvest it: {folder / 'member.json'}",
        f"Fingerprint, to be compared by another way: {member.fingerprint()}",
        "Keep a copy of keys/ in a safe place: without it the node cannot go on.",
        f"Next: chm -C {quote(str(folder))} serve",
    )


async def _made(folder: Path, settings: dict[str, object]) -> "Member":
    """Make everything, or leave nothing."""
    from chmnode.config import FILE, Config
    from chmnode.identity import KEYS, MEMBER, Identity

    with _workshop(folder) as workshop:
        config = Config.create(workshop, **settings)
        identity = Identity.create(config)
        for part in (KEYS, MEMBER):
            (workshop / part).rename(folder / part)
        await _start_log(config, identity, folder)
        (workshop / FILE).rename(folder / FILE)
    return identity.member


async def _start_log(config: "Config", identity: "Identity", folder: Path) -> None:
    """Make the tables and sign the empty log."""
    import time

    from chmnode.sequencing import Sequencing
    from chmnode.storage import LogStore, migrate, open_database

    async with open_database(config.database, folder=folder) as database:
        await migrate(database)
        logs = LogStore(database)
        taken = await logs.origins()
        if taken:
            raise Refusal(f"the database already holds the log {taken[0]}: give each node a database of its own")
        await Sequencing(config, identity, database, logs, time.time).open()


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder to make things in, within the new one, which is left as it was found when that fails."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    workshop = folder / _WORKSHOP
    try:
        workshop.mkdir()
    except FileExistsError:
        detail = f"{folder} has a folder {_WORKSHOP} of an unfinished `chm init`"
        raise Refusal(f"{detail}: if none is running, empty {folder} and try again") from None
    others = {path.name for path in folder.iterdir()} - {_WORKSHOP}
    if others:
        workshop.rmdir()
        found = "is a node already" if "node.toml" in others else "is not empty"
        raise Refusal(f"{folder} {found}, nothing was changed: choose another folder")
    try:
        yield workshop
        workshop.rmdir()
    except BaseException:
        _empty(folder)
        if is_new:
            folder.rmdir()
        raise


def _empty(folder: Path) -> None:
    """Remove what we have made in a folder that was empty."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
