"""What a harvester needs at most in memory, for an ordinary and for a large log: the same."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.workshop import Harvest, Workshop

DOES = "peak memory of a harvest, ordinary and large"
WANTED = 300


def run(workshop: Workshop) -> Iterator[Figure]:
    """Peaks of the main process, and of it and its checking processes together, by a mild and a severe account."""
    for size in (workshop.size, workshop.large):
        with workshop.published(size).served():
            done = workshop.harvest(size, watch=True)
        yield from _figures(f"{size:,} records", size, done)


def _figures(name: str, size: int, done: Harvest) -> Iterator[Figure]:
    memory = done.process.memory
    yield Figure(f"memory for {name}: main process", [done.process.main_memory], "MB", at_most=WANTED)
    yield Figure(f"memory for {name}: all processes, shared pages once", [memory.share], "MB", at_most=WANTED)
    resident = sum(memory.resident.values())
    yield Figure(f"memory for {name}: all {len(memory.resident)} peaks added up", [resident], "MB", at_most=WANTED)
    yield Figure(f"harvest of {name}, watched", [size / done.seconds], "/s")
