"""Verification without a node: what is right passes, one changed byte anywhere does not."""

import ipaddress
import json
import shutil
import zipfile
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web as aioweb
from aiohttp.test_utils import TestServer

from chmsync.audit import Trust, audit
from chmsync.canonical import encode
from chmsync.export import export
from chmsync.http import Client
from chmsync.keys import ED25519, PrivateKey, Vkey
from chmsync.limits import Limits
from chmsync.member import Until, cosigner_name, did_document
from chmsync.merkle import leaf_hash, root_of
from chmsync.mirror import mirror_name
from chmsync.note import Note, sign
from chmsync.simulator import Peer, _seed
from chmsync.tiles import inclusion_proof, inclusion_tiles
from chmsync.tlog_proof import TlogProof
from tests.federation.conftest import Examples, codes
from tests.federation.publisher import Publisher


@pytest.fixture
def database_url():
    """One kind of database is enough here: what is exported is the same."""
    return "sqlite:///chm.sqlite"


@pytest.fixture
def own(database):
    return Publisher(database)


@pytest.fixture
def neighbour():
    return Peer("https://chm.example.ug", governments=("UG",))


@pytest.fixture
async def tree(own, neighbour, region, tmp_path):
    """An export in two steps: an own log with every operation and old partial tiles, a mirrored log, documents."""
    peer = own.peer
    region.mirror = replace(
        region.mirror,
        name=cosigner_name(peer.base_url, "mirror"),
        key=_seed(peer.base_url, "mirror"),
    )
    for number in range(270):
        peer.put(f"r{number}")
    for number in range(3):
        neighbour.put(f"n{number}")
    documents = {
        "member.json": json.dumps(peer.member.document(), indent=1).encode(),
        ".well-known/did.json": encode(did_document(peer.member)),
        "node.jsonld": b"{}",
    }
    await own.publish()
    await region.harvest(neighbour, governments=("UG",))
    await export(own.store, peer.origin, tmp_path / "web", documents)
    peer.put("r3", peer.record("r3", title={"en": "Newer"}))
    peer.remove("r4")
    peer.remove("r5", "erase")
    await own.publish()
    await export(own.store, peer.origin, tmp_path / "web", documents)
    return tmp_path / "web"


@pytest.fixture
def trust(own, neighbour):
    return Trust((own.peer.member, neighbour.member))


def kinds(done):
    """What was found, by place."""
    return {(found.where, found.code) for found in done.findings}


async def test_an_exported_tree_passes_whole(tree, trust):
    done = await audit(str(tree), trust, schemas=Examples())
    assert done.document() == {
        "ok": True,
        "checked": {
            "checkpoints": 2,
            "cosignatures": 3,
            "documents": 2,
            "entries": 276,
            "files": 273,
            "logs": 2,
            "records": 271,
            "tiles": 5,
        },
        "not_covered": ["node.jsonld: nothing signs it"],
        "findings": [],
    }


async def test_without_schemas_it_says_so(tree, trust):
    done = await audit(str(tree), trust)
    assert done.ok
    assert "schemas and contexts of records: none were given" in done.not_covered


async def test_an_archive_passes_like_its_directory(tree, trust, tmp_path):
    shutil.make_archive(str(tmp_path / "web"), "zip", tree)
    done = await audit(str(tmp_path / "web.zip"), trust, schemas=Examples())
    assert done == await audit(str(tree), trust, schemas=Examples())


async def test_the_folder_of_one_log_passes_alone(tree, trust, neighbour):
    done = await audit(str(tree / "log"), Trust(trust.members[:1]))
    assert (done.ok, done.checked["entries"], done.findings) == (True, 273, ())
    done = await audit(str(tree / "mirror" / mirror_name(neighbour.origin)), Trust(trust.members[1:]))
    assert (done.ok, done.checked["entries"]) == (True, 3)
    assert any("/mirror, whose key is not known" in left for left in done.not_covered)


def flips(data):
    """Places of a file to change: its ends, its middle, and some between."""
    return sorted({0, 40, len(data) // 3, len(data) - 40, len(data) - 1} & set(range(len(data))))


async def test_one_changed_byte_is_found_in_any_file(tree, trust):
    """At several places of every file; but only of some single records. `node.jsonld` is listed as not covered."""
    everything = sorted(path for path in tree.rglob("*") if path.is_file())
    singles = [path for path in everything if path.parent.name == "record"]
    missed, tried = [], 0
    for path in (set(everything) - set(singles)) | set(singles[::60]):
        data = path.read_bytes()
        name = path.relative_to(tree).as_posix()
        for at in flips(data):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            done = await audit(str(tree), trust)
            tried += 1
            if done.ok and name != "node.jsonld":
                missed.append((name, at))
        path.write_bytes(data)
    assert missed == []
    assert tried > 100
    assert (await audit(str(tree), trust)).ok


async def test_every_byte_of_a_checkpoint_counts(tree, own, neighbour):
    """Text, signature of the log, cosignatures of witness and mirror: whatever a line says, whatever bit changes."""
    log = tree / "mirror" / mirror_name(neighbour.origin)
    trust = Trust((neighbour.member,), (own.peer.member.mirror_vkey,))
    whole = await audit(str(log), trust)
    assert (whole.ok, whole.checked["cosignatures"]) == (True, 2)
    data, missed = (log / "checkpoint").read_bytes(), []
    for at in range(len(data)):
        (log / "checkpoint").write_bytes(data[:at] + bytes([data[at] ^ 2]) + data[at + 1 :])
        if (await audit(str(log), trust)).ok:
            missed.append(at)
    assert missed == []


async def test_every_missing_file_is_named(tree, trust):
    """Of those that the log must serve; a single record whose line stands in its bundle need not be there."""
    for name in ("tile/0/001.p/17", "tile/1/000.p/1", "tile/entries/000", "records/001", "checkpoint"):
        path = tree / "log" / name
        data = path.read_bytes()
        path.unlink()
        done = await audit(str(tree), trust)
        assert not done.ok, name
        path.write_bytes(data)


async def test_a_changed_archive_is_found(tree, trust, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for path in tree.rglob("*"):
            if path.is_file():
                name = path.relative_to(tree).as_posix()
                data = path.read_bytes()
                archive.writestr(name, data.replace(b"Record r9", b"Record r8") if "records/" in name else data)
    done = await audit(str(tmp_path / "bad.zip"), trust)
    assert ("log/records/000, entry 9", "HASH") in kinds(done)


async def test_without_trust_it_says_what_it_could_not_check(tree, own):
    done = await audit(str(tree), Trust())
    assert (done.ok, done.findings) == (False, ())
    assert f"log/checkpoint: the signatures; give the --member or --vkey of {own.peer.origin}" in done.not_covered
    assert done.checked["records"] == 271


async def test_without_trust_damage_is_found_all_the_same(tree):
    path = tree / "log/tile/0/000"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    assert ("log/tile/0/000", "BAD_TILE") in kinds(await audit(str(tree), Trust()))


async def test_a_vkey_is_enough_for_a_log_but_not_for_its_records(tree, own):
    done = await audit(str(tree / "log"), Trust(vkeys=(own.peer.member.vkeys[0].vkey,)))
    assert (done.ok, done.findings) == (True, ())
    assert "log: identity, authority and proofs of records; a --vkey is of the log alone" in done.not_covered


async def test_a_log_that_nobody_trusts_is_listed_and_no_failure(tree, own, neighbour):
    done = await audit(str(tree), Trust((own.peer.member,)))
    assert done.ok
    prefix = f"mirror/{mirror_name(neighbour.origin)}"
    assert f"{prefix}: the log of {neighbour.origin}; give the --member or --vkey of it" in done.not_covered


async def test_a_trusted_log_that_is_not_there_is_a_failure(tree, trust):
    stranger = Peer("https://chm.example.tz").member
    done = await audit(str(tree), Trust((*trust.members, stranger)))
    assert kinds(done) == {("web", "NOT_A_MEMBER")}


async def test_a_signature_by_another_key_proves_nothing(tree, own):
    """The right name and everything else in order, but not the key that is trusted."""
    other = Vkey(own.peer.origin, ED25519, PrivateKey.from_seed(b"x" * 32).public)
    done = await audit(str(tree / "log"), Trust(vkeys=(other,)))
    assert kinds(done) == {("log/checkpoint", "BAD_SIGNATURE")}
    path = tree / "log/checkpoint"
    note = Note.parse(path.read_bytes())
    path.write_bytes(Note(note.text, (sign(note.text, own.peer.origin, PrivateKey.from_seed(b"x" * 32)),)).encode())
    done = await audit(str(tree / "log"), Trust((own.peer.member,)))
    assert kinds(done) == {("log/checkpoint", "BAD_SIGNATURE")}


async def test_a_log_in_the_folder_of_another_is_found(tree, trust, neighbour):
    (tree / "mirror" / mirror_name(neighbour.origin)).rename(tree / "mirror" / ("0" * 64))
    assert kinds(await audit(str(tree), trust)) == {(f"mirror/{'0' * 64}/checkpoint", "BAD_NOTE")}


async def test_a_descriptor_that_differs_from_the_pinned_one_is_found(tree, trust, own):
    (tree / "member.json").write_bytes(replace(own.peer.member, name="Another name").encode())
    (tree / ".well-known/did.json").write_bytes(encode(did_document(Peer("https://chm.example.tz").member)))
    assert kinds(await audit(str(tree), trust)) == {("member.json", "DOCUMENT"), (".well-known/did.json", "DOCUMENT")}


async def test_files_that_no_log_has_are_listed(tree, trust):
    for name in ("tile/0/700", "tile/9/000", "records/005", "record/" + "0" * 63, "notes.txt"):
        path = tree / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    done = await audit(str(tree), trust)
    assert done.ok
    strange = {left.partition(":")[0] for left in done.not_covered if "no such file" in left}
    assert strange == {
        f"log/{name}" for name in ("tile/0/700", "tile/9/000", "records/005", "record/" + "0" * 63, "notes.txt")
    }


async def test_erased_text_that_is_still_there_is_found(tree, trust, own):
    """In the bundle, or alone: every holder must have deleted it."""
    text = encode(own.peer.sign(own.peer.record("r5", revision=1)))
    bundle = tree / "log/records/000"
    lines = bundle.read_bytes().split(b"\n")
    assert lines[5] == b""
    whole = bundle.read_bytes()
    bundle.write_bytes(b"\n".join([*lines[:5], text, *lines[6:]]))
    assert kinds(await audit(str(tree), trust)) == {("log/records/000, entry 5", "ERASED")}
    bundle.write_bytes(whole)
    [entry] = [json.loads(leaf) for leaf in own.peer.leaves if b'/r5"' in leaf and b'"put"' in leaf]
    (tree / "log/record" / entry["sha256"]).write_bytes(text)
    assert kinds(await audit(str(tree), trust)) == {("log/records/000, entry 5", "ERASED")}


async def test_a_record_may_stand_alone_and_must_stand_somewhere(tree, trust):
    bundle = tree / "log/records/000"
    lines = bundle.read_bytes().split(b"\n")
    bundle.write_bytes(b"\n".join([b"", *lines[1:]]))
    assert (await audit(str(tree), trust)).ok
    for path in (tree / "log/record").iterdir():
        if path.read_bytes() == lines[0]:
            path.unlink()
    assert kinds(await audit(str(tree), trust)) == {("log/records/000, entry 0", "MISSING")}


async def test_a_tree_that_does_not_pass_through_the_end_of_a_key_is_a_fork(tree, own):
    """A stolen key cannot give newcomers another history."""
    member, hashes = own.peer.member, [leaf_hash(leaf) for leaf in own.peer.leaves]

    async def until(size, root):
        key = replace(member.record_keys[0], until=Until(size, root))
        return await audit(str(tree / "log"), Trust((replace(member, record_keys=(key,)),)))

    assert ("log/checkpoint", "FORK") in kinds(await until(100, bytes(32)))
    assert ("log/checkpoint", "FORK") not in kinds(await until(100, root_of(hashes[:100])))
    assert ("log/records/001, entry 269", "PROOF") in kinds(await until(100, root_of(hashes[:100])))
    done = await until(1000, bytes(32))
    assert done.ok
    assert "log: entries from 273 to 1000: it is an older copy" in done.not_covered


async def test_an_audit_finds_what_a_harvest_quarantines(region, peer, tmp_path):
    """Each kind of bad record, with the same code."""
    peer.put("good")
    peer.put("foreign", id="https://chm.example.ug/records/foreign")
    peer.put("skipped", rev=7)
    peer.put("usurped", peer.record("usurped", government="UG"))
    peer.put("other", peer.record("elsewhere"))
    peer.put("context", peer.record("context", **{"@context": "https://example.org/other"}))
    stranger = PrivateKey.from_seed(b"x" * 32)
    peer.put("forged", peer.sign(peer.record("forged"), stranger))
    peer.put("schema", peer.record("schema", title={}))
    peer.append(b"no entry")
    peer.bodies.pop(peer.put("gone"))
    report = await region.harvest(peer)
    assert len(codes(report)) == 9
    await export(region.store, peer.origin, tmp_path / "web", {}, mirrors=())
    done = await audit(str(tmp_path / "web"), Trust((peer.member,)), schemas=Examples())
    assert {int(found.where.rpartition("entry ")[2]): found.code for found in done.findings} == codes(report)
    assert not done.ok


async def test_a_damaged_log_is_told_without_end(own, region, neighbour, tmp_path):
    """A thousand findings one by one, the others as a number."""
    for number in range(1100):
        own.peer.put(f"r{number}")
    await own.publish()
    await export(own.store, own.peer.origin, tmp_path / "web", {}, mirrors=())
    member = own.peer.member
    done = await audit(str(tmp_path / "web"), Trust((replace(member, authority=neighbour.member.authority),)))
    assert len(done.findings) == 1001
    assert done.findings[-1].detail == "100 more findings are not told one by one"


# -- single documents ------------------------------------------------------------------------------------------------


@pytest.fixture
def save(tmp_path):
    def write(data):
        path = tmp_path / "given"
        path.write_bytes(data)
        return str(path)

    return write


async def test_a_record_passes_alone_but_not_its_place_in_a_log(peer, save):
    body = encode(peer.sign(peer.record("a")))
    done = await audit(save(body), Trust((peer.member,)), schemas=Examples())
    assert (done.ok, done.checked) == (True, {"records": 1})
    assert done.not_covered == (
        "place in a log: whether the record is logged, the newest and in force; verify its proof too",
    )


async def test_no_byte_of_a_record_can_change(peer, save):
    body = encode(peer.sign(peer.record("a")))
    trust, missed = Trust((peer.member,)), []
    for at in range(len(body)):
        done = await audit(save(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]), trust)
        if done.ok or not done.findings:
            missed.append(at)
    assert missed == []


async def test_a_record_without_a_descriptor_is_not_verified(peer, save):
    done = await audit(save(encode(peer.sign(peer.record("a")))), Trust(vkeys=(peer.member.vkeys[0].vkey,)))
    assert (done.ok, done.findings) == (False, ())
    assert any(f"give the --member of {peer.member.did}" in left for left in done.not_covered)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "https://chm.example.ug/records/a"}, "FOREIGN_IRI"),
        ({"publisher": "did:web:chm.example.ug"}, "MISMATCH"),
        ({"government": "UG"}, "AUTHORITY"),
        ({"type": "Other"}, "AUTHORITY"),
        ({"@context": "https://example.org/other"}, "CONTEXT"),
        ({"title": {}}, "SCHEMA"),
    ],
)
async def test_a_record_beyond_its_publisher_s_rights_is_found(peer, save, change, code):
    member = replace(peer.member, authority=replace(peer.member.authority, types=("Example",)))
    body = encode(peer.sign(peer.record("a", **change)))
    done = await audit(save(body), Trust((member,)), schemas=Examples())
    assert [found.code for found in done.findings] == [code]


async def test_a_record_bundle_is_verified_line_by_line(peer, save):
    peer.put("a")
    peer.put("b")
    peer.remove("a")
    peer.put("c")
    bundle = peer.resource("records/000")
    done = await audit(save(bundle), Trust((peer.member,)))
    assert (done.ok, done.checked) == (True, {"records": 2})
    done = await audit(save(bundle.replace(b"Record c", b"Record d")), Trust((peer.member,)))
    assert kinds(done) == {("given, line 4", "PROOF")}
    done = await audit(save(bundle[:-1]), Trust((peer.member,)))
    assert kinds(done) == {("given", "FORMAT")}


def proof_of(peer, index):
    """The proof that a node gives of one of its entries."""
    size = len(peer.leaves)
    found = {tile: peer.resource(tile.path()) for tile in inclusion_tiles(index, size)}
    hashes = tuple(inclusion_proof(index, size, found))
    return TlogProof(index, hashes, peer.checkpoint(), extra=peer.leaves[index]).encode()


async def test_a_proof_shows_that_an_entry_is_in_the_log(peer, save):
    for number in range(5):
        peer.put(f"r{number}")
    done = await audit(save(proof_of(peer, 3)), Trust((peer.member,)))
    assert (done.ok, done.checked) == (True, {"checkpoints": 1, "cosignatures": 1, "proofs": 1})
    assert any("still in force" in left for left in done.not_covered)
    done = await audit(save(proof_of(peer, 3)), Trust(vkeys=(peer.member.vkeys[0].vkey,)))
    assert done.ok
    assert any("may speak for this record" in left for left in done.not_covered)


async def test_no_byte_of_a_proof_can_change(peer, save):
    for number in range(5):
        peer.put(f"r{number}")
    data, missed = proof_of(peer, 3), []
    for at in range(len(data)):
        done = await audit(save(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]), Trust((peer.member,)))
        if done.ok or not done.findings:
            missed.append(at)
    assert missed == []


async def test_a_proof_by_a_log_that_nobody_trusts_proves_nothing(peer, save):
    peer.put("a")
    done = await audit(save(proof_of(peer, 0)), Trust())
    assert (done.ok, done.findings) == (False, ())
    done = await audit(save(proof_of(peer, 0)), Trust((Peer("https://chm.example.tz").member,)))
    assert kinds(done) == {("given", "NOT_A_MEMBER")}


async def test_a_proof_of_what_the_log_may_not_say_is_found(peer, save):
    peer.put("a", id="https://chm.example.ug/records/a")
    peer.put("b", peer.record("b", government="UG"))
    found = [await audit(save(proof_of(peer, index)), Trust((peer.member,))) for index in range(2)]
    assert [one.findings[0].code for one in found] == ["FOREIGN_IRI", "AUTHORITY"]


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", b"\x89PNG\r\n", b"PK\x03\x04 and no archive"])
async def test_what_is_none_of_these_is_said(save, data):
    done = await audit(save(data), Trust())
    assert kinds(done) == {(save(data), "FORMAT")}


async def test_what_is_not_there_is_said(tmp_path):
    done = await audit(str(tmp_path / "nothing"), Trust())
    assert [(found.code, found.detail) for found in done.findings] == [("UNREACHABLE", "No such file or directory")]
    done = await audit(str(tmp_path), Trust())
    assert [found.code for found in done.findings] == ["FORMAT"]


# -- over HTTP -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(tree, documents=()):
    """A static web host, and a client that may reach it."""
    app = aioweb.Application()
    for path, data in documents:
        app.router.add_get(path, _giving(data))
    app.router.add_static("/", tree)
    async with (
        TestServer(app) as server,
        Client(Limits(), [ipaddress.ip_network("127.0.0.0/8")]) as client,
    ):
        yield str(server.make_url("")).rstrip("/"), client


def _giving(data):
    async def give(_request):
        return aioweb.Response(body=data)

    return give


@pytest.mark.parametrize("path", ["", "/", "/log"])
async def test_a_log_is_verified_over_http_from_its_prefix_or_base_url(tree, own, path):
    async with served(tree) as (base, client):
        done = await audit(f"{base}{path}", Trust((own.peer.member,)), client=client)
    assert (done.ok, done.findings) == (True, ())
    assert (done.checked["entries"], done.checked["tiles"]) == (273, 3)
    assert any("single records" in left for left in done.not_covered)


async def test_damage_is_found_over_http(tree, own):
    path = tree / "log/records/001"
    path.write_bytes(path.read_bytes().replace(b"Record r260", b"Record r999"))
    async with served(tree) as (base, client):
        done = await audit(base, Trust((own.peer.member,)), client=client)
    assert kinds(done) == {(f"{base}/log/records/001, entry 260", "HASH")}


async def test_a_record_and_its_proof_are_verified_by_their_address(tree, peer):
    peer.put("a")
    documents = [("/records/a", encode(peer.sign(peer.record("a")))), ("/records/a/proof", proof_of(peer, 0))]
    async with served(tree, documents) as (base, client):
        for path, _ in documents:
            done = await audit(f"{base}{path}", Trust((peer.member,)), client=client)
            assert (done.ok, done.findings) == (True, ())
        done = await audit(f"{base}/records/b", Trust((peer.member,)), client=client)
    assert [found.code for found in done.findings] == ["UNREACHABLE"]


async def test_a_url_without_a_client_is_refused():
    done = await audit("https://chm.example.ke", Trust())
    assert [found.detail for found in done.findings] == ["there is no client to fetch URLs with"]
