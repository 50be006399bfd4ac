"""`chm check`: a whole node looked through, from its settings to the last byte of its logs.

Goes as far as it can and says everything it finds, where other commands stop at the first thing. Changes nothing. May
run beside a server.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chmnode.cli.boundary import REFUSED, awaited
from chmnode.cli.output import Progress, counted, emit, json_option, say
from chmnode.errors import NodeError

if TYPE_CHECKING:
    from chmnode.cli.rereading import Fault
    from chmnode.config import Config
    from chmnode.identity import Identity
    from chmnode.storage import Database, LogStore


@click.command()
@json_option
@click.pass_obj
@click.pass_context
@awaited
async def check(context: click.Context, folder: Path, *, as_json: bool) -> None:
    """Check the whole node: settings, keys, clock, database, its own log and the mirrored ones from the first entry.

    Nothing is changed, and a running server is not disturbed.
    """
    with Progress() as progress:
        examination = _Examination(folder, progress)
        await examination.run()
    if as_json:
        emit(examination.document())
    else:
        examination.tell()
    context.exit(REFUSED if examination.findings else 0)


@dataclass(slots=True)
class _Examination:
    """What was looked at, and what was found."""

    folder: Path
    progress: Progress
    checked: Counter[str] = field(default_factory=Counter)
    findings: "list[Fault]" = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)
    #: Entries that wait for their place in the log.
    staged: int | None = None

    async def run(self) -> None:
        """Look at everything that can be reached."""
        from chmnode.config import FILE, Config
        from chmnode.identity import Identity

        with self._finding(FILE, "CONFIG"):
            config = Config.load(self.folder)
            self.checked["settings"] += 1
            identity = None
            with self._finding("keys", "KEYS"):
                identity = Identity.load(config)
                self.checked["keys"] = len(identity.log_keys) + 4
            with self._finding("database", "DATABASE"):
                await self._look_into_database(config, identity)
        if self.staged is None:
            self.not_covered.append("the logs: mend what was found first, then check again")

    @contextmanager
    def _finding(self, where: str, code: str) -> Iterator[None]:
        """What fails inside is a finding; unless it only means that somebody else is busy."""
        from chmsync.errors import SyncError

        try:
            yield
        except NodeError as error:
            if error.retry:
                raise
            self._add(where, code, str(error))
        except SyncError as error:
            self._add(where, code, str(error))

    def _add(self, where: str, code: str, detail: str) -> None:
        from chmnode.cli.rereading import Fault

        self.findings.append(Fault(where, code, detail))

    # -- database ------------------------------------------------------------------------------------------------

    async def _look_into_database(self, config: "Config", identity: "Identity | None") -> None:
        from chmnode.storage import LogStore, Staging, open_database, require_current
        from chmnode.storage.migrations import require_there

        require_there(config.database, self.folder)
        async with open_database(config.database, folder=self.folder) as database:
            await require_current(database)
            await self._check_integrity(database)
            logs = LogStore(database)
            own = identity.member.origin if identity else None
            for origin in await logs.origins():
                await self._reread(logs, origin, is_own=origin == own)
            if identity is not None:
                await self._check_own(logs, identity)
                self.staged = await Staging(database.read, identity.member.origin).count()
            with self._finding("search index", "INDEX"):
                await self._check_index(database)

    async def _check_integrity(self, database: "Database") -> None:
        """Ask SQLite about its file; PostgreSQL watches over its own."""
        self.progress.show("the database")
        self.checked["databases"] += 1
        if database.dialect == "sqlite":
            for (said,) in await database.read.select("pragma integrity_check", {}, heavy=True):
                if said != "ok":
                    self._add("database", "DATABASE", f"{said}: keep a copy, then restore a backup")

    async def _check_index(self, database: "Database") -> None:
        """Whether every record in force can be found, and the index of words is sound."""
        from chmnode.storage import Documents

        self.progress.show("the search index")
        async with database.transaction() as session:
            await Documents(session).check()
        found = await Documents(database.read).coverage(0)
        self.checked["findable"] = found.documents
        if found.documents != found.records:
            mend = "`chm index rebuild`, or wait while the server does it"
            self._add("search index", "INDEX", f"{found.documents} of {found.records} records can be found: {mend}")

    async def _reread(self, logs: "LogStore", origin: str, *, is_own: bool) -> None:
        from chmnode.cli.rereading import Rereading

        state = await logs.load(origin)

        def told(done: int) -> None:
            self.progress.show(f"{origin}: {done:,} of {state.size:,} entries")

        reading = Rereading(logs, state, told)
        await reading.run()
        self.findings += reading.faults
        self.checked["logs" if is_own else "mirrors"] += 1
        self.checked["entries"] += state.size
        self.checked["records"] += reading.texts

    async def _check_own(self, logs: "LogStore", identity: "Identity") -> None:
        """Whether our own checkpoint is signed by us, and not later than our clock."""
        import time

        from chmsync.checkpoint import open_checkpoint
        from chmsync.note import cosignatures

        member = identity.member
        state = await logs.load(member.origin)
        if state.note is None:
            self._add(member.origin, "MISSING", "the database does not hold the log of this node: restore a backup")
            return
        with self._finding(member.origin, "SIGNATURE"):
            signed = open_checkpoint(state.note, member.origin, member.log_keys)
            times = [given.time for given in cosignatures(signed.note, [identity.witness.vkey])]
            late = max(times, default=0) - int(time.time())
            self.checked["clocks"] += 1
            if late > 0:
                mend = "set the clock; if it was wrong when this node signed: `chm key rotate witness`"
                self._add("clock", "CLOCK", f"the clock is {late} s behind what this node has signed: {mend}")

    # -- report --------------------------------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """The report for scripts, in the shape of `verify --json`."""
        return {
            "ok": not self.findings,
            "checked": dict(self.checked),
            "not_covered": self.not_covered,
            "findings": [asdict(fault) for fault in self.findings],
            "staged": self.staged,
        }

    def tell(self) -> None:
        """The report for people."""
        for fault in self.findings:
            say(f"{fault.where}: {fault.code}, {fault.detail}")
        for what in self.not_covered:
            say(f"not checked: {what}")
        checked = ", ".join(f"{number:,} {kind}" for kind, number in self.checked.items())
        say(f"Checked: {checked or 'nothing'}.")
        if self.staged:
            say(f"{counted(self.staged, 'entry', 'entries')} staged, not yet in the log: `chm serve` puts them there.")
        if self.findings:
            say(f"{counted(len(self.findings), 'thing')} to mend.")
        elif not self.not_covered:
            say("All is well.")
