"""Nodes' databases filled with the records of `corpus`, as a harvest fills them: all tables, the index with them.

What is not stored is what no index feels: signatures, and who fetched what. The analysis is done first, on all cores
and into files, so that the rate of writing the index is measured alone.
"""

import hashlib
import pickle
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import orjson

from chmnode import resources
from chmnode.analysis import Analyzer, Indexer
from chmnode.concepts import Concepts
from chmnode.records.catalogue import Catalogue
from chmnode.search.indexing import Indexing, pack
from chmnode.storage import Change, Database, Documents, LogStore, Session, migrate, open_database
from chmsync.growth import Growth
from chmsync.merkle import leaf_hash
from chmsync.ports import Accepted, Batch, Leaf
from tests.bench import corpus
from tests.bench.processes import cores

#: Blocks beyond those that fill a database, for a writer beside the searches.
SPARE = 110
#: Pages merged by one transaction when the writing is done.
MERGED = 5_000


@dataclass(frozen=True, slots=True)
class Tools:
    """The vocabularies, and what works with them."""

    concepts: Concepts
    analyzer: Analyzer
    indexer: Indexer


@cache
def tools() -> Tools:
    """Made once in each process."""
    concepts = Concepts.load(resources.folder("vocab"))
    analyzer = Analyzer(concepts)
    return Tools(concepts, analyzer, Indexer(Catalogue.load(resources.folder("schemas")), concepts, analyzer))


def version() -> str:
    """Stands for everything that a filled database is made by."""
    digest = hashlib.sha256(tools().analyzer.version.encode())
    migrations = Path(resources.__file__).parent / "storage" / "sql" / "migrations"
    for file in (Path(corpus.__file__), *sorted(migrations.glob("*.sql"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


# The records, analysed.


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records in files, block by block.

    Attributes:
        folder: holds a file for each block, by its number.
        size: records of the database to fill; the blocks behind it are spare.
        rate: records analysed by one core in a second; 0 if it was done before.
    """

    folder: Path
    size: int
    rate: float

    def block(self, number: int, size: int = corpus.BLOCK) -> list[corpus.Made]:
        """Read one, or its beginning."""
        return pickle.loads((self.folder / str(number)).read_bytes())[:size]

    @property
    def spare(self) -> range:
        """Numbers of the blocks behind."""
        first = -(-self.size // corpus.BLOCK)
        return range(first, first + SPARE)


def prepared(folder: Path, size: int) -> Prepared:
    """Make and analyse so many records, and the spare blocks, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / str(number) for number in range(Prepared(folder, size, 0).spare.stop)]
    missing = [file for file in files if not file.exists()]
    if not missing:
        return Prepared(folder, size, 0)
    with ProcessPoolExecutor(cores()) as pool:
        seconds = sum(pool.map(_analysed, missing))
    return Prepared(folder, size, len(missing) * corpus.BLOCK / seconds)


def _analysed(file: Path) -> float:
    """Write one block; seconds of the analysis alone."""
    made = corpus.block(int(file.name))
    documents = [orjson.loads(one.body) for one in made]
    indexer = tools().indexer
    start = time.perf_counter()
    derived = [pack(indexer.document(document)) for document in documents]
    seconds = time.perf_counter() - start
    part = file.with_suffix(".part")
    part.write_bytes(pickle.dumps([one._replace(derived=words) for one, words in zip(made, derived, strict=True)]))
    part.rename(file)
    return seconds


# The database.


@dataclass
class Filler:
    """Writes blocks into an open database.

    Attributes:
        indexing: seconds within the index alone.
        applying: seconds of the transactions that bring records into force, the index included.
    """

    database: Database
    indexing: float = 0.0
    applying: float = 0.0
    _trees: dict[str, Growth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = tools()
        self._follow = Indexing(known.analyzer, known.indexer).follow
        self._store = LogStore(self.database, on_change=self._timed, clock=lambda: corpus.TODAY)

    async def write(self, number: int, made: list[corpus.Made], *, analysed: bool = True) -> None:
        """One block, as a step of a harvest: entries, proof, verdict, records with their index, trust."""
        origin, store = corpus.origin(number % corpus.NODES), self._store
        tree = self._trees.get(origin) or await self._tree(origin)
        start = tree.frontier.size
        leaves = [Leaf(index, one.leaf, one.iri, "put", 1) for index, one in enumerate(made, start)]
        nodes = tree.add([leaf.leaf for leaf in leaves])
        end = tree.frontier.size
        await store.retarget(origin, b"target", end)
        await store.save_entries(origin, leaves, nodes, tree.frontier)
        await store.prove(origin, end)
        await store.judge(origin, end, [], [])
        accepted = [_accepted(index, one, analysed=analysed) for index, one in enumerate(made, start)]
        before = time.perf_counter()
        await store.apply(origin, Batch(start, end, accepted))
        self.applying += time.perf_counter() - before
        await store.trust(origin, b"note", end, tree.frontier.root())

    async def reached(self, number: int) -> bool:
        """Whether a spare block has been written before."""
        state = await self._store.load(corpus.origin(number % corpus.NODES))
        return state.applied > number // corpus.NODES * corpus.BLOCK

    async def tidy(self) -> float:
        """The merges that the worker does when there is leisure; seconds."""
        before = time.perf_counter()
        if self.database.dialect == "sqlite":
            while await self._merged() >= 2:
                pass
            await self.database.forget()
        return time.perf_counter() - before

    async def _merged(self) -> int:
        async with self.database.transaction() as session:
            return await Documents(session).merge(MERGED)

    async def _timed(self, session: Session, change: Change) -> None:
        before = time.perf_counter()
        await self._follow(session, change)
        self.indexing += time.perf_counter() - before

    async def _tree(self, origin: str) -> Growth:
        async def row(level: int, start: int, end: int) -> list[bytes]:
            if level:
                return await self._store.nodes(origin, level, start, end)
            return [leaf_hash(leaf) for leaf in await self._store.leaf_bytes(origin, start, end)]

        state = await self._store.load(origin)
        self._trees[origin] = await Growth.load(state.frontier, row)
        return self._trees[origin]


def _accepted(index: int, one: corpus.Made, *, analysed: bool) -> Accepted:
    facts = index, one.iri, one.type, one.government, 1, one.sha256, one.body, one.identifier, one.modified
    return Accepted(*facts, one.derived if analysed else None)


@dataclass(frozen=True, slots=True)
class Filling:
    """How a database was filled: records a second of the index alone and with the records, and what came after."""

    indexed: float
    applied: float
    tidied: float


async def fill(url: str, folder: Path, records: Prepared) -> Filling:
    """Fill a new database."""
    async with open_database(url, folder=folder) as database:
        await migrate(database)
        filler = Filler(database)
        for number, count in corpus.blocks(records.size):
            await filler.write(number, records.block(number, count))
        return Filling(records.size / filler.indexing, records.size / filler.applying, await filler.tidy())
