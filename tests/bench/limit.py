"""The limit of every harvest: how many Ed25519 signatures this machine verifies on all cores, and nothing else.

The bare function of the library, on messages of 64 bytes (what a record's proof signs), keys loaded before.
"""

import multiprocessing
import time
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.bench.figures import Figure
from tests.bench.processes import cores
from tests.bench.workshop import Workshop

DOES = "Ed25519 verifications on all cores, the limit of the others"
SECONDS = 2.0
_BATCH = 64


def verify_rate(seconds: float = SECONDS) -> float:
    """Verifications a second on all cores at once."""
    with multiprocessing.get_context("spawn").Pool(cores()) as pool:
        pool.map(_verify, [0.1] * cores(), chunksize=1)  # processes are there, libraries loaded
        return sum(pool.map(_verify, [seconds] * cores(), chunksize=1))


def sign_rate(seconds: float = SECONDS) -> float:
    """Signatures a second on one core."""
    key = Ed25519PrivateKey.generate()
    message = bytes(64)
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for _ in range(_BATCH):
            key.sign(message)
        done += _BATCH
    return done / spent


def _verify(seconds: float) -> float:
    key = Ed25519PrivateKey.generate()
    signed = [(key.sign(bytes([number] * 64)), bytes([number] * 64)) for number in range(_BATCH)]
    public = key.public_key()
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for signature, message in signed:
            public.verify(signature, message)
        done += _BATCH
    return done / spent


def run(workshop: Workshop) -> Iterator[Figure]:
    """The limit."""
    yield Figure(f"verify limit, {cores()} cores", [verify_rate() for _ in range(workshop.rounds)], "/s")
