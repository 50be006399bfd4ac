"""What the benchmarks of one run share: nodes with published logs, nodes that harvest them, made once.

Everything is real: `chm init`, `chm import --publish`, `chm serve`, `chm peer add`, `chm harvest`, each a process of
its own, SQLite files on disk, all checks, the mirror's cosignature.
"""

import asyncio
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from chmnode.node import open_node
from chmnode.storage import Records
from chmsync.member import Member
from chmsync.note import Note
from tests.bench import drafts
from tests.bench.processes import CHM, Ended, answers, chm, kept
from tests.node.command import free_port

GOVERNMENT = "KE"


@dataclass(frozen=True, slots=True)
class Site:
    """A node on this machine."""

    folder: Path
    port: int

    @classmethod
    def made(cls, folder: Path, government: str = GOVERNMENT) -> "Site":
        """A new one, which may read others on this machine."""
        port = free_port()
        url = f"http://localhost:{port}"
        chm("init", folder, "--name", f"Node {folder.name}", "--base-url", url, "--government", government)
        settings = folder / "node.toml"
        settings.write_text(settings.read_text().replace("#allow_private = []", 'allow_private = ["127.0.0.0/8"]'))
        return cls(folder, port)

    @property
    def member(self) -> Member:
        """Its descriptor."""
        return Member.parse((self.folder / "member.json").read_bytes())

    def publish(self, file: Path, size: int) -> Ended:
        """Import that many drafts, all of which are fit."""
        done = chm("-C", self.folder, "import", file, "--publish", "--json")
        said = done.json()
        if (said["accepted"], said["refused"]) != (size, []):
            raise RuntimeError(f"not all {size} drafts were published: {done.output[:2000]}")
        return done

    def served(self) -> AbstractContextManager[object]:
        """Serve it by a process of its own."""
        command = [CHM, "-C", self.folder, "serve", "--host", "127.0.0.1"]
        return kept(command, log=self.folder.with_suffix(".log"), ready=answers(self.port, "/log/checkpoint"))

    def pin(self, other: "Site") -> None:
        """Harvest another node from now on, and believe it."""
        chm("-C", self.folder, "peer", "add", other.folder / "member.json", "--government", GOVERNMENT)

    def copy(self, folder: Path) -> "Site":
        """The same node once more, to begin from the same state again."""
        return Site(shutil.copytree(self.folder, folder), self.port)


@dataclass(frozen=True, slots=True)
class Harvest:
    """One harvest of a whole log: by its own report, and as a process from start to end."""

    seconds: float
    process: Ended


@dataclass(slots=True)
class Workshop:
    """The folder of one run.

    Attributes:
        folder: on a disk; memory would make every sync free.
        quick: with small sizes, to try the benchmarks themselves.
        rounds: of everything that is repeated.
    """

    folder: Path
    quick: bool
    rounds: int
    _published: dict[int, Site] = field(default_factory=dict)
    _pinned: dict[int, Site] = field(default_factory=dict)
    _serial: "count[int]" = field(default_factory=count)

    @property
    def size(self) -> int:
        """Records of an ordinary log; enough for the checks to be done in processes also when quick."""
        return 5_000 if self.quick else 20_000

    @property
    def large(self) -> int:
        """Records of a large log."""
        return 10_000 if self.quick else 200_000

    def place(self, what: str) -> Path:
        """A name in the folder that nothing has yet."""
        return self.folder / f"{what}-{next(self._serial)}"

    def drafts(self, size: int) -> Path:
        """A file of so many drafts."""
        file = self.folder / f"drafts-{size}.jsonl"
        return file if file.exists() else drafts.write(file, size, GOVERNMENT)

    def published(self, size: int) -> Site:
        """A node that has published so many records."""
        if size not in self._published:
            site = Site.made(self.place("publisher"))
            site.publish(self.drafts(size), size)
            self._published[size] = site
        return self._published[size]

    def harvest(self, size: int, *, watch: bool = False) -> Harvest:
        """Harvest the whole log of a node, which is served meanwhile, into a new one, and look whether all is there."""
        source = self.published(size)
        if size not in self._pinned:
            self._pinned[size] = Site.made(self.place("pinned"), "UG")
            self._pinned[size].pin(source)
        site = self._pinned[size].copy(self.place("harvester"))
        done = chm("-C", site.folder, "harvest", "--json", watch=watch)
        (report,) = done.json()["logs"]
        if (report["status"], report["accepted"], report["quarantined"]) != ("ok", size, []):
            raise RuntimeError(f"not all {size} records were harvested: {done.output[:2000]}")
        asyncio.run(_require_mirrored(site, source, size))
        shutil.rmtree(site.folder)
        return Harvest(report["seconds"], done)


async def _require_mirrored(site: Site, source: Site, size: int) -> None:
    """Fail unless the records are in force and the mirror has cosigned the whole log."""
    mirror = site.member.mirror_vkey
    async with open_node(site.folder) as node:
        state = await node.logs.load(source.member.origin)
        in_force = sum(one.records for one in await Records(node.database.read).counts())
    signers = {signature.name for signature in Note.parse(state.note or b"").signatures}
    if (state.size, in_force) != (size, size) or mirror is None or mirror.name not in signers:
        raise RuntimeError(f"{state.size} entries trusted, {in_force} records in force, signed by {signers}")
