"""Records that we sign pass the npm verifier of eddsa-jcs-2022, and altered ones do not."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from chmsync.canonical import encode, parse
from chmsync.member import did_document
from chmsync.simulator import Peer
from tests.programs import npm

FOLDER = Path(__file__).parent / "npm"


@pytest.fixture(scope="session")
def verify():
    """Verdicts of the npm program on records, with the DID document of their publisher."""
    folder = npm(FOLDER)

    def run(peer, records):
        given = {"didDocument": did_document(peer.member), "records": [parse(record) for record in records]}
        done = subprocess.run(
            [shutil.which("node"), "verify.mjs"],
            cwd=folder,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize(
    "base_url", ["https://chm.example.ke", "https://chm.example.org/tv", "http://localhost:8080/a/b"]
)
def test_the_npm_verifier_accepts_the_records_that_we_sign(verify, base_url):
    peer = Peer(base_url=base_url)
    records = [peer.record("plain"), peer.record("many", title={"ar": "تنوع", "zh": "生物多样性"}, regions=["coast"])]
    signed = [encode(peer.sign(record)) for record in records]
    assert verify(peer, signed) == [{"verified": True, "errors": []}] * len(signed)


def test_the_npm_verifier_refuses_one_changed_letter(verify):
    """Wherever it stands: in the record, in its context, in the time of its proof, in the signature."""
    peer = Peer()
    signed = encode(peer.sign(peer.record("plain")))
    letters = [b"Record plain", b"context/v1", b'"created":"2026', b'"proofValue":"z']
    altered = []
    for place in letters:
        at = signed.index(place) + len(place) - 1 + (place.endswith(b"z") * 20)
        other = b"2" if signed[at : at + 1] != b"2" else b"3"
        altered.append(signed[:at] + other + signed[at + 1 :])
    assert [verdict["verified"] for verdict in verify(peer, [signed, *altered])] == [True] + [False] * len(letters)


def test_the_npm_verifier_refuses_a_record_signed_by_somebody_else(verify):
    peer, stranger = Peer(), Peer(base_url="https://chm.example.ug")
    forged = encode(peer.sign(peer.record("plain"), stranger.record_key))
    assert [verdict["verified"] for verdict in verify(peer, [forged])] == [False]
