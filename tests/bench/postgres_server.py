"""A PostgreSQL with ordinary settings for one benchmark: everything synced, autovacuum on, 512 MB of shared buffers."""

import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.conftest import BINARIES, INITDB, START_SECONDS, unprivileged

SETTINGS = ("shared_buffers=512MB", "listen_addresses=")
STOP_SECONDS = 120


@contextmanager
def served(data: Path) -> Iterator[str]:
    """Serve the cluster in a folder, made if it is not there, until the block ends; its URL, without a schema."""
    socket = Path(tempfile.mkdtemp(prefix="chm-pg-"))  # short: the path of a socket has at most 107 bytes
    data.parent.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        data.mkdir()
    identity, rights = unprivileged(data)
    if rights:
        shutil.chown(socket, "nobody")
    guard = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    options = [word for setting in SETTINGS for word in ("-c", setting)]
    serve = "exec " + shlex.join([str(BINARIES / "postgres"), "-D", str(data), "-k", str(socket), *options])
    make = shlex.join([str(BINARIES / "initdb"), "-D", str(data), *INITDB])
    command = serve if (data / "PG_VERSION").exists() else f"{make} && {serve}"
    with (socket / "log").open("w") as log:
        server = subprocess.Popen(
            [*guard, *identity, "sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **rights,
        )
    try:
        _wait(server, socket)
        yield f"postgresql:///postgres?host={socket}&user=postgres"
    finally:
        server.send_signal(signal.SIGINT)  # ends connections, writes everything
        server.wait(STOP_SECONDS)
        shutil.rmtree(socket, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], socket: Path) -> None:
    """Until it answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"host={socket} user=postgres dbname=postgres").close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((socket / "log").read_text()) from error
            time.sleep(0.02)
        else:
            return
