"""The other way of harvesting: OAI-PMH read by sickle into SQLite, believed as it comes.

    python -m tests.bench.oaipmh_reader URL FILE

One transaction for as many records as ours has, and a log that is synced with each of them as ours is.
"""

import sqlite3
import sys
from itertools import islice

from sickle import Sickle

BATCH = 1024


def read(url: str, file: str) -> int:
    """Store every record; how many there were."""
    database = sqlite3.connect(file)
    database.executescript(
        """
        pragma journal_mode = wal;
        pragma synchronous = full;
        create table record (iri text primary key, datestamp text not null, body text not null) without rowid;
        """
    )
    records = Sickle(url).ListRecords(metadataPrefix="oai_dc")
    count = 0
    while batch := [_row(record) for record in islice(records, BATCH)]:
        with database:
            database.executemany("insert or replace into record values (?, ?, ?)", batch)
        count += len(batch)
    database.close()
    return count


def _row(record) -> tuple[str, str, str]:
    return record.header.identifier, record.header.datestamp, record.metadata["description"][0]


if __name__ == "__main__":
    print(read(*sys.argv[1:]))
