"""One node, opened: its folder, keys, database, vocabularies and services, wired together once.

Everything above (web server, worker, command line) is given a `Node` and asks it; nothing below knows it. Opening
refuses what would be dangerous to go on with: a database of another version, keys that do not fit the descriptor, a
log whose checkpoint contradicts it, a clock behind our own signatures.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chmnode import resources
from chmnode.analysis import Analyzer, Indexer
from chmnode.concepts import Concepts
from chmnode.config import Config
from chmnode.errors import NodeError
from chmnode.federation import Federation, pinned, signed_report
from chmnode.identity import Identity
from chmnode.ingest import Schemas, make_schemas
from chmnode.publishing import Publisher
from chmnode.records.catalogue import Catalogue
from chmnode.search.engine import Search
from chmnode.search.indexing import Indexing
from chmnode.search.snippets import Snippets
from chmnode.sequencing import Sequencing, holder
from chmnode.storage import Database, LogStore, migrate, open_database, require_current
from chmnode.storage.migrations import require_there
from chmsync.checking import Checking
from chmsync.errors import SyncError
from chmsync.member import Member


class NodeUnsound(NodeError):
    """The node's own log or clock is not in order; nothing is signed until an operator has looked."""


def moment(seconds: float) -> str:
    """POSIX seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Node:
    """The services of one open node."""

    config: Config
    identity: Identity
    database: Database
    logs: LogStore
    catalogue: Catalogue
    concepts: Concepts
    analyzer: Analyzer
    indexing: Indexing
    search: Search
    snippets: Snippets
    publisher: Publisher
    sequencing: Sequencing
    federation: Federation
    clock: Callable[[], float]

    @property
    def member(self) -> Member:
        """How others know us."""
        return self.identity.member

    @property
    def origin(self) -> str:
        """Name of our own log."""
        return self.identity.member.origin

    async def report(self, origin: str) -> bytes | None:
        """Our signed harvest report on a peer's log; None if we do not harvest it, or have not yet."""
        for peer in await pinned(self.database.read):
            if peer.origin == origin:
                return await signed_report(peer, self.identity, self.database, self.logs, moment)
        return None


async def found(folder: Path, *, clock: Callable[[], float] = time.time, **settings: object) -> None:
    """Make a node: settings, keys, database, and the first signed checkpoint of an empty log.

    Args:
        folder: becomes the node's; must not be one yet.
        clock: POSIX seconds.
        settings: as in `node.toml`; `name` and `base_url` at least.
    """
    config = Config.create(folder, **settings)
    Identity.create(config)
    async with open_database(config.database, folder=folder) as database:
        await migrate(database)
    async with open_node(folder, clock=clock):
        pass


@asynccontextmanager
async def open_node(
    folder: Path, *, clock: Callable[[], float] = time.time, recover: bool = True
) -> AsyncIterator[Node]:
    """Open the node in a folder, and close it after use.

    Args:
        folder: the node's.
        clock: POSIX seconds.
        recover: check our log and cosign it again; without it nothing is signed, and no clock stands in the way.

    Raises:
        NodeError: with the mend: no node here, a damaged key, database or log, another version, a wrong clock.
    """
    config = Config.load(folder)
    identity = Identity.load(config)
    require_there(config.database, folder)
    async with open_database(config.database, folder=folder) as database:
        await require_current(database)
        node = assemble(config, identity, database, clock)
        if recover:
            try:
                await node.sequencing.open()
            except SyncError as error:
                raise NodeUnsound(str(error)) from error
        try:
            yield node
        finally:
            node.federation.close()


def assemble(config: Config, identity: Identity, database: Database, clock: Callable[[], float]) -> Node:
    """Wire the services of a node over an open database."""
    catalogue = Catalogue.load(resources.folder("schemas"))
    concepts = Concepts.load(resources.folder("vocab"))
    analyzer = Analyzer(concepts)
    indexer = Indexer(catalogue, concepts, analyzer)
    schemas = Schemas(catalogue, indexer)
    checking = Checking(make_schemas, here=schemas, preload=["chmnode.judging"])
    indexing = Indexing(analyzer, indexer, checking.derive, clock)
    logs = LogStore(database, on_change=indexing.follow, clock=clock)
    name = holder()
    return Node(
        config=config,
        identity=identity,
        database=database,
        logs=logs,
        catalogue=catalogue,
        concepts=concepts,
        analyzer=analyzer,
        indexing=indexing,
        search=Search(database, analyzer, concepts, clock),
        snippets=Snippets(analyzer, catalogue, concepts),
        publisher=Publisher(config, identity, database, catalogue, concepts, clock),
        sequencing=Sequencing(config, identity, database, logs, clock, name),
        federation=Federation(config, identity, database, logs, checking, schemas.ruleset, clock, name),
        clock=clock,
    )
