"""A harvest with every check, stored, indexed and mirrored, beside the limit of this machine before and after.

The serving node shares the cores, as on loopback it must.
"""

from collections.abc import Iterator

from tests.bench.figures import Figure, paired
from tests.bench.limit import verify_rate
from tests.bench.workshop import Workshop

DOES = "a harvest over loopback against the verify limit"


def run(workshop: Workshop) -> Iterator[Figure]:
    """Rates, and their ratio round by round."""
    size, limits, rates = workshop.size, [], []
    with workshop.published(size).served():
        for _ in range(workshop.rounds):
            before = verify_rate()
            rates.append(size / workshop.harvest(size).seconds)
            limits.append((before + verify_rate()) / 2)
    yield Figure("verify limit beside the harvests", limits, "/s")
    yield Figure(f"harvest of {size:,} records", rates, "/s")
    yield Figure(
        "harvest with its index : verify limit (0.40 before there was one)", paired(rates, limits), at_least=0.2
    )
