"""The real records of `deploy/demo`, published by one node on SQLite and, entry by entry the same, on PostgreSQL.

Record number n of `index.json` was last changed on day n of 2026, so every order of hits is known.
"""

import contextlib
import json
import shutil
from dataclasses import dataclass

from chmnode import resources
from chmnode.cli.record import endorsement
from chmnode.config import FILE, Config
from chmnode.node import Node, found, open_node
from chmnode.publishing import Draft
from chmnode.storage import NewEntry, Records, Staging, migrate, open_database

#: 1 January 2026, 12:00 UTC.
NOON = 1_767_268_800
DAY = 86_400
DATA = resources.folder("demo")
FILE_URL = "sqlite:///chm.sqlite"
BASE = "https://demo.chm.example.org"


@dataclass(frozen=True, slots=True)
class Pair:
    """One log on two databases, and how the records are named in the data."""

    sqlite: Node
    postgres: Node
    #: IRI by source id, and the reverse.
    iris: dict[str, str]
    names: dict[str, str]

    def names_of(self, found):
        """Source ids of hits, in their order."""
        return [self.names[hit.record.iri] for hit in found.hits]

    async def record(self, iri):
        """A record in force."""
        return await Records(self.sqlite.database.read).get(iri)

    async def records(self):
        """Name, text and endorsing marks of every record, endorsements too."""
        held = [(name, (await self.record(iri)).document()) for name, iri in self.iris.items()]
        marks = {}
        for _, one in held:
            if one["type"] == "Endorsement":
                marks[one["endorsed"]["id"]] = {"yes", one["government"]}
        return [(name, one, marks.get(one["id"], set())) for name, one in held]


class Clock:
    """Stands still until it is set."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@contextlib.asynccontextmanager
async def opened_pair(folder, postgres_url):
    """Publish everything on both."""
    clock = Clock()
    first, second = folder / "sqlite", folder / "postgres"
    settings = {
        "name": "Demonstration",
        "base_url": BASE,
        "governments": ["CM", "CR"],
        "code": "DEMO",
        "database": FILE_URL,
    }
    await found(first, clock=clock, **settings)
    await copied(first, second, postgres_url)
    async with open_node(first, clock=clock) as sqlite, open_node(second, clock=clock) as postgres:
        iris = await published(sqlite, postgres, clock)
        yield Pair(sqlite, postgres, iris, {iri: name for name, iri in iris.items()})


async def copied(first, second, url):
    """The same node in another folder on another database."""
    shutil.copytree(first, second, ignore=shutil.ignore_patterns("chm.sqlite*"))
    settings = (second / FILE).read_text("utf-8").replace(FILE_URL, url)
    (second / FILE).write_text(settings, "utf-8")
    assert Config.load(second).database == url
    async with open_database(url, folder=second) as database:
        await migrate(database)


async def published(sqlite, postgres, clock):
    """Publish all records in the order of the index, then the endorsements; addresses by source id."""
    index = json.loads((DATA / "index.json").read_text("utf-8"))
    files = {place["file"]: (DATA / place["file"]).read_text("utf-8").splitlines() for place in index.values()}
    iris = {}
    for day, (name, place) in enumerate(index.items()):
        clock.now = NOON + day * DAY
        iris[name] = await staged(sqlite, json.loads(files[place["file"]][place["line"] - 1]))
    await sequenced(sqlite, postgres)
    lines = {(place["file"], place["line"]): name for name, place in index.items()}
    for day, one in enumerate(json.loads((DATA / "endorsements.json").read_text("utf-8")), len(index)):
        clock.now = NOON + day * DAY
        name = lines[one["file"], one["line"]]
        record = await Records(sqlite.database.read).get(iris[name])
        draft = endorsement(record, one["government"], sqlite.concepts, one["statement"])
        iris[f"endorsement-of-{name}"] = await staged(sqlite, {**draft, "title": one["title"]})
    await sequenced(sqlite, postgres)
    return iris


async def staged(node, draft):
    """Stage one draft; its address."""
    result = await node.publisher.stage_drafts([Draft(1, draft)])
    assert not result.refused, [refused.document() for refused in result.refused]
    return result.accepted[0]


async def sequenced(sqlite, postgres):
    """Let both nodes give the entries that wait at the first one their places."""
    entries = [
        NewEntry(one.iri, one.op, one.rev, one.leaf, one.sha256, one.body) for one in await sqlite.logs.staged(999)
    ]
    async with postgres.database.transaction() as session:
        await Staging(session, postgres.origin).stage(entries)
    await sqlite.sequencing.drain()
    await postgres.sequencing.drain()
