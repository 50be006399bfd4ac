"""Harvests in child processes that are killed without warning: `python killed.py SITE DATABASE KILLS SEED`.

The program imports everything once and forks a child for each run, so that a kill costs milliseconds. It prints a JSON
line for each child: what its database said after its death.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from chmnode.storage import LogStore, open_database
from chmsync.checking import Checking
from chmsync.harvester import Harvester
from chmsync.limits import Limits
from chmsync.simulator import CONTEXT, Peer
from chmsync.sources import open_tree


class Examples:
    def problem(self, document):
        return None

    def known_context(self, context):
        return context == CONTEXT

    def derive(self, document):
        return None


async def harvest(site, folder, asked):
    """One whole harvest from a directory, noting every resource asked for."""
    peer = Peer()
    async with open_database("sqlite:///chm.sqlite", folder=folder) as database:
        with open_tree(site) as tree:
            ((_, source),) = tree.logs()
            fetch = source.tree.read

            def noted(name, limit):
                os.write(asked, f"{name}\n".encode())
                return fetch(name, limit)

            source.tree.read = noted
            harvester = Harvester(LogStore(database), Checking(Examples), time.time, None, Limits(batch_entries=256))
            report = await harvester.harvest(peer.member.allowing(["KE"]), [source])
            assert report.status == "ok", report


async def positions(folder):
    async with open_database("sqlite:///chm.sqlite", folder=folder) as database:
        state = await LogStore(database).load(Peer().origin)
        ((records,),) = await database.read.select("select count(*) from record", {})
        ((revisions,),) = await database.read.select("select count(*) from revision", {})
        ((entries,),) = await database.read.select("select count(*) from entry", {})
        ((sound,),) = await database.read.select("pragma integrity_check", {})
        position = [state.size, state.proven, state.judged, state.applied, state.fetched]
        return {"position": position, "records": records, "revisions": revisions, "entries": entries, "sound": sound}


def main(site, folder, kills, seed):
    chance = random.Random(seed)
    asked_path = folder / "asked"
    done = []
    longest = 0.25
    while len(done) < kills:
        asked = os.open(asked_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            asyncio.run(harvest(site, folder, asked))
            os._exit(0)
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(asked)
        found = asyncio.run(positions(folder))
        found["finished"] = not os.WIFSIGNALED(status)
        found["failed"] = os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0
        found["asked"] = asked_path.read_text().split()
        found["seconds"] = round(time.monotonic() - started, 3)
        print(json.dumps(found), flush=True)
        if found["finished"]:
            for name in ("chm.sqlite", "chm.sqlite-wal", "chm.sqlite-shm"):
                (folder / name).unlink(missing_ok=True)
            (folder / "chm.sqlite").write_bytes((folder / "empty.sqlite").read_bytes())
            continue
        done.append(found)


main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
