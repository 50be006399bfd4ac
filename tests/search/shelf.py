"""A log of our own with its search index on one database: records are put, changed and taken away by a name.

No node around it, so that a test may have hundreds; the analysis, the index and the search are the real ones.
"""

import contextlib
import copy
import functools
import hashlib
import itertools
from dataclasses import dataclass, field, replace

from chmnode import resources
from chmnode.analysis import Analyzer, Indexer
from chmnode.concepts import Concepts
from chmnode.records.catalogue import Catalogue
from chmnode.search.engine import Search
from chmnode.search.indexing import Indexing
from chmnode.search.model import Ask
from chmnode.search.upkeep import Upkeep
from chmnode.storage import LogStore, migrate, open_database
from chmsync.canonical import encode
from chmsync.entry import Entry
from chmsync.ports import Staged
from tests.contracts.material import Tree

ORIGIN = "chm.example.ke/log"
HOME = "https://chm.example.ke/records/"
#: 20 November 2026, 12:00 UTC.
NOW = 1_795_176_000
TODAY = "2026-11-20"
AT = "2026-11-20T00:00:00Z"


@functools.cache
def concepts():
    """The vocabularies, loaded once."""
    return Concepts.load(resources.folder("vocab"))


@functools.cache
def analyzer():
    return Analyzer(concepts())


@functools.cache
def indexer():
    return Indexer(Catalogue.load(resources.folder("schemas")), concepts(), analyzer())


def document(name, **members):
    """A need in English, unless the members say otherwise."""
    return {
        "id": HOME + name,
        "type": "Need",
        "languages": ["en"],
        "title": {"en": f"Need {name}"},
        "modified": "2026-11-01T00:00:00Z",
        **members,
    }


def searching(database, clock=lambda: NOW):
    """A search as another process has it, which shares nothing but the database."""
    return Search(database, analyzer(), concepts(), clock)


@dataclass
class Shelf:
    """Records by name, and what finds them."""

    database: object
    indexing: Indexing = field(default_factory=lambda: Indexing(analyzer(), indexer()))
    origin: str = ORIGIN
    revisions: dict = field(default_factory=dict)
    now: float = NOW
    tree: Tree = field(default_factory=Tree)
    sequence: object = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self):
        self.search = searching(self.database, lambda: self.now)
        self.store = LogStore(self.database, on_change=self.indexing.follow, clock=lambda: self.now)
        self.upkeep = Upkeep(self.database, self.indexing)

    async def put(self, name, **members):
        """Publish a record, or its next revision."""
        await self.put_all({name: members})

    async def put_all(self, records):
        """Publish several in one transaction."""
        await self._append([self._staged(name, "put", document(name, **members)) for name, members in records.items()])

    async def withdraw(self, *names):
        """Take records out of force."""
        await self._append([self._staged(name, "withdraw") for name in names])

    async def erase(self, *names):
        """Erase records for good."""
        await self._append([self._staged(name, "erase") for name in names])

    def sha256(self, name):
        """The hash of a record's newest text."""
        return self.revisions[name][1]

    async def endorse(self, name, target, government, *, sha256=None):
        """Publish an endorsement of a record as it is now, or of another text."""
        endorsed = {"id": HOME + target, "revision": 1, "sha256": sha256 or self.sha256(target)}
        await self.put(name, type="Endorsement", government=government, title={"en": "Yes"}, endorsed=endorsed)

    async def found(self, text="", **asked):
        """Names of the hits, in order."""
        answer = await self.search.find(Ask(text=text, **{"limit": 500, **asked}))
        return names(answer)

    async def counts(self, facet, **asked):
        """How many hits each value of a facet has."""
        answer = await self.search.find(Ask(**asked))
        (values,) = (one.values for one in answer.facets if one.name == facet)
        return {value.value: value.records for value in values}

    def _staged(self, name, op, record=None):
        rev = self.revisions.get(name, (0, None))[0] + 1
        body = encode(record) if record else None
        sha256 = hashlib.sha256(body).hexdigest() if body else None
        self.revisions[name] = (rev, sha256)
        text = {"sha256": sha256, "size": len(body)} if body else {"reason": "error"}
        entry = Entry(op=op, id=HOME + name, type=(record or {}).get("type", "Need"), rev=rev, at=AT, **text)
        return Staged(next(self.sequence), entry.id, op, rev, entry.encode(), sha256, body)

    async def _append(self, staged):
        """A step of the sequencer; one that fails leaves the tree as it was."""
        grown = copy.deepcopy(self.tree)
        await self.store.append(self.origin, grown.step(staged))
        self.tree = grown


def names(answer):
    """Names of the hits of an answer, in order."""
    return [hit.record.iri.removeprefix(HOME) for hit in answer.hits]


async def pages(search, ask):
    """All pages of a search, one after the other."""
    answers = [await search.find(ask)]
    while answers[-1].more:
        answers.append(await search.find(replace(ask, after=answers[-1].more)))
    return answers


@contextlib.asynccontextmanager
async def opened(url, folder):
    """A shelf on a database of its own."""
    async with open_database(url, folder=folder) as database:
        await migrate(database)
        yield Shelf(database)
