"""A key is strict Ed25519 or it is refused, and each written form of it reads back as the same key."""

import copy
import json
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from chmsync.errors import FormatError
from chmsync.keys import (
    COSIGNATURE,
    ED25519,
    PrivateKey,
    PublicKey,
    Vkey,
    base58_decode,
    base58_encode,
    from_multikey,
    key_id,
    to_multikey,
)

P = 2**255 - 19
seeds = st.binary(min_size=32, max_size=32)


def cases(path, name):
    return json.loads(path.read_text())[name]


def test_signatures_are_those_of_rfc_8032(vectors):
    tests = cases(vectors / "rfc8032" / "rfc8032-7.1.json", "tests")
    assert len(tests) == 4
    for test in tests:
        key = PrivateKey.from_seed(bytes.fromhex(test["secret"]))
        message = bytes.fromhex(test["message"])
        assert key.public.raw.hex() == test["public"]
        assert key.sign(message).hex() == test["signature"]
        assert key.public.verify(bytes.fromhex(test["signature"]), message)


def test_every_verdict_of_wycheproof_is_ours(vectors):
    verdicts = [
        (
            key.verify(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])),
            test["result"] == "valid",
        )
        for group in cases(vectors / "wycheproof" / "ed25519_test.json", "testGroups")
        for key in [PublicKey.decode(bytes.fromhex(group["publicKey"]["pk"]))]
        for test in group["tests"]
    ]
    assert len(verdicts) == 151
    assert [ours for ours, _ in verdicts] == [theirs for _, theirs in verdicts]


def test_of_the_keys_on_which_libraries_disagree_only_the_one_of_prime_order_loads(vectors):
    tests = json.loads((vectors / "cctv-ed25519" / "ed25519vectors.json").read_text())
    strict = set()
    for key in {test["key"] for test in tests}:
        try:
            strict.add(PublicKey.decode(bytes.fromhex(key)).raw.hex())
        except FormatError:
            continue
    clean = {test["key"] for test in tests if not any(flag.endswith("_A") for flag in test["flags"] or ())}
    assert strict == clean
    assert len(strict) == 1


def test_for_a_key_that_loads_the_equation_is_cofactorless_and_r_canonical(vectors):
    tests = json.loads((vectors / "cctv-ed25519" / "ed25519vectors.json").read_text())
    loaded = PublicKey.decode(bytes.fromhex("ef75b20e7540e3dff77404193652ba2bd13df99c1508eee1515e27ae25f28076"))
    verdicts = [
        (
            loaded.verify(bytes.fromhex(test["sig"]), test["msg"].encode()),
            not {"non_canonical_R", "low_order_residue"} & set(test["flags"] or ()),
        )
        for test in tests
        if test["key"] == loaded.raw.hex()
    ]
    assert len(verdicts) == 28
    assert [ours for ours, _ in verdicts] == [rule for _, rule in verdicts]
    assert {ours for ours, _ in verdicts} == {True, False}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "32 bytes"),
        (bytes(31), "32 bytes"),
        (bytes(33), "32 bytes"),
        ((2).to_bytes(32, "little"), "no point of the curve"),
        (P.to_bytes(32, "little"), "not below p"),
        ((P + 3).to_bytes(32, "little"), "not below p"),
        (b"\xff" * 32, "not below p"),
        ((1).to_bytes(32, "little"), "identity"),
        ((P - 1 + 2**255).to_bytes(32, "little"), "x = -0"),
        ((P - 1).to_bytes(32, "little"), "prime order"),
        (bytes(32), "prime order"),
    ],
)
def test_a_key_that_is_not_strict_is_refused_with_the_reason(raw, reason):
    with pytest.raises(FormatError, match=reason):
        PublicKey.decode(raw)


def test_the_constructor_is_as_strict_as_decode():
    with pytest.raises(FormatError, match="prime order"):
        PublicKey(bytes(32))


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_verify_answers_false_for_bytes_that_are_no_signature(key, signature):
    assert key.public.verify(signature, b"message") is False


def test_s_not_below_the_order_is_no_signature(key):
    signature = key.sign(b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    malleated = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert key.public.verify(signature, b"message")
    assert not key.public.verify(signature[:32] + malleated, b"message")


@given(seeds, st.binary(max_size=100), st.integers(0, 511))
def test_a_signature_verifies_and_no_flipped_bit_of_it_does(seed, message, bit):
    key = PrivateKey.from_seed(seed)
    signature = key.sign(message)
    flipped = (int.from_bytes(signature) ^ 1 << bit).to_bytes(64)
    assert key.public.verify(signature, message)
    assert not key.public.verify(flipped, message)


def test_keys_are_equal_and_hashed_by_their_bytes_also_in_another_process(key, other_key):
    public = key.public
    assert {public, PublicKey.decode(public.raw), pickle.loads(pickle.dumps(public)), copy.copy(public)} == {public}
    assert public != other_key.public
    assert pickle.loads(pickle.dumps(public)).verify(key.sign(b"m"), b"m")


def test_a_private_key_survives_its_pem_and_never_shows_itself(key):
    pem = key.to_pem()
    assert PrivateKey.from_pem(pem).sign(b"m") == key.sign(b"m")
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    shown = f"{key!r} {key} {[key]}"
    assert to_multikey(key.public) in shown
    assert bytes([1] * 32).hex() not in shown
    assert repr(bytes([1] * 32)) not in shown


def test_generated_keys_differ():
    assert PrivateKey.generate().public != PrivateKey.generate().public


def test_a_pem_that_is_no_open_ed25519_key_is_refused_without_quoting_it(key):
    curve = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    loaded = load_pem_private_key(key.to_pem(), None)
    locked = loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    for pem in (b"", b"secret", curve, locked, key.to_pem()[:60]):
        with pytest.raises(FormatError) as caught:
            PrivateKey.from_pem(pem)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size):
    with pytest.raises(FormatError, match="32 bytes"):
        PrivateKey.from_seed(bytes(size))


def test_the_vkeys_of_the_specifications_read_back(vectors):
    texts = vkeys_in(json.loads((vectors / "c2sp-signed-note" / "examples.json").read_text()))
    assert [(str(vkey), vkey.algorithm) for vkey in map(Vkey.parse, texts)] == [(text, ED25519) for text in texts]
    assert "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k" in texts


def test_the_cosigner_vkeys_of_another_implementation_read_back(vectors):
    texts = [
        text
        for path in (vectors / "c2sp-tlog-tiles" / "sunlight-witness").rglob("*.v0.json")
        for text in vkeys_in(json.loads(path.read_text()))
    ]
    assert len(texts) == 2
    assert [(str(vkey), vkey.algorithm) for vkey in map(Vkey.parse, texts)] == [(text, COSIGNATURE) for text in texts]


def vkeys_in(value):
    """All the texts in a JSON value that look like vkeys of one Ed25519 key."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in vkeys_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in vkeys_in(item)]
    return [value] if isinstance(value, str) and value.count("+") >= 2 and " " not in value else []


@given(
    seeds,
    st.text(st.characters(exclude_characters="+", exclude_categories=["Z", "Cc", "Cs"]), min_size=1),
    st.sampled_from([ED25519, COSIGNATURE]),
)
def test_every_vkey_reads_back_as_itself(seed, name, algorithm):
    vkey = Vkey(name, algorithm, PrivateKey.from_seed(seed).public)
    assert Vkey.parse(str(vkey)) == vkey
    assert vkey.id == key_id(name, algorithm, vkey.public)


def test_the_same_key_has_another_id_under_another_name_or_type(key):
    ids = {key_id(name, kind, key.public) for name in ("a", "b") for kind in (ED25519, COSIGNATURE)}
    assert len(ids) == 4


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2003b"])
def test_a_key_name_is_not_empty_and_has_no_space_or_plus(key, name):
    with pytest.raises(FormatError, match="key name"):
        Vkey(name, ED25519, key.public)


def test_a_vkey_that_contradicts_itself_is_refused(key):
    name, number, blob = str(Vkey("node.example/log", ED25519, key.public)).split("+", 2)
    for text in (
        f"other.example/log+{number}+{blob}",
        f"{name}+00000000+{blob}",
        f"{name}+{number.upper()}+{blob}",
        f"{name}+{number}+{blob}\n",
        f"{name}+{number}+{blob[:-1]}",
        f"{name}+{number}+",
        f"{name}+{number}+{blob[:-4]}",
        f"{name}+{number}",
        f"{name}+{number}+AA==",
        "",
    ):
        with pytest.raises(FormatError):
            Vkey.parse(text)


def test_a_vkey_of_an_unknown_signature_type_is_refused(key):
    with pytest.raises(FormatError, match="signature type 6"):
        Vkey("node.example/log", 6, key.public)


def test_multikeys_are_those_of_the_did_key_vectors(vectors):
    documents = json.loads((vectors / "did-key" / "ed25519-x25519.json").read_text())
    assert len(documents) == 5
    for did, case in documents.items():
        public = PrivateKey.from_seed(bytes.fromhex(case["seed"])).public
        assert did == f"did:key:{to_multikey(public)}"
        assert from_multikey(did.removeprefix("did:key:")) == public


@given(st.binary(max_size=80))
def test_base58_reads_back_and_has_one_spelling(data):
    text = base58_encode(data)
    assert base58_decode(text, len(data)) == data
    with pytest.raises(FormatError, match="not base58btc"):
        base58_decode(f"z1{text[1:]}", len(data))
    with pytest.raises(FormatError, match="not base58btc"):
        base58_decode(text, len(data) + 1)


@pytest.mark.parametrize("letter", ["0", "O", "I", "l", "+", "é", " "])
def test_base58_has_no_letters_that_look_alike(key, letter):
    text = to_multikey(key.public)
    with pytest.raises(FormatError, match="letter"):
        from_multikey(text[:-1] + letter)


def test_what_is_no_ed25519_multikey_is_refused(key):
    x25519 = base58_encode(b"\xec\x01" + key.public.raw)
    small = base58_encode(b"\xed\x01" + bytes(32))
    for text in ("", "z", "z" * 10_000, to_multikey(key.public)[1:], x25519, small):
        with pytest.raises(FormatError):
            from_multikey(text)
