"""A proof is that of eddsa-jcs-2022, and one changed member of it or of the document breaks it."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.canonical import decode, encode
from chmsync.errors import FormatError, RecordCode, RecordRefused
from chmsync.keys import PrivateKey, base58_decode, base58_encode, from_multikey, to_multikey
from chmsync.proof import hash_data, sign_document, verify_document

CREATED = "2026-11-20T12:00:00Z"
METHOD = "did:web:node.example#key"
RECORD = {
    "@context": "https://w3id.org/chm/context/v1",
    "id": "https://node.example/records/1",
    "title": {"fr": "Forêt"},
}
CONTEXTS = st.none() | st.just("https://w3id.org/chm/context/v1") | st.lists(st.text("abc"), max_size=3)


def keys(**known):
    return lambda method: known.get(method.partition("#")[2])


@pytest.fixture
def signed(key):
    return sign_document(RECORD, key, METHOD, CREATED)


def refusal(document, key_of):
    with pytest.raises(RecordRefused) as caught:
        verify_document(document, key_of)
    assert caught.value.code is RecordCode.PROOF
    return caught.value.detail


def test_every_step_is_that_of_the_w3c_vectors(vectors):
    folder = vectors / "vc-di-eddsa"
    step = {path.name: path.read_text().strip() for path in (folder / "eddsa-jcs-2022").iterdir()}
    pair = json.loads((folder / "keyPair.json").read_text())
    key = PrivateKey.from_seed(base58_decode(pair["privateKeyMultibase"], 34)[2:])
    unsigned = json.loads((folder / "unsigned.json").read_text())
    signed = json.loads(step["signedJCS.json"])
    config = json.loads(step["proofConfigJCS.json"])

    assert to_multikey(key.public) == pair["publicKeyMultibase"]
    assert encode(unsigned).decode() == step["canonDocJCS.txt"]
    assert encode(config).decode() == step["proofCanonJCS.txt"]
    assert hashlib.sha256(encode(unsigned)).hexdigest() == step["docHashJCS.txt"]
    assert hashlib.sha256(encode(config)).hexdigest() == step["proofHashJCS.txt"]
    assert hash_data(encode(config), encode(unsigned)).hex() == step["combinedHashJCS.txt"]
    assert base58_decode(step["sigBTC58JCS.txt"], 64).hex() == step["sigHexJCS.txt"]
    assert sign_document(unsigned, key, config["verificationMethod"], config["created"]) == signed
    method = verify_document(signed, lambda name: from_multikey(name.partition("#")[2]))
    assert method == config["verificationMethod"]


@given(st.dictionaries(st.text("abc", min_size=1), st.text() | st.integers(-9, 9) | st.lists(st.text())), CONTEXTS)
def test_what_is_signed_verifies_also_after_a_journey_as_bytes(members, context):
    key = PrivateKey.from_seed(b"\x07" * 32)
    document = members if context is None else {**members, "@context": context}
    signed = sign_document(document, key, METHOD, CREATED)
    assert {name: value for name, value in signed.items() if name != "proof"} == document
    assert signed["proof"].get("@context") == context
    assert verify_document(decode(encode(signed)), keys(key=key.public)) == METHOD


def test_signing_again_replaces_the_proof_and_changes_no_argument(key, other_key, signed):
    again = sign_document(signed, other_key, METHOD, CREATED)
    assert verify_document(again, keys(key=other_key.public)) == METHOD
    assert verify_document(signed, keys(key=key.public)) == METHOD
    assert "proof" not in RECORD


def test_a_changed_document_is_refused(key, signed):
    for change in ({"title": {"fr": "Foret"}}, {"more": 1}, {"id": "https://node.example/records/2"}):
        assert "signature" in refusal({**signed, **change}, keys(key=key.public))
    shorter = {name: value for name, value in signed.items() if name != "title"}
    assert "signature" in refusal(shorter, keys(key=key.public))


def test_a_changed_proof_is_refused(key, signed):
    for change in (
        {"created": "2026-11-20T12:00:01Z"},
        {"nonce": "x"},
        {"verificationMethod": "did:web:b.example#key"},
    ):
        assert "signature" in refusal({**signed, "proof": {**signed["proof"], **change}}, keys(key=key.public))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "Ed25519Signature2020"}, "proof.type"),
        ({"cryptosuite": "eddsa-rdfc-2022"}, "proof.cryptosuite"),
        ({"proofPurpose": "authentication"}, "proof.proofPurpose"),
        ({"type": None}, "proof.type"),
        ({"created": None}, "proof.created"),
        ({"created": 5}, "proof.created"),
        ({"created": "2026-11-20"}, "proof.created"),
        ({"created": "2026-11-20T12:00:00"}, "proof.created"),
        ({"created": "2026-02-30T12:00:00Z"}, "proof.created"),
        ({"created": "2026-11-20T24:00:00Z"}, "proof.created"),
        ({"@context": "https://www.w3.org/ns/credentials/v2"}, "proof.@context"),
        ({"@context": [RECORD["@context"]]}, "proof.@context"),
        ({"previousProof": "urn:uuid:1"}, "previousProof"),
        ({"verificationMethod": None}, "no key"),
        ({"verificationMethod": {"id": METHOD}}, "no key"),
        ({"verificationMethod": "did:web:node.example#unknown"}, "no key"),
        ({"proofValue": None}, "proofValue"),
        ({"proofValue": "z"}, "proofValue"),
        ({"proofValue": base58_encode(bytes(63))}, "proofValue"),
        ({"proofValue": base58_encode(bytes(65))}, "proofValue"),
        ({"proofValue": "u" + "A" * 86}, "proofValue"),
        ({"proofValue": base58_encode(bytes(64))}, "signature"),
    ],
)
def test_a_proof_that_is_not_ours_to_accept_is_refused_by_name(key, signed, change, reason):
    members = {**signed["proof"], **change}
    proof = {name: value for name, value in members.items() if value is not None}
    assert reason in refusal({**signed, "proof": proof}, keys(key=key.public))


@pytest.mark.parametrize("proof", [None, [], "z", 1])
def test_a_proof_is_one_object(key, signed, proof):
    assert "one object" in refusal({**signed, "proof": proof}, keys(key=key.public))
    assert "one object" in refusal({**signed, "proof": [signed["proof"]]}, keys(key=key.public))
    assert "one object" in refusal(RECORD, keys(key=key.public))


def test_a_proof_without_context_counts_as_its_signature_says(key):
    bare = {name: value for name, value in RECORD.items() if name != "@context"}
    proof = sign_document(bare, key, METHOD, CREATED)["proof"]
    assert "signature" in refusal({**RECORD, "proof": proof}, keys(key=key.public))


def test_what_has_no_canonical_form_or_no_date_is_not_signed(key):
    with pytest.raises(FormatError, match=r"^\$\.n: a number"):
        sign_document({"n": 0.5}, key, METHOD, CREATED)
    with pytest.raises(FormatError, match="created"):
        sign_document(RECORD, key, METHOD, "yesterday")
