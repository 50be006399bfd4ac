"""A process that harvests beside searches: `python -m tests.bench.search_writer URL FOLDER BLOCKS SIZE`.

Every second it analyses and writes 1,024 new records, until it is ended or has no more, and prints for each how many
seconds the analysis and the writing took.
"""

import asyncio
import sys
import time
from pathlib import Path

from chmnode.storage import open_database
from tests.bench.filling import Filler, Prepared

EVERY = 1.0


async def _run(url: str, folder: Path, records: Prepared) -> None:
    async with open_database(url, folder=folder) as database:
        filler = Filler(database)
        for number in records.spare:
            if await filler.reached(number):
                continue  # by the writer of a round before
            made = records.block(number)
            start = time.perf_counter()
            await filler.write(number, made, analysed=False)
            took = time.perf_counter() - start
            print(f"{took:.3f}", flush=True)
            await asyncio.sleep(max(0.0, EVERY - took))


def main() -> None:
    """Write until ended."""
    url, folder, blocks, size = sys.argv[1:]
    asyncio.run(_run(url, Path(folder), Prepared(Path(blocks), int(size), 0)))


if __name__ == "__main__":
    main()
