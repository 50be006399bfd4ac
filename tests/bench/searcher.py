"""A process that searches: `python -m tests.bench.searcher URL FOLDER ASKS ROUNDS SECONDS`.

Asks everything in the file in turn, so many rounds or as long as it takes to fill the seconds, one after the other, and
prints what it cost as JSON: the time to load the columns, the memory of the process, and the seconds of each search.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from chmnode.search.engine import Search
from chmnode.search.model import Ask
from chmnode.storage import Database, open_database
from tests.bench import corpus, filling
from tests.bench.processes import MEGABYTE


def searching(database: Database) -> Search:
    """A search of a filled database, always on the same day."""
    known = filling.tools()
    return Search(database, known.analyzer, known.concepts, lambda: corpus.TODAY)


def asked(given: dict[str, object]) -> Ask:
    """What one line of the file asks."""
    chosen = {facet: tuple(values) for facet, values in given["chosen"].items()}
    return Ask(text=given["text"], lang=given["lang"], chosen=chosen)


def memory(name: str) -> float:
    """Megabytes of this process, resident now (`VmRSS`) or at most (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / MEGABYTE for line in lines if line.startswith(name))


async def _run(url: str, folder: Path, asks: Sequence[Ask], rounds: int, seconds: float) -> dict[str, object]:
    async with open_database(url, folder=folder) as database:
        search = searching(database)
        for ask in asks:
            search._understanding.query(ask)  # reads the labels of all languages
        before = memory("VmRSS")
        start = time.perf_counter()
        columns = await search.current()
        loaded = time.perf_counter() - start
        after = memory("VmRSS")
        answers = [{"total": 0, "seconds": []} for _ in asks]
        for ask in asks:
            await search.find(ask)
        begin, done = time.perf_counter(), 0
        while done < rounds or time.perf_counter() - begin < seconds:
            done += 1
            for ask, answer in zip(asks, answers, strict=True):
                start = time.perf_counter()
                found = await search.find(ask)
                answer["seconds"].append(time.perf_counter() - start)
                answer["total"] = found.total
        return {
            "documents": int(columns.alive.sum()),
            "loaded": loaded,
            "before": before,
            "after": after,
            "peak": memory("VmHWM"),
            "answers": answers,
        }


def main() -> None:
    """Read what to ask, search, print."""
    url, folder, file, rounds, seconds = sys.argv[1:]
    asks = [asked(one) for one in json.loads(Path(file).read_text("utf-8"))]
    print(json.dumps(asyncio.run(_run(url, Path(folder), asks, int(rounds), float(seconds)))))


if __name__ == "__main__":
    main()
