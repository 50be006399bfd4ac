"""Who is at work in a node folder: a lock that ends with the process, however that ends.

Whoever signs holds it together with others; finishing a key rotation needs it alone, because a running server signs
with the keys it has loaded. Two machines that share one PostgreSQL have folders of their own, and their operator this
care.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chmnode.cli.boundary import Refusal

try:
    import fcntl
except ImportError:  # Windows has other locks; there the operator takes care
    fcntl = None  # type: ignore[assignment]

_LOCK: Final = "running.lock"
_SERVING: Final = "serving.lock"


class KeysChanging(Refusal):
    """Somebody ends a key at this moment."""

    retry = True


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Say that somebody who signs is at work here, beside others."""
    busy = KeysChanging("the keys of this node are being changed: try again in a moment")
    with _locked(folder / _LOCK, busy, alone=False):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make sure that nobody is at work here, and nobody begins meanwhile."""
    busy = Refusal("a server or import of this node is running: stop it, do this, and start it again")
    with _locked(folder / _LOCK, busy, alone=True):
        yield


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Make sure that no other server works on the SQLite file of this node; PostgreSQL may have several."""
    from chmnode.config import Config

    if not Config.load(folder).database.startswith("sqlite:"):
        yield
        return
    busy = Refusal("another `chm serve` of this node is running: use that one, or stop it first")
    with _locked(folder / _SERVING, busy, alone=True):
        yield


@contextmanager
def _locked(path: Path, busy: Refusal, *, alone: bool) -> Iterator[None]:
    from chmnode.config import Config

    Config.load(path.parent)  # a lock is laid down in folders of nodes alone
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise Refusal(f"{path} belongs to another user: run chm as the owner of the node folder") from error
    try:
        if fcntl is not None:
            _lock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, busy)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, kind: int, busy: Refusal) -> None:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
