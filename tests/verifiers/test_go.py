"""Our exported log passes the transparency log library of the Go project, and nothing else does."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from chmsync.export import export
from tests.programs import debian

PACKAGES = "golang-go", "golang-golang-x-mod-dev"
TLOG = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog"
SOURCE = Path(__file__).parent / "go" / "verify.go"
SIZE, OLDER = 700, 300


@pytest.fixture(scope="session")
def verifier(tmp_path_factory):
    """The Go program, built from what Debian has: no module is downloaded."""
    go = debian(*PACKAGES, program="go", files=(TLOG,))
    program = tmp_path_factory.mktemp("go") / "verify"
    cache = Path(tempfile.gettempdir(), f"chm-tests-{os.getuid()}-go")
    paths = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": str(cache)}
    subprocess.run([go, "build", "-o", program, SOURCE], env={**os.environ, **paths}, check=True, timeout=300)
    return program


@pytest.fixture
async def exported(publisher, tmp_path):
    """A log of 700 entries, exported, and its checkpoint when it had 300."""
    for number in range(OLDER):
        publisher.peer.put(f"r{number}")
    older = tmp_path / "older"
    older.write_bytes(await publisher.publish())
    for number in range(OLDER, SIZE):
        publisher.peer.put(f"r{number}")
    await publisher.publish()
    await export(publisher.store, publisher.peer.origin, tmp_path / "web", {})
    return tmp_path / "web" / "log", older


def verify(program, peer, log, older):
    vkeys = [str(peer.member.vkeys[0].vkey), str(peer.member.witness_vkey)]
    return subprocess.run([program, log, *vkeys, older], capture_output=True, text=True, check=False, timeout=60)


async def test_the_go_library_accepts_the_log_that_we_export(verifier, publisher, exported):
    """Checkpoint, cosignature, all tiles, a proof for each entry, and one that it has grown."""
    done = verify(verifier, publisher.peer, *exported)
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"size": SIZE, "entries": SIZE, "tiles": 4, "older": OLDER}


@pytest.mark.parametrize(
    ("name", "at", "complaint"),
    [
        ("checkpoint", 0, "checkpoint: "),
        ("checkpoint", -3, "checkpoint: "),
        ("tile/0/000", 700, "inclusion: "),
        ("tile/0/002.p/188", 5, "inclusion: "),
        ("tile/1/000.p/2", 40, "inclusion: "),
        ("tile/entries/001", 100, "entry 256: "),
        ("tile/entries/002.p/188", 1, "entries: "),
    ],
)
async def test_the_go_library_refuses_one_changed_byte(verifier, publisher, exported, name, at, complaint):
    log, older = exported
    data = bytearray((log / name).read_bytes())
    data[at] ^= 1
    (log / name).write_bytes(data)
    done = verify(verifier, publisher.peer, log, older)
    assert done.returncode == 1
    assert complaint in done.stderr


async def test_the_go_library_refuses_a_checkpoint_that_is_not_of_the_same_history(verifier, publisher, exported):
    log, older = exported
    other = publisher.peer.forked(OLDER - 1)
    other.put("another")
    older.write_bytes(other.checkpoint())
    done = verify(verifier, publisher.peer, log, older)
    assert done.returncode == 1
    assert done.stderr.startswith("growth: ")
