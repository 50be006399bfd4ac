"""The searches of `search` among a million records."""

from collections.abc import Iterator

from tests.bench import postgres_server
from tests.bench.figures import Figure
from tests.bench.search import POSTGRES, SCHEMA, SQLITE, figures, shelf
from tests.bench.workshop import Workshop

DOES = "the same among 1,000,000 records: time, memory, disk; not with --quick"
SIZE = 1_000_000


def run(workshop: Workshop) -> Iterator[Figure]:
    """Milliseconds of searches; rounds are few, they differ little."""
    with shelf(workshop, SIZE) as place, postgres_server.served(place.folder / "pg") as server:
        urls = {SQLITE: "sqlite:///chm.sqlite", POSTGRES: f"{server}{SCHEMA}"}
        asked = place.filled(urls)
        for name, url in urls.items():
            yield from figures(name, SIZE, asked, place.searched(url, asked, min(2, workshop.rounds)))
