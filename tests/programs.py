"""Programs that some tests need and Python does not bring: Debian packages, and packages of npm.

Root installs what is missing, once, whatever the number of xdist workers; anybody else skips the test with the reason.
In continuous integration (`CI` is set) nothing is skipped: there such a test fails.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

APT = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
INSTALL_SECONDS = 600


def debian(*packages: str, program: str, files: tuple[str, ...] = ()) -> str:
    """Path of a program that Debian packages bring, beside other files that they must have brought."""
    with alone("apt"):
        if missing(program, files):
            install(packages)
        absent = missing(program, files)
    if absent:
        unavailable(f"{absent} is not there after the installation of {' '.join(packages)}")
    return shutil.which(program)


def missing(program: str, files: tuple[str, ...]) -> str | None:
    """What is not there of a program and its files."""
    if shutil.which(program) is None:
        return program
    return next((name for name in files if not Path(name).exists()), None)


def install(packages: tuple[str, ...]) -> None:
    """Install Debian packages; package lists are brought up to date only if that is why it failed."""
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        unavailable(f"install the Debian packages {wanted} first: only root can")
    command = [*APT, "install", "-y", "--no-install-recommends", *packages]
    if run(command).returncode == 0:
        return
    run([*APT, "update"])
    done = run(command)
    if done.returncode:
        unavailable(f"apt-get could not install {wanted}: {done.stderr.strip()[-500:]}")


def npm(folder: Path) -> Path:
    """The `node_modules` of a folder, as its lock file has them; returns the folder."""
    node = shutil.which("npm")
    if node is None or shutil.which("node") is None:
        unavailable("there is no npm here: install Node.js first")
    locked = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    with alone("npm"):
        if stamp.exists() and stamp.read_text() == locked:
            return folder
        try:
            done = run([node, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        except OSError as error:
            unavailable(f"npm could not be run: {error}")
        if done.returncode:
            unavailable(f"npm ci did not succeed: {done.stderr.strip()[-500:]}")
        stamp.write_text(locked)
    return folder


def run(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run an installer without questions; one that hangs counts as failed."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no end after {INSTALL_SECONDS} s")


@contextlib.contextmanager
def alone(name: str):
    """Be the only test process of this user that installs this kind of thing."""
    with Path(tempfile.gettempdir(), f"chm-tests-{os.getuid()}-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where every test must run."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
