"""`chm verify`: what a node has published, checked by anybody, without a node.

The checks are `chmsync.audit`'s. Owns what they may trust: descriptors and keys given on the command line, nothing that
comes with what is checked. The address to read is typed by whoever asks, so it may be a private one.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chmnode.cli.boundary import REFUSED, TRY_LATER, awaited
from chmnode.cli.output import Progress, emit, json_option, plain, say

if TYPE_CHECKING:
    from chmsync.audit import Audit, Trust

_ANYWHERE: Final = ("0.0.0.0/0", "::/0")


@click.command()
@click.argument("target", metavar="FILE|DIR|URL")
@click.option("--vkey", "vkeys", metavar="V", multiple=True, help="Trust this log key; enough for a log alone.")
@click.option(
    "--member",
    "members",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Trust the keys of this member.json; once for each node.",
)
@json_option
@click.pass_context
@awaited
async def verify(
    context: click.Context, *, target: str, vkeys: tuple[str, ...], members: tuple[Path, ...], as_json: bool
) -> None:
    """Check a record, a proof, a log or an export, from a file, a folder, a ZIP or the web.

    Keys are trusted only when given here. What could not be checked is named, and the exit status is 1.
    """
    trust = _trust(vkeys, members)
    with Progress() as progress:
        found = await _audited(target, trust, progress)
    if as_json:
        emit(found.document())
    else:
        _tell(target, found, any_trust=bool(vkeys or members))
    context.exit(0 if found.ok else _status(target, found))


async def _audited(target: str, trust: "Trust", progress: Progress) -> "Audit":
    from chmnode import resources
    from chmnode.ingest import Schemas
    from chmnode.records.catalogue import Catalogue
    from chmsync.audit import audit
    from chmsync.http import Client
    from chmsync.limits import Limits

    def told(log: str, done: int, steps: int) -> None:
        progress.show(f"{log}: {done:,} of {steps:,} entries and records")

    limits = Limits()
    schemas = Schemas(Catalogue.load(resources.folder("schemas")))
    async with Client(limits, [ip_network(place) for place in _ANYWHERE]) as client:
        return await audit(target, trust, client=client, schemas=schemas, limits=limits, progress=told)


def _trust(vkeys: tuple[str, ...], members: tuple[Path, ...]) -> "Trust":
    from chmsync.audit import Trust
    from chmsync.errors import FormatError
    from chmsync.keys import Vkey
    from chmsync.member import Member

    try:
        known = tuple(map(Vkey.parse, vkeys))
    except FormatError as error:
        raise click.BadParameter(str(error), param_hint="--vkey") from error
    try:
        pinned = tuple(Member.parse(path.read_bytes()) for path in members)
    except FormatError as error:
        raise click.BadParameter(plain(str(error)), param_hint="--member") from error
    return Trust(pinned, known)


def _status(target: str, found: "Audit") -> int:
    """What could not be reached may be there later; anything else that was found stays so."""
    is_url = target.startswith(("http://", "https://"))
    return TRY_LATER if is_url and {one.code for one in found.findings} == {"UNREACHABLE"} else REFUSED


def _tell(target: str, found: "Audit", *, any_trust: bool) -> None:
    for one in found.findings:
        say(f"{one.where}: {one.code}, {one.detail}")
    for what in found.not_covered:
        say(f"not checked: {what}")
    checked = ", ".join(f"{number:,} {kind}" for kind, number in found.checked.items())
    say(f"{target}: {'verified' if found.ok else 'NOT verified'} ({checked or 'nothing checked'})")
    if not found.ok and not any_trust:
        say("To check signatures, say whom you trust: --member member.json, or --vkey for a log alone.")
