"""Publishing in bulk: `chm import --publish` from start to end, every record checked, signed, logged and durable.

Its peer is the signature alone on one core, which is the least that each record costs.
"""

import shutil
from collections.abc import Iterator

from tests.bench.figures import Figure, paired
from tests.bench.limit import sign_rate
from tests.bench.workshop import Site, Workshop

DOES = "a bulk import, signed and logged"


def run(workshop: Workshop) -> Iterator[Figure]:
    """Rates, and their ratio to plain signing."""
    size, file = workshop.size, workshop.drafts(workshop.size)
    signing, rates = [], []
    for _ in range(workshop.rounds):
        site = Site.made(workshop.place("importer"))
        signing.append(sign_rate())
        rates.append(size / site.publish(file, size).seconds)
        shutil.rmtree(site.folder)
    yield Figure("plain Ed25519 signing, one core", signing, "/s")
    yield Figure(f"bulk import of {size:,} records", rates, "/s", at_least=4_000)
    yield Figure("bulk import : plain signing", paired(rates, signing))
