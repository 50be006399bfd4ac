"""A proof that travels alone shows one entry in one log, or is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.checkpoint import MAX_SIZE, Checkpoint
from chmsync.errors import FormatError, LogCode, LogRefused
from chmsync.keys import ED25519, Vkey
from chmsync.merkle import leaf_hash
from chmsync.note import Note, sign
from chmsync.tlog_proof import TlogProof, verify

ORIGIN = "chm.example.ke/log"
ENTRIES = [b"entry %d" % number for number in range(11)]
HASH = "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA="

proofs = st.builds(
    TlogProof,
    st.integers(0, MAX_SIZE),
    st.lists(st.binary(min_size=32, max_size=32), max_size=6).map(tuple),
    st.binary(),
    st.none() | st.binary(min_size=1),
)


@pytest.fixture
def vkeys(key):
    return lambda size: [Vkey(ORIGIN, ED25519, key.public)]


@pytest.fixture
def checkpoint(naive):
    return Checkpoint(ORIGIN, len(ENTRIES), naive.root([leaf_hash(entry) for entry in ENTRIES]))


@pytest.fixture
def prove(naive, checkpoint, key):
    def prove(index, extra=None):
        note = Note(checkpoint.text(), (sign(checkpoint.text(), ORIGIN, key),))
        path = naive.path(index, [leaf_hash(entry) for entry in ENTRIES])
        return TlogProof(index, tuple(path), note.encode(), extra)

    return prove


@given(proofs)
def test_reading_what_was_written_gives_the_same_proof(proof):
    assert TlogProof.parse(proof.encode()) == proof


def test_a_proof_is_written_as_the_specification_says(prove):
    proof = prove(2, extra=ENTRIES[2])
    head, _, note = proof.encode().decode().partition("\n\n")
    lines = head.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra ZW50cnkgMg==", "index 2"]
    assert len(lines) == 3 + 4
    assert note.startswith(f"{ORIGIN}\n11\n")


def test_every_entry_of_a_log_is_proven(prove, vkeys, checkpoint):
    for index, entry in enumerate(ENTRIES):
        proof = TlogProof.parse(prove(index, extra=entry).encode())
        assert verify(proof, proof.extra, ORIGIN, vkeys).checkpoint == checkpoint


def test_the_only_entry_of_a_log_needs_no_hashes(key, vkeys):
    text = Checkpoint(ORIGIN, 1, leaf_hash(b"alone")).text()
    data = TlogProof(0, (), Note(text, (sign(text, ORIGIN, key),)).encode()).encode()
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\nchm.example.ke/log\n1\n")
    assert verify(TlogProof.parse(data), b"alone", ORIGIN, vkeys).checkpoint.size == 1


def test_another_entry_place_or_hash_is_refused(prove, vkeys):
    proof = prove(2)
    for false, entry in [
        (proof, ENTRIES[3]),
        (replace(proof, index=3), ENTRIES[2]),
        (replace(proof, index=11), ENTRIES[2]),
        (replace(proof, hashes=proof.hashes[1:]), ENTRIES[2]),
        (replace(proof, hashes=(*proof.hashes, bytes(32))), ENTRIES[2]),
        (replace(proof, hashes=(bytes(32), *proof.hashes[1:])), ENTRIES[2]),
    ]:
        with pytest.raises(FormatError):
            verify(false, entry, ORIGIN, vkeys)


def test_another_root_size_signer_or_log_is_refused(prove, checkpoint, vkeys, key, other_key):
    proof = prove(2)

    def refusal(changed, signer, origin=ORIGIN):
        note = Note(changed.text(), (sign(changed.text(), ORIGIN, signer),))
        with pytest.raises((LogRefused, FormatError)) as raised:
            verify(replace(proof, checkpoint=note.encode()), ENTRIES[2], origin, vkeys)
        return getattr(raised.value, "code", "not shown")

    assert refusal(replace(checkpoint, root=bytes(32)), key) == "not shown"
    assert refusal(replace(checkpoint, size=40), key) == "not shown"
    assert refusal(checkpoint, other_key) is LogCode.BAD_SIGNATURE
    assert refusal(checkpoint, key, "chm.example.org/log") is LogCode.BAD_NOTE


def test_the_extra_line_is_nobodys_word(prove, vkeys):
    verify(prove(2, extra=b"whatever one likes"), ENTRIES[2], ORIGIN, vkeys)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "index 0",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 0",
        "c2sp_org/tlog-proof@v1\nindex 0",
        " c2sp.org/tlog-proof@v1\nindex 0",
        "c2sp.org/tlog-proof@v1\r\nindex 0",
        "c2sp.org/tlog-proof@v1\nindex 00",
        "c2sp.org/tlog-proof@v1\nindex 01",
        "c2sp.org/tlog-proof@v1\nindex -1",
        "c2sp.org/tlog-proof@v1\nindex  1",
        "c2sp.org/tlog-proof@v1\nindex 1 ",
        "c2sp.org/tlog-proof@v1\nindex ٣",
        f"c2sp.org/tlog-proof@v1\nindex {MAX_SIZE + 1}",
        "c2sp.org/tlog-proof@v1\nindex",
        "c2sp.org/tlog-proof@v1\nIndex 1",
        "c2sp.org/tlog-proof@v1\nextra \nindex 1",
        "c2sp.org/tlog-proof@v1\nextra AB==\nindex 1",
        "c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 1",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra AA==",
        "c2sp.org/tlog-proof@v1\nindex 1\nAA==",
        f"c2sp.org/tlog-proof@v1\nindex 1\n {HASH}",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}\r",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-1]}",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-2]}B=",
        f"c2sp.org/tlog-proof@v1\n{HASH}\nindex 1",
    ],
)
def test_a_malformed_proof_is_refused(head):
    with pytest.raises(FormatError):
        TlogProof.parse(f"{head}\n\nnote".encode())


def test_the_head_that_the_malformed_ones_vary_is_well_formed():
    head = f"c2sp.org/tlog-proof@v1\nextra AA==\nindex 1\n{HASH}"
    assert TlogProof.parse(f"{head}\n\nnote".encode()).index == 1
    with pytest.raises(FormatError):
        TlogProof.parse(head.encode())


@pytest.mark.parametrize("members", [(-1, (), b""), (MAX_SIZE + 1, (), b""), (0, (bytes(31),), b""), (0, (), b"", b"")])
def test_a_proof_that_could_not_be_read_back_cannot_be_made(members):
    with pytest.raises(FormatError):
        TlogProof(*members)
