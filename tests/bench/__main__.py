"""`python -m tests.bench [NAME ...]`: measure, and say how each figure stands to what was wanted of it.

Nothing here passes or fails: machines differ, and a shared one differs from minute to minute. Compare ratios, which
have both sides measured in turn; the lowest and highest round say how far the median can be believed.
"""

import argparse
import platform
import shlex
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.bench import (
    freshness,
    harvest,
    limit,
    memory,
    oaipmh,
    publishing,
    quiet,
    search,
    search_million,
    serving,
    start,
)
from tests.bench.figures import Figure, table
from tests.bench.processes import cores
from tests.bench.workshop import Workshop

BENCHMARKS = {
    "limit": limit,
    "harvest": harvest,
    "oaipmh": oaipmh,
    "publishing": publishing,
    "quiet": quiet,
    "start": start,
    "serving": serving,
    "memory": memory,
    "freshness": freshness,
    "search": search,
    "search-million": search_million,
}
#: Takes an hour; a quick run leaves it out unless it is named.
LONG = {"search-million"}


def main() -> None:
    """Run the benchmarks named, or all."""
    asked = _arguments()
    if asked.list:
        print("\n".join(f"{name:14} {benchmark.DOES}" for name, benchmark in BENCHMARKS.items()))
        return
    print(_circumstances(), flush=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="chm-bench-", dir=asked.folder) as folder:
        workshop = Workshop(Path(folder), asked.quick, 1 if asked.quick else asked.rounds)
        for name in asked.names or [name for name in BENCHMARKS if not (asked.quick and name in LONG)]:
            begin = time.perf_counter()
            found = _measured(name, workshop)
            figures += found
            print(f"\n{name}: {time.perf_counter() - begin:.0f} s\n{table(found) if found else ''}", flush=True)
    if len(asked.names) != 1 and figures:
        print(f"\nall\n{table(figures)}\n{_command()}")


def _measured(name: str, workshop: Workshop) -> list[Figure]:
    """The figures of one benchmark; one that lacks a program, or fails, does not keep the others from being run."""
    try:
        return list(BENCHMARKS[name].run(workshop))
    except (pytest.skip.Exception, pytest.fail.Exception) as absent:
        print(f"{name} was not run: {absent}", file=sys.stderr)
    except RuntimeError as error:
        print(f"{name} failed: {error}", file=sys.stderr)
    return []


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none is given")
    parser.add_argument("--list", action="store_true", help="say what each does")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: to see that they run")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of what is repeated (default: 5)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for the nodes; it should be on a disk")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"there is no {', '.join(unknown)}: give some of {', '.join(BENCHMARKS)}")
    return asked


def _circumstances() -> str:
    """The machine, and how busy it is with other things."""
    names = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    load = ", ".join(Path("/proc/loadavg").read_text().split()[:3])
    model = names[0] if names else platform.machine()
    return f"{_command()}\n{cores()} cores of {model}; Python {platform.python_version()}; load before: {load}"


def _cpu_lines() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()


def _command() -> str:
    return shlex.join(["python", "-m", "tests.bench", *sys.argv[1:]])


if __name__ == "__main__":
    main()
