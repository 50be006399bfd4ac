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


class KeysChanging(Refusal):
    """Somebody ends a key at this moment."""

    retry = True


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Say that somebody who signs is at work here, beside others."""
    with _locked(folder, alone=False):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make sure that nobody is at work here, and nobody begins meanwhile."""
    with _locked(folder, alone=True):
        yield


@contextmanager
def _locked(folder: Path, *, alone: bool) -> Iterator[None]:
    from chmnode.config import Config

    Config.load(folder)  # a lock is laid down in folders of nodes alone
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            _lock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, kind: int) -> None:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if kind == fcntl.LOCK_EX:
            raise Refusal("a server or import of this node is running: stop it, do this, and start it again") from None
        raise KeysChanging("the keys of this node are being changed: try again in a moment") from None
