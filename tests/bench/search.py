"""Searches in a large federation: 200,000 records of 20 nodes, on both databases, beside plain FTS5 and plain tsvector.

At least 60 queries, each alone and with one to three facets chosen; every one counts all eleven facets exactly and
reads its page of twenty records. A process of its own asks them one after the other, first by itself, then beside a
process that harvests 1,024 records every second. The databases are filled as a harvest fills them, once in a run; with
the variable `CHM_BENCH_KEEP` they are kept in that folder, for runs to come.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psycopg

from chmnode.storage import open_database
from tests.bench import corpus, disk, filling, plain_text_search, postgres_server, search_queries
from tests.bench.figures import Figure
from tests.bench.processes import kept, module
from tests.bench.processes import run as run_process
from tests.bench.search_queries import Asked
from tests.bench.workshop import Workshop

DOES = "searches with facets among 200,000 records, beside plain FTS5 and tsvector"
KEEP = "CHM_BENCH_KEEP"
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
SCHEMA = "&schema=chm"
#: Milliseconds that 95 of 100 searches may take.
WANTED = {SQLITE: 200, POSTGRES: 150}
BUSY_SECONDS = 30.0
SLOWEST = 8


def run(workshop: Workshop) -> Iterator[Figure]:
    """Milliseconds of searches, and how many times those of the peers they are."""
    size = workshop.large
    with shelf(workshop, size) as place, postgres_server.served(place.folder / "pg") as url:
        urls = {SQLITE: "sqlite:///chm.sqlite", POSTGRES: f"{url}{SCHEMA}"}
        asked = place.filled(urls)
        quiet = {name: place.searched(urls[name], asked, workshop.rounds) for name in urls}
        for name, answers in quiet.items():
            yield from figures(name, size, asked, answers, wanted=WANTED[name])
        yield from _peers(place, url, asked, quiet)
        yield from _busy(place, url, asked)


@contextmanager
def shelf(workshop: Workshop, size: int) -> Iterator["Place"]:
    """The folder of a size, and of the present code."""
    given = os.environ.get(KEEP)
    top = Path(given).resolve() if given else workshop.folder / "search"
    folder = top / filling.version() / str(size)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield Place(folder, size)
    finally:
        if not given:
            shutil.rmtree(folder)  # the records remain for a larger size


@dataclass(frozen=True, slots=True)
class Answers:
    """What the searching process said: seconds of each query in each round, and of loading; megabytes."""

    rounds: np.ndarray
    loaded: float
    before: float
    after: float
    peak: float

    def at(self, share: float) -> list[float]:
        """Milliseconds that this share of the searches of each round took at most."""
        return [float(one) for one in np.percentile(self.rounds * 1000, share, axis=1)]


@dataclass(frozen=True, slots=True)
class Place:
    """Filled databases of one size, in a folder."""

    folder: Path
    size: int

    @property
    def source(self) -> Path:
        """The SQLite file."""
        return self.folder / "chm.sqlite"

    @property
    def blocks(self) -> Path:
        """The analysed records; those of a smaller size are those of a larger one."""
        return self.folder.parent / "blocks"

    def filled(self, urls: dict[str, str]) -> list[Asked]:
        """Fill what is not filled, say how fast that was and what it takes, and choose what to ask."""
        records = filling.prepared(self.blocks, self.size)
        if records.rate:
            print(f"analysis: {records.rate:,.0f} records a second and core, while the other cores do the same")
        for name, url in urls.items():
            said = self.folder / f"{name}.txt"
            if not said.exists():
                self._cleared(name, url)
                made = asyncio.run(filling.fill(url, self.folder, records))
                if name == POSTGRES:
                    _vacuum(url)
                said.write_text(f"{name}: {_filled(made)}\n{name}: {self._disk(name, url)}\n")
            print(said.read_text(), end="", flush=True)
        return self._asked()

    def _cleared(self, name: str, url: str) -> None:
        """Without what a run that was ended may have left."""
        if name == SQLITE:
            for file in self.folder.glob("chm.sqlite*"):
                file.unlink()
        else:
            with psycopg.connect(url.removesuffix(SCHEMA), autocommit=True) as connection:
                connection.execute("drop schema if exists chm cascade")

    def _disk(self, name: str, url: str) -> str:
        tables = disk.of_sqlite(str(self.source)) if name == SQLITE else disk.of_postgres(url.removesuffix(SCHEMA))
        per = {part: size / self.size for part, size in disk.parts(tables).items()}
        bodies = disk.of_bodies(str(self.source)) / self.size
        return (
            f"disk {per['all']:,.0f} bytes a record, of which the search index {per['index']:,.0f} "
            f"(words {per['words']:,.0f}); its text {bodies:,.0f}; "
            f"index : text {per['index'] / bodies:.2f}, all : text {per['all'] / bodies:.2f}"
        )

    def _asked(self) -> list[Asked]:
        """Chosen once for a filled database."""
        file = self.folder / "asked.json"
        if not file.exists():
            file.write_text(json.dumps([asdict(one) for one in asyncio.run(self._choose())], ensure_ascii=False))
        asked = [Asked(**one) for one in json.loads(file.read_text())]
        print(search_queries.summary(asked), flush=True)
        return asked

    async def _choose(self) -> list[Asked]:
        async with open_database("sqlite:///chm.sqlite", folder=self.folder) as database:
            return await search_queries.with_facets(database, await search_queries.queries(database, self.size))

    def searched(self, url: str, asked: Sequence[Asked], rounds: int, seconds: float = 0) -> Answers:
        """Ask everything, by another process."""
        file = self.folder / "asks.json"
        search_queries.write(file, asked)
        said = run_process(module("searcher", url, self.folder, file, rounds, seconds)).json()
        times = np.array([answer["seconds"] for answer in said["answers"]]).T
        return Answers(times, said["loaded"], said["before"], said["after"], said["peak"])


def figures(
    name: str, size: int, asked: Sequence[Asked], answers: Answers, *, wanted: float | None = None, beside: str = ""
) -> Iterator[Figure]:
    """Shares of the searches, and what the process took; the slowest are printed."""
    _print_slowest(name, asked, answers)
    most = max(one.hits for one in asked)
    what = f"{name}, {size:,} records{beside}"
    yield Figure(f"search p50, {what}", answers.at(50), "ms")
    yield Figure(f"search p95, {what}, up to {most:,} hits", answers.at(95), "ms", at_most=wanted)
    yield Figure(f"search p99, {what}", answers.at(99), "ms")
    if not beside:
        yield Figure(f"loading the columns, {what}", [answers.loaded], "s")
        yield Figure(f"memory with the columns, {what}", [answers.after], "MB")
        yield Figure(f"memory of the columns, {what}", [answers.after - answers.before], "MB")
        yield Figure(f"highest memory, {what}", [answers.peak], "MB")


def _print_slowest(name: str, asked: Sequence[Asked], answers: Answers) -> None:
    times = np.median(answers.rounds, axis=0) * 1000
    for at in np.argsort(-times)[:SLOWEST]:
        one = asked[at]
        print(
            f"{name}: {times[at]:6.1f} ms {one.kind} {one.text!r}, {one.hits:,} hits, chosen: {', '.join(one.chosen)}"
        )
    kinds = dict.fromkeys(one.kind for one in asked)
    for kind in kinds:
        mine = [time for time, one in zip(times, asked, strict=True) if one.kind == kind]
        p50, p95 = np.percentile(mine, [50, 95])
        print(f"{name}: {kind}: p50 {p50:.1f}, p95 {p95:.1f}, highest {max(mine):.1f} ms", flush=True)


def _peers(place: Place, url: str, asked: Sequence[Asked], quiet: dict[str, Answers]) -> Iterator[Figure]:
    """The same texts and queries without this software, as far as words stand apart, and nothing is chosen."""
    same = [at for at, one in enumerate(asked) if one.apart and not one.chosen]
    queries = [asked[at] for at in same]
    peers = (
        (SQLITE, "FTS5", plain_text_search.PlainSQLite.made(place.folder / "plain.sqlite", place.source)),
        (POSTGRES, "tsvector", plain_text_search.PlainPostgres.made(url, place.source)),
    )
    for name, peer, plain in peers:
        ours = np.median(quiet[name].rounds, axis=0)[same] * 1000
        for facets in (True, False):
            theirs = np.array(plain_text_search.timed(plain, queries, facets=facets)) * 1000
            how = f"plain {peer} {'with' if facets else 'without'} facets"
            for share in (50, 95):
                one, other = np.percentile(ours, share), np.percentile(theirs, share)
                yield Figure(f"{how}, p{share}, {place.size:,} records", [float(other)], "ms")
                yield Figure(f"ours with facets : {how}, p{share}", [float(one / other)])
        plain.close()


def _busy(place: Place, url: str, asked: Sequence[Asked]) -> Iterator[Figure]:
    """The same beside a harvest, on copies."""
    _without_busy(place, url)
    shutil.copyfile(place.source, place.folder / "busy.sqlite")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database busy template postgres strategy file_copy")
    urls = {SQLITE: "sqlite:///busy.sqlite", POSTGRES: f"{url.replace('/postgres?', '/busy?')}{SCHEMA}"}
    for name, busy in urls.items():
        log = place.folder / "writer.log"
        writer = module("search_writer", busy, place.folder, place.blocks, place.size)
        with kept(writer, log=log, ready=lambda log=log: bool(log.read_text())) as writing:
            answers = place.searched(busy, asked, 1, BUSY_SECONDS)
            if writing.poll() is not None:
                raise RuntimeError(f"the writer did not go on to the end: {log.read_text()}")
        took = [float(line) for line in log.read_text().split()]
        beside = f" beside a writer of {corpus.BLOCK:,} a second"
        yield from figures(name, place.size, asked, answers, beside=beside)
        yield Figure(f"analysing and writing {corpus.BLOCK:,} records beside searches, {name}", took, "s")
    _without_busy(place, url)


def _without_busy(place: Place, url: str) -> None:
    """Remove the copies, with the log that a writer leaves that was ended: it belongs to no other copy."""
    for file in place.folder.glob("busy.sqlite*"):
        file.unlink()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop database if exists busy with (force)")


def _vacuum(url: str) -> None:
    """What autovacuum does some minutes later."""
    with psycopg.connect(url.removesuffix(SCHEMA), autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _filled(made: filling.Filling) -> str:
    return (
        f"{made.indexed:,.0f} records a second by writing the index alone, {made.applied:,.0f} with the records; "
        f"then {made.tidied:.1f} s of merging"
    )
