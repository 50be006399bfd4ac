"""A harvester killed without warning, at any moment, loses nothing and repeats at most what was under way."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

from chmnode.storage import migrate, open_database
from chmsync.simulator import Peer
from chmsync.tiles import bundles_of, records_path, tiles_of

KILLS = int(os.environ.get("CHM_KILLS", "200"))
ENTRIES = 3000
BATCH = 256


def site(folder):
    """A published log as files: most records once, some changed, some withdrawn."""
    peer = Peer()
    for number in range(ENTRIES - 300):
        peer.put(f"r{number}")
    for number in range(200):
        peer.put(f"r{number * 7}", peer.record(f"r{number * 7}", title={"en": "Second"}))
    for number in range(100):
        peer.remove(f"r{number * 11 + 1}")
    names = [place.path() for place in (*tiles_of(ENTRIES), *bundles_of(0, ENTRIES))]
    names += [records_path(number) for number in range((ENTRIES + 255) // 256)]
    names += [f"record/{digest}" for digest in peer.bodies]
    for name in ("checkpoint", *names):
        place = folder / "log" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(peer.resource(name))


async def test_200_kills_lose_nothing_and_repeat_at_most_one_batch(tmp_path):
    site(tmp_path / "site")
    work = tmp_path / "work"
    work.mkdir()
    async with open_database("sqlite:///chm.sqlite", folder=work) as database:
        await migrate(database)
    shutil.copy(work / "chm.sqlite", work / "empty.sqlite")
    program = Path(__file__).with_name("killed.py")
    arguments = [sys.executable, program, tmp_path / "site", work, str(KILLS), "1"]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=-1, stderr=-1)
    out, errors = await process.communicate()
    runs = [json.loads(line) for line in out.decode().splitlines()]
    assert process.returncode == 0, errors.decode()[-2000:]
    assert sum(not run["finished"] for run in runs) == KILLS
    assert any(run["finished"] for run in runs)
    before = None
    for run in runs:
        check_run(before, run)
        before = None if run["finished"] else run


def check_run(before, run):
    """One run after another: nothing is lost, nothing that was durable is asked for again."""
    assert not run["failed"]
    assert run["sound"] == "ok"
    size, proven, judged, applied, fetched = run["position"]
    assert size <= applied <= judged <= proven <= fetched == run["entries"]
    if run["finished"]:
        assert (size, run["records"]) == (ENTRIES, 2600)
    if before is None:
        return
    assert all(now >= then for now, then in zip(run["position"], before["position"], strict=True))
    assert run["records"] >= before["records"]
    _, _, _, was_applied, was_fetched = before["position"]
    for name in run["asked"]:
        kind, _, index = name.removeprefix("log/").rpartition("/")
        if kind == "records":
            assert int(index) >= was_applied // BATCH, f"{name} was applied already"
        elif kind == "tile/entries" and index.isdigit():
            assert int(index) >= was_fetched // BATCH, f"{name} was stored already"
