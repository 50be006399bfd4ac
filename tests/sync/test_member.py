"""A member descriptor keeps the rules of sections 2 and 8, and reading then writing it changes nothing."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.canonical import encode, parse
from chmsync.errors import FormatError
from chmsync.keys import COSIGNATURE, ED25519, PrivateKey, Vkey, to_multikey
from chmsync.member import (
    Authority,
    LogKey,
    Member,
    RecordKey,
    Until,
    cosigner_name,
    did_document,
    did_document_url,
    did_of,
    origin_of,
)

BASE = "https://chm.example.ke"
ORIGIN = "chm.example.ke/log"
DID = "did:web:chm.example.ke"
LOG, OLD_LOG, RECORD, OLD_RECORD, WITNESS, MIRROR, MESSAGE = (
    PrivateKey.from_seed(bytes([number]) * 32).public for number in range(1, 8)
)
ROOT = base64.b64encode(bytes(range(32))).decode()


def record_key(key):
    multibase = to_multikey(key)
    return {"id": f"{DID}#{multibase}", "publicKeyMultibase": multibase}


def descriptor(**change):
    document = {
        "did": DID,
        "origin": ORIGIN,
        "name": "Kenya",
        "kind": "national",
        "base_url": BASE,
        "id_prefixes": [f"{BASE}/records"],
        "sources": ["https://mirror.example/mirror/00ff"],
        "vkeys": [
            {"vkey": str(Vkey(ORIGIN, ED25519, OLD_LOG)), "from": 0, "until": {"size": 100, "root": ROOT}},
            {"vkey": str(Vkey(ORIGIN, ED25519, LOG)), "from": 90},
        ],
        "record_keys": [
            record_key(OLD_RECORD) | {"from": 0, "until": {"size": 100, "root": ROOT}},
            record_key(RECORD) | {"from": 90},
        ],
        "witness_vkey": str(Vkey("chm.example.ke/witness", COSIGNATURE, WITNESS)),
        "mirror_vkey": str(Vkey("chm.example.ke/mirror", COSIGNATURE, MIRROR)),
        "message_key": to_multikey(MESSAGE),
        "authority": {"governments": ["KE"], "types": ["Need", "Offer"], "quota": 1000},
        "status": "active",
        "closed": {"size": 200, "root": ROOT},
        "successor": "new.example.ke/log",
        "parents": ["centre.example/log"],
    }
    merged = document | change
    return {name: value for name, value in merged.items() if value is not ...}


OPTIONAL = ("sources", "witness_vkey", "mirror_vkey", "message_key", "closed", "successor", "parents")


def member(**change):
    return Member.parse(encode(descriptor(**change)))


def refusal(**change):
    with pytest.raises(FormatError, match=r"^member descriptor") as caught:
        member(**change)
    return str(caught.value)


def test_a_descriptor_says_what_its_members_say():
    read = member()
    until = Until(100, bytes(range(32)))
    assert read == Member(
        did=DID,
        origin=ORIGIN,
        name="Kenya",
        kind="national",
        base_url=BASE,
        id_prefixes=(f"{BASE}/records",),
        sources=("https://mirror.example/mirror/00ff",),
        vkeys=(LogKey(Vkey(ORIGIN, ED25519, OLD_LOG), 0, until), LogKey(Vkey(ORIGIN, ED25519, LOG), 90)),
        record_keys=(
            RecordKey(f"{DID}#{to_multikey(OLD_RECORD)}", OLD_RECORD, 0, until),
            RecordKey(f"{DID}#{to_multikey(RECORD)}", RECORD, 90),
        ),
        witness_vkey=Vkey("chm.example.ke/witness", COSIGNATURE, WITNESS),
        mirror_vkey=Vkey("chm.example.ke/mirror", COSIGNATURE, MIRROR),
        message_key=MESSAGE,
        authority=Authority(("KE",), ("Need", "Offer"), 1000),
        status="active",
        closed=Until(200, bytes(range(32))),
        successor="new.example.ke/log",
        parents=("centre.example/log",),
    )
    assert read.document() == descriptor()


@given(
    st.sets(st.sampled_from(OPTIONAL)),
    st.sets(st.sampled_from(["sources", "parents"])),
    st.dictionaries(st.text("xyz", min_size=3), st.none() | st.text() | st.lists(st.booleans()), max_size=3),
)
def test_reading_and_writing_change_nothing(absent, empty, unknown):
    document = descriptor(**dict.fromkeys(absent, ...), **{name: [] for name in empty - absent})
    document |= unknown
    document["authority"] = {"governments": [], "types": []} | unknown
    for key in (*document["vkeys"], *document["record_keys"]):
        key.update(unknown)
    document["vkeys"][0]["until"] = {"size": 100, "root": ROOT} | unknown
    read = Member.parse(json.dumps(document, indent=2).encode())
    assert read.document() == document
    assert read.encode() == encode(document)
    assert Member.parse(read.encode()) == read


def test_the_fingerprint_is_the_hash_of_the_canonical_form_in_whatever_layout_it_came():
    loose = json.dumps(descriptor(), indent=4).encode()
    wanted = hashlib.sha256(encode(parse(loose))).hexdigest()
    assert Member.parse(loose).fingerprint() == wanted
    assert member(name="Other").fingerprint() != wanted


def test_a_changed_field_is_written_over_what_was_read():
    read = member(sources=[], authority={"governments": [], "types": []})
    changed = replace(read, sources=("https://a.example/log",), authority=replace(read.authority, types=("Need",)))
    assert changed.document()["sources"] == ["https://a.example/log"]
    assert changed.document()["authority"] == {"governments": [], "types": ["Need"]}


@pytest.mark.parametrize(
    ("size", "keys"), [(0, [OLD_LOG]), (89, [OLD_LOG]), (90, [OLD_LOG, LOG]), (100, [OLD_LOG, LOG]), (101, [LOG])]
)
def test_a_log_key_is_valid_up_to_and_with_its_last_checkpoint(size, keys):
    assert [vkey.public for vkey in member().log_keys(size)] == keys


@pytest.mark.parametrize(
    ("index", "valid"),
    [(0, (True, False)), (89, (True, False)), (90, (True, True)), (99, (True, True)), (100, (False, True))],
)
def test_a_record_key_is_valid_below_the_size_at_which_it_ended(index, valid):
    old, new = (member().record_key(f"{DID}#{to_multikey(key)}", index) for key in (OLD_RECORD, RECORD))
    assert (old == OLD_RECORD, new == RECORD) == valid
    assert (old is None, new is None) == tuple(not each for each in valid)


def test_a_key_that_is_not_listed_is_valid_nowhere():
    assert member().record_key(f"{DID}#{to_multikey(LOG)}", 50) is None


def test_an_operator_accepts_governments_and_leaves_types_and_quota():
    read = member()
    assert read.allowing(["TZ", "UG"]).authority == Authority(("TZ", "UG"), ("Need", "Offer"), 1000)
    assert read.allowing(()).authority.governments == ()
    assert read.authority.governments == ("KE",)


@pytest.mark.parametrize(
    ("change", "place", "mend"),
    [
        ({"did": ...}, "`did`", "text"),
        ({"name": ...}, "`name`", "text"),
        ({"name": ""}, "`name`", "text"),
        ({"name": {"en": "Kenya"}}, "`name`", "text"),
        ({"kind": ...}, "`kind`", "text"),
        ({"origin": ...}, "`origin`", "text"),
        ({"base_url": None}, "`base_url`", "text"),
        ({"status": ...}, "`status`", "text"),
        ({"status": "asleep"}, "`status`", "active, suspended, retired"),
        ({"authority": ...}, "`authority`", "object"),
        ({"authority": {}}, "`authority.governments`", "list"),
        ({"authority": {"governments": "KE"}}, "`authority.governments`", "list"),
        ({"authority": {"governments": ["Kenya"]}}, "`authority.governments`", "two capital letters"),
        ({"authority": {"governments": ["KE"], "types": ["need"]}}, "`authority.types`", "record type"),
        ({"authority": {"governments": ["KE"], "quota": -1}}, "`authority.quota`", "whole number"),
        ({"authority": {"governments": ["KE"], "quota": None}}, "`authority.quota`", "whole number"),
        ({"id_prefixes": ...}, "`id_prefixes`", f"start with {BASE}/records"),
        ({"id_prefixes": [f"{BASE}/other", f"{BASE}/records"]}, "`id_prefixes`", f"start with {BASE}/records"),
        ({"id_prefixes": [f"{BASE}/records/"]}, "`id_prefixes`", "no slash at the end"),
        ({"id_prefixes": [1]}, "`id_prefixes[0]`", "text"),
        *(({"name": name}, "`name`", "one line of 1 to 200") for name in ("a\nb", "\x1b[2J", "\x85", " ", "x" * 201)),
        ({"did": "did:web:other.example"}, "`did`", DID),
        ({"origin": "https://chm.example.ke/log"}, "`origin`", "without a scheme"),
        ({"origin": "chm.example.ke/log/"}, "`origin`", "without a scheme"),
        ({"origin": "other.example/log"}, "`vkeys[0].vkey`", "other.example/log"),
        ({"vkeys": ...}, "`vkeys`", "list"),
        ({"vkeys": []}, "`vkeys`", "not empty"),
        ({"vkeys": ["x"]}, "`vkeys[0]`", "object"),
        ({"vkeys": [{"vkey": "x", "from": 0}]}, "`vkeys[0].vkey`", "not a vkey"),
        ({"vkeys": [{"vkey": str(Vkey(ORIGIN, ED25519, LOG))}]}, "`vkeys[0].from`", "whole number"),
        ({"vkeys": [{"vkey": str(Vkey(ORIGIN, COSIGNATURE, LOG)), "from": 0}]}, "`vkeys[0].vkey`", "type must be 1"),
        (
            {"vkeys": [{"vkey": str(Vkey(ORIGIN, ED25519, LOG)), "from": 9, "until": {"size": 8, "root": ROOT}}]},
            "`vkeys[0].until`",
            "not end before 9",
        ),
        (
            {"vkeys": [{"vkey": str(Vkey(ORIGIN, ED25519, LOG)), "from": 0, "until": None}]},
            "`vkeys[0].until`",
            "object",
        ),
        ({"record_keys": []}, "`record_keys`", "not empty"),
        ({"record_keys": [record_key(RECORD) | {"from": -1}]}, "`record_keys[0].from`", "whole number"),
        (
            {"record_keys": [record_key(RECORD) | {"from": 0, "id": f"{DID}#key-1"}]},
            "`record_keys[0].id`",
            "it must be",
        ),
        (
            {"record_keys": [record_key(RECORD) | {"from": 0, "publicKeyMultibase": "z6MkX"}]},
            "`record_keys[0].publicKeyMultibase`",
            "base58btc",
        ),
        ({"witness_vkey": str(Vkey(ORIGIN, COSIGNATURE, WITNESS))}, "`witness_vkey`", "chm.example.ke/witness"),
        ({"witness_vkey": str(Vkey("chm.example.ke/witness", ED25519, WITNESS))}, "`witness_vkey`", "type must be 4"),
        ({"mirror_vkey": str(Vkey("chm.example.ke/witness", COSIGNATURE, MIRROR))}, "`mirror_vkey`", "ke/mirror"),
        ({"mirror_vkey": str(Vkey("chm.example.ke/mirror", COSIGNATURE, WITNESS))}, "`mirror_vkey`", "witness_vkey"),
        ({"message_key": to_multikey(LOG)}, "`message_key`", "make one for each"),
        ({"message_key": "x"}, "`message_key`", "base58btc"),
        ({"message_key": None}, "`message_key`", "text"),
        ({"sources": ["https://mirror.example/log/"]}, "`sources`", "without a slash at the end"),
        ({"sources": ["ftp://mirror.example/log"]}, "`sources`", "log prefix"),
        ({"sources": "https://mirror.example/log"}, "`sources`", "list"),
        ({"parents": ["https://centre.example/log"]}, "`parents`", "origin"),
        ({"successor": "https://new.example"}, "`successor`", "origin"),
        ({"closed": {"size": 5}}, "`closed.root`", "text"),
        ({"closed": {"size": True, "root": ROOT}}, "`closed.size`", "whole number"),
        ({"closed": {"size": 5, "root": "AA=="}}, "`closed.root`", "32 bytes"),
        ({"closed": {"size": 5, "root": ROOT[:-1]}}, "`closed.root`", "32 bytes"),
        ({"closed": {"size": 5, "root": ROOT[:-2] + "9="}}, "`closed.root`", "32 bytes"),
    ],
)
def test_a_descriptor_out_of_shape_is_refused_with_the_member_and_the_mend(change, place, mend):
    message = refusal(**change)
    assert place in message
    assert mend in message


@pytest.mark.parametrize("data", [b"[]", b"1", b'"text"'])
def test_a_descriptor_is_one_object(data):
    with pytest.raises(FormatError, match="one JSON object"):
        Member.parse(data)


def test_a_descriptor_with_a_doubled_member_is_refused():
    data = json.dumps(descriptor())
    with pytest.raises(FormatError, match="'did' is there twice"):
        Member.parse(f'{data[:-1]},"did":"did:web:other.example"}}'.encode())


def test_a_descriptor_cannot_be_made_wrong_either():
    with pytest.raises(FormatError, match="`status`"):
        replace(member(), status="asleep")


def test_a_node_that_moved_keeps_its_origin_and_did_and_names_both_places():
    new = "https://chm.environment.example"
    witness = str(Vkey("chm.environment.example/witness", COSIGNATURE, WITNESS))
    change = {"base_url": new, "witness_vkey": witness, "mirror_vkey": ...}
    moved = member(**change, id_prefixes=[f"{new}/records", f"{BASE}/records"])
    assert (moved.did, moved.origin) == (DID, ORIGIN)
    assert "`did`" in refusal(**change, id_prefixes=[f"{new}/records"])


@pytest.mark.parametrize(
    ("base_url", "did", "document", "origin"),
    [
        ("https://chm.example.ke", "did:web:chm.example.ke", "/.well-known/did.json", "chm.example.ke/log"),
        ("https://chm.example.org/tv", "did:web:chm.example.org:tv", "/did.json", "chm.example.org/tv/log"),
        ("https://a.example/x/y", "did:web:a.example:x:y", "/did.json", "a.example/x/y/log"),
        ("http://localhost:8080", "did:web:localhost%3A8080", "/.well-known/did.json", "localhost:8080/log"),
        ("https://localhost:8443/tv", "did:web:localhost%3A8443:tv", "/did.json", "localhost:8443/tv/log"),
        (
            "https://xn--caf-dma.example",
            "did:web:xn--caf-dma.example",
            "/.well-known/did.json",
            "xn--caf-dma.example/log",
        ),
        ("https://1.2.3.example", "did:web:1.2.3.example", "/.well-known/did.json", "1.2.3.example/log"),
    ],
)
def test_names_follow_from_the_base_url(base_url, did, document, origin):
    assert did_of(base_url) == did
    assert did_document_url(base_url) == document
    assert origin_of(base_url) == origin
    assert cosigner_name(base_url, "witness") == origin.removesuffix("log") + "witness"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://chm.example.ke",
        "http://localhost.example",
        "ftp://chm.example.ke",
        "chm.example.ke",
        "https://",
        "https://chm.example.ke/",
        "https://chm.example.ke/tv/",
        "https://chm.example.ke?x",
        "https://chm.example.ke/#x",
        "https://user@chm.example.ke",
        "https://chm.example.ke:0",
        "https://chm.example.ke:65536",
        "https://chm.example.ke:port",
        "https://CHM.example.ke",
        "https://chm..example.ke",
        "https://-chm.example.ke",
        "https://chm.example.ke/a/../b",
        "https://chm.example.ke/a//b",
        "https://chm.example.ke/a+b",
        "https://192.0.2.1",
        "https://192.0.2.1:8443/tv",
        "https://3221225985",
        "https://0xc0000201",
        "https://192.0.2.0x1",
        "https://[2001:db8::1]",
        "https://chm.example.ke\n",
        "https://café.example",
        "",
    ],
)
def test_what_is_no_base_url_has_no_did(base_url):
    for name in (did_of, did_document_url, origin_of):
        with pytest.raises(FormatError, match=r"base URL|localhost alone|65535"):
            name(base_url)


def test_the_did_document_lists_every_record_key_once_for_assertions():
    read = member()
    twice = replace(read, record_keys=(*read.record_keys, RecordKey(read.record_keys[0].id, OLD_RECORD, 150)))
    ids = [f"{DID}#{to_multikey(key)}" for key in (OLD_RECORD, RECORD)]
    for document in (did_document(read), did_document(twice)):
        assert document["@context"][0] == "https://www.w3.org/ns/did/v1"
        assert document["id"] == DID
        assert document["assertionMethod"] == ids
        assert document["verificationMethod"] == [
            {"id": name, "type": "Multikey", "controller": DID, "publicKeyMultibase": name.partition("#")[2]}
            for name in ids
        ]
