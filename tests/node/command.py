"""What the tests of the command share: running it, a node to run it on, records to import."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from click.testing import CliRunner

from chmnode.cli import main
from chmsync.member import Member

CHM = Path(sys.executable).parent / "chm"
START_SECONDS = 20


def chm(*words, status=0):
    """Run the command in this process; its result, after its exit status was compared."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


def chm_json(*words, status=0):
    """The one object that the command prints."""
    return json.loads(chm(*words, "--json", status=status).stdout)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def make_node(folder, government="KE", *, port=None, **options):
    """A node on this machine that may read others on this machine."""
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    url = f"http://localhost:{port or free_port()}"
    chm("init", folder, "--name", f"Node {folder.name}", "--base-url", url, "--government", government, *words)
    settings = folder / "node.toml"
    settings.write_text(
        settings.read_text().replace("#allow_private = []", 'allow_private = ["127.0.0.0/8", "::1/128"]')
    )
    return folder


def member_of(folder):
    return Member.parse((folder / "member.json").read_bytes())


def draft(title="Training for rangers", **members):
    """A need as its author gives it."""
    return {
        "type": "Need",
        "title": {"en": title},
        "problem": {"en": "There are too few trained rangers."},
        "languages": ["en"],
        "countries": ["KE"],
        "cbdSubjects": ["CBD-SUBJECT-PA"],
        "gbfTargets": ["GBF-TARGET-03"],
        "assistanceTypes": ["CHM-ASSIST-TRAINING"],
        "source": {"url": "https://example.org/needs"},
        **members,
    }


def write_lines(path, *lines):
    """A file of JSON Lines; text stands as it is."""
    written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{line}\n" for line in written))
    return path


def publish(folder, *drafts):
    """Import these drafts with --publish."""
    file = write_lines(folder.parent / f"{folder.name}-drafts.jsonl", *drafts)
    return chm_json("-C", folder, "import", file, "--publish")


def records_of(folder):
    """Title and address of the records in force, by a look into the database."""
    import asyncio

    from chmnode.config import Config
    from chmnode.storage import Records, open_database

    async def read():
        async with open_database(Config.load(folder).database, folder=folder) as database:
            return await Records(database.read).page(limit=1000)

    return {record.document()["title"]["en"]: record for record in asyncio.run(read())}


@contextlib.contextmanager
def served(folder, *words, status=0):
    """A node served by a process of its own, which is asked to end and does."""
    errors = folder.parent / f"{folder.name}.log"
    with errors.open("w") as log:
        server = subprocess.Popen([CHM, "-C", folder, "serve", *map(str, words)], stderr=log)
    try:
        wait_for(lambda: "is served on" in errors.read_text() or server.poll() is not None)
        assert server.poll() is None, errors.read_text()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        code = server.wait(START_SECONDS)
    assert code == status, errors.read_text()
    assert "Traceback" not in errors.read_text()


def wait_for(happens):
    deadline = time.monotonic() + START_SECONDS
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.02)
