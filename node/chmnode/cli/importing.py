"""`chm import`: records from a file of JSON Lines.

Owns what is said of each line, and the file of refused ones, which its author mends and imports again. Works beside a
running server: it stages, and whoever holds the sequencer's lease gives the entries their place. As long as a node
has no approval workflow, a file is either published or only checked.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chmnode.cli.boundary import REFUSED, awaited
from chmnode.cli.output import Progress, counted, emit, json_option, remark, say

if TYPE_CHECKING:
    from chmnode.node import Node
    from chmnode.publishing import Accepted, Draft, Refused, StageResult

_BATCH: Final = 512
#: Published records that are named to a person.
_SHOWN: Final = 5


@dataclass(slots=True)
class _Tally:
    """How far a file is."""

    records: "list[Accepted]" = field(default_factory=list)
    refused: "list[Refused]" = field(default_factory=list)
    #: Line numbers of the drafts read so far.
    lines: list[int] = field(default_factory=list)

    def reading(self, drafts: "Iterable[Draft | Refused]") -> "Iterator[Draft | Refused]":
        """The same drafts, noted as they are read."""
        for draft in drafts:
            self.lines.append(draft.line)
            yield draft

    def add(self, result: "StageResult") -> None:
        """Count one batch."""
        self.records += result.records
        self.refused += result.refused

    @property
    def accepted(self) -> int:
        """How many records were taken."""
        return len(self.records)

    @property
    def last(self) -> int:
        """The last line whose fate is decided; 0 if there is none."""
        done = self.accepted + len(self.refused)
        return self.lines[done - 1] if done else 0

    def __str__(self) -> str:
        return f"{counted(self.accepted, 'record')} accepted, {len(self.refused):,} refused"


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--publish", is_flag=True, help="Publish the records that are fit. Without it they are only checked.")
@json_option
@click.pass_obj
@click.pass_context
@awaited
async def import_records(context: click.Context, folder: Path, *, file: Path, publish: bool, as_json: bool) -> None:
    """Read records from FILE, one JSON object a line, and publish those that are fit.

    A record gives type, title, languages and what its type asks for; the node adds the rest. With an `id` it is a new
    revision of that record. WITHOUT --publish this is a rehearsal: it says what would be published, and nothing is.
    With --publish, refused lines are copied to NAME.refused.jsonl beside FILE, to be mended and imported again.
    """
    from chmnode.cli.running import at_work
    from chmnode.node import open_node

    tally = _Tally()
    with at_work(folder):
        async with open_node(folder) as node:
            await _read(node, file, tally, publish=publish)
            if publish:
                await node.sequencing.drain()
    left = _kept(file, tally) if publish and tally.refused else None
    if as_json:
        refused = [one.document() for one in tally.refused]
        records = [{"line": one.line, "id": one.iri, "identifier": one.identifier} for one in tally.records]
        emit(
            {
                "accepted": tally.accepted,
                "records": records if publish else [],
                "refused": refused,
                "file": left and str(left),
                "published": publish,
            }
        )
    else:
        _tell(tally, left, publish=publish)
    context.exit(REFUSED if tally.refused else 0)


async def _read(node: "Node", file: Path, tally: _Tally, *, publish: bool) -> None:
    """Decide about every line."""
    from chmnode.publishing import read_drafts

    drafts = tally.reading(read_drafts(file))
    try:
        with Progress() as progress:
            async with aclosing(_staged(node, drafts) if publish else _rehearsed(node, drafts)) as results:
                async for result in results:
                    tally.add(result)
                    progress.show(f"{file.name}, line {tally.last:,}: {tally}")
    except BaseException:
        if publish and tally.last:
            remark(f"{file} is done at least up to line {tally.last}; see what is published, then import the rest.")
        raise


async def _staged(node: "Node", drafts: "Iterable[Draft | Refused]") -> "AsyncGenerator[StageResult, None]":
    async for result in node.publisher.staged(drafts):
        yield result


async def _rehearsed(node: "Node", drafts: "Iterator[Draft | Refused]") -> "AsyncGenerator[StageResult, None]":
    """What would become of the drafts: everything is done but the writing."""
    from datetime import UTC, datetime

    from chmnode.publishing import Accepted, Draft, Refused, StageResult
    from chmnode.publishing.sealing import Prepared, Sealer
    from chmnode.publishing.standing import standings

    sealer = Sealer(node.config, node.identity, node.catalogue, node.concepts)
    now = f"{datetime.fromtimestamp(node.clock(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    while batch := list(islice(drafts, _BATCH)):
        named = {one.line: str(one.document.get("id")) for one in batch if isinstance(one, Draft)}
        standing = await standings(node.database.read, node.origin, list(named.values()))
        accepted, refused = [], []
        for one in batch:
            done = sealer.prepare(one, standing.get(named[one.line]), now) if isinstance(one, Draft) else one
            sealed = sealer.seal(done, 0 if done.series else None) if isinstance(done, Prepared) else done
            if isinstance(sealed, Refused):
                refused.append(sealed)
            else:
                accepted.append(Accepted(one.line, sealed.iri, ""))  # it gets its number when it is published
        yield StageResult(accepted, refused)


def _tell(tally: _Tally, left: Path | None, *, publish: bool) -> None:
    for one in tally.refused:
        told = one.document()
        place = f"{told['field']}: " if told["field"] else ""
        say(f"line {one.line}: {place}{told['detail']}")
    if publish:
        for record in tally.records[:_SHOWN]:
            say(f"line {record.line}: {record.identifier}, {record.iri}")
        if tally.accepted > _SHOWN:
            say(f"... and {counted(tally.accepted - _SHOWN, 'more record')}; --json lists all.")
    done = "published" if publish else "would be published"
    say(f"{counted(tally.accepted, 'record')} {done}, {len(tally.refused):,} refused.")
    if left is not None:
        say(f"The refused lines are in {left}: mend them there and import that file.")
    if not publish:
        say("This was a rehearsal, nothing was published. Run it again with --publish to publish.")


def _kept(file: Path, tally: _Tally) -> Path | None:
    """Where the refused lines are; what was published is told even if they cannot be written."""
    try:
        return _keep(file, {one.line for one in tally.refused})
    except OSError as error:
        remark(f"The refused lines could not be written beside {file}: {error.strerror or error}.")
        return None


def _keep(file: Path, lines: set[int]) -> Path:
    """Copy these lines to a file beside theirs; one that is there and says something else stays."""
    with file.open("rb") as source:
        text = b"".join(line.rstrip(b"\r\n") + b"\n" for number, line in enumerate(source, 1) if number in lines)
    stem = file.name.removesuffix(".jsonl").partition(".refused")[0]
    names = (f"{stem}.refused{'' if number == 1 else f'-{number}'}.jsonl" for number in count(1))
    for name in names:
        try:
            with (file.parent / name).open("xb") as target:
                target.write(text)
        except FileExistsError:
            if (file.parent / name).read_bytes() != text:
                continue
        return file.parent / name
    raise AssertionError
