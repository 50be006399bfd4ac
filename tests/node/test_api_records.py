"""Records over HTTP: every form of one record, its proof, and why one is not there."""

import gzip
import json
from hashlib import sha256

import apsw
import pytest
import rdflib
from backports import zstd

from chmnode.api import records as record_resources
from chmnode.app import build
from chmsync.canonical import encode
from chmsync.entry import Entry
from chmsync.errors import FormatError
from chmsync.proof import verify_document
from chmsync.tlog_proof import TlogProof, verify
from tests.node.conftest import NEED, foreign, harvest, publish


async def body_of(node, iri):
    stored = await record_resources.Records(node.database.read).get(iri)
    return stored.body


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/ld+json"),
        ("*/*", "application/ld+json"),
        ("application/json", "application/json"),
        ("text/turtle", "text/turtle; charset=utf-8"),
        ("application/n-triples", "application/n-triples; charset=utf-8"),
        ("text/html,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
async def test_a_record_is_served_in_the_form_asked_for(site, client, accept, content_type):
    response = await client.get(
        site.path(site.need), headers={"Accept": accept} if accept else {}, skip_auto_headers=["Accept"]
    )
    assert response.status == 200
    assert response.headers["Content-Type"] == content_type
    assert "Accept" in response.headers["Vary"]


async def test_json_ld_is_the_bytes_that_were_signed_and_logged(site, client):
    response = await client.get(site.path(site.need))
    body = await response.read()
    record = json.loads(body)
    assert body == encode(record) == await body_of(site.node, site.need)
    assert response.headers["ETag"] == f'"{sha256(body).hexdigest()}"'
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    verify_document(record, lambda method: site.node.member.record_key(method, 0))


async def test_turtle_and_n_triples_say_the_same_of_the_record(site, client):
    told = []
    for format_, name in (("turtle", "ttl"), ("nt", "nt")):
        text = await (await client.get(f"{site.path(site.need)}?format={name}")).text()
        triples = rdflib.Graph().parse(data=text, format=format_)
        told.append({triple for triple in triples if not any(isinstance(part, rdflib.BNode) for part in triple)})
    title = (rdflib.URIRef(site.need), rdflib.DCTERMS.title, rdflib.Literal(NEED["title"]["fr"], lang="fr"))
    assert title in told[0]
    assert told[0] == told[1]


async def test_a_rendering_is_made_once(site, client, monkeypatch):
    first = await (await client.get(f"{site.path(site.need)}?format=ttl")).read()
    monkeypatch.setattr(record_resources.RecordResources, "_serializer", None)
    assert await (await client.get(f"{site.path(site.need)}?format=ttl")).read() == first


async def test_an_unknown_form_is_refused_with_those_there_are(site, client):
    response = await client.get(site.path(site.need), headers={"Accept": "image/png"})
    assert response.status == 406
    assert "text/turtle" in (await response.json(content_type=None))["detail"]
    assert (await client.get(f"{site.path(site.need)}?format=pdf")).status == 400


@pytest.mark.parametrize("name", ["jsonld", "ttl", "html"])
async def test_a_client_that_has_the_record_gets_no_body(site, client, name):
    path = f"{site.path(site.need)}?format={name}"
    tag = (await client.get(path)).headers["ETag"]
    response = await client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", tag)
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).status == 200


async def test_each_form_has_an_entity_tag_of_its_own(site, client):
    tags = [
        (await client.get(f"{site.path(site.need)}?format={name}")).headers["ETag"]
        for name in ("jsonld", "ttl", "nt", "html")
    ]
    assert len(set(tags)) == 4


@pytest.mark.parametrize(("name", "decode"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
async def test_a_record_travels_compressed_and_is_known_by_that_tag_too(site, client, name, decode):
    plain = await client.get(site.path(site.need), headers={"Accept-Encoding": "identity"})
    packed = await client.get(site.path(site.need), headers={"Accept-Encoding": name})
    assert packed.headers["Content-Encoding"] == name
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert decode(await packed.read()) == await plain.read()
    assert packed.headers["ETag"] != plain.headers["ETag"]
    again = await client.get(site.path(site.need), headers={"If-None-Match": packed.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
async def test_a_client_that_has_it_is_told_by_the_tag_it_named_and_when_to_ask_again(site, client, coding):
    for name in ("jsonld", "html"):
        path, accepted = f"{site.path(site.need)}?format={name}", {"Accept-Encoding": coding}
        whole = await client.get(path, headers=accepted)
        again = await client.get(path, headers={**accepted, "If-None-Match": whole.headers["ETag"]})
        assert again.status == 304
        assert [again.headers[kept] for kept in ("ETag", "Vary", "Cache-Control")] == [
            whole.headers[kept] for kept in ("ETag", "Vary", "Cache-Control")
        ]


@pytest.mark.parametrize("edit", ["replace(body, 'coraux', 'poulets')", "'{'", "null"])
async def test_a_text_altered_in_the_database_is_refused_in_every_form_and_logged(site, client, caplog, edit):
    connection = apsw.Connection(str(site.node.config.folder / "chm.sqlite"))
    connection.execute(f"update revision set body = cast({edit} as blob) where instr(body, ?)", (site.need.encode(),))
    connection.close()
    for name in ("jsonld", "json", "ttl", "nt", "html"):
        response = await client.get(f"{site.path(site.need)}?format={name}")
        assert response.status == 503
        problem = await response.json(content_type=None)
        assert problem["detail"] == f"{site.need}: its stored text is damaged here; the operator should run `chm check`"
        assert site.need in caplog.records[-1].getMessage()
        assert caplog.records[-1].levelname == "ERROR"
    listed = await (await client.get("/ke/records")).json(content_type=None)
    assert {item["id"]: item["title"] for item in listed["items"]}[site.need] is None
    assert (await client.get(site.path(site.offer))).status == 200


async def test_a_date_that_is_none_fills_no_log(node, folder, aiohttp_client, caplog):
    peer = foreign()
    peer.put("odd", peer.record("odd", validUntil="someday"))
    await harvest(node, peer, folder / "copy")
    client = await aiohttp_client(build(node))
    for name in ("ttl", "nt", "html"):
        response = await client.get("/ke/view", params={"id": peer.iri("odd"), "format": name})
        assert response.status == 200
        assert "someday" in await response.text()
    assert not [record for record in caplog.records if record.name.startswith("rdflib")]


async def test_head_tells_what_get_would(site, client):
    got = await client.get(site.path(site.need), headers={"Accept-Encoding": "identity"})
    head = await client.head(site.path(site.need), headers={"Accept-Encoding": "identity"})
    assert await head.read() == b""
    for name in ("ETag", "Content-Length", "Content-Type", "Vary"):
        assert head.headers[name] == got.headers[name]


async def test_a_new_revision_is_served_as_soon_as_it_is_logged(site, client):
    before = (await client.get(site.path(site.need))).headers["ETag"]
    await publish(
        site.node, {**NEED, "id": site.need, "title": {"fr": "Autre titre"}, "languages": ["fr"], "translations": {}}
    )
    after = await client.get(site.path(site.need), headers={"If-None-Match": before})
    assert after.status == 200
    assert (await after.json(content_type=None))["title"] == {"fr": "Autre titre"}


@pytest.mark.parametrize(
    ("which", "op", "reason"), [("gone", "withdraw", "outdated"), ("erased", "erase", "personal-data")]
)
async def test_a_record_that_left_force_is_gone_with_its_reason(site, client, which, op, reason):
    response = await client.get(site.path(getattr(site, which)))
    problem = await response.json(content_type=None)
    assert (response.status, response.headers["Content-Type"]) == (410, "application/problem+json")
    assert (problem["status"], problem["op"], problem["reason"]) == (410, op, reason)


async def test_a_quarantined_record_is_not_shown_and_the_reason_is(site, client):
    response = await client.get("/ke/view", params={"id": site.peer.iri("forged")})
    assert response.status == 404
    assert (await response.json(content_type=None))["code"] == "PROOF"


async def test_a_record_of_another_node_is_shown_under_its_own_name(site, client):
    response = await client.get("/ke/view", params={"id": site.peer.iri("reef")})
    assert (await response.json(content_type=None))["id"] == site.peer.iri("reef")
    assert (await client.get("/ke/view", params={"id": site.peer.iri("left")})).status == 410
    assert (await client.get("/ke/view", params={"id": "https://nowhere.example.org/1"})).status == 404
    assert (await client.get("/ke/view?id=javascript:alert(1)")).status == 400


async def test_our_own_record_is_shown_at_its_own_address_only(site, client):
    response = await client.get("/ke/view", params={"id": site.need}, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, site.path(site.need))


async def test_a_foreign_address_may_hold_any_characters(site, client):
    odd = site.peer.iri("café%20#?&")
    response = await client.get("/ke/view", params={"id": odd})
    assert (await response.json(content_type=None))["detail"] == f"{odd}: this node knows no such record"


@pytest.mark.parametrize(("which", "op"), [("need", "put"), ("gone", "withdraw"), ("erased", "erase")])
async def test_a_proof_convinces_somebody_who_has_only_the_key(site, client, which, op):
    response = await client.get(f"{site.path(getattr(site, which))}/proof")
    proof = TlogProof.parse(await response.read())
    checked = verify(proof, proof.extra, site.node.origin, site.node.member.log_keys)
    assert response.headers["Content-Type"].startswith("text/plain")
    assert Entry.parse(proof.extra).id == getattr(site, which)
    assert Entry.parse(proof.extra).op == op
    assert checked.checkpoint.size == 6
    with pytest.raises(FormatError):
        verify(proof, proof.extra + b" ", site.node.origin, site.node.member.log_keys)


async def test_a_proof_of_a_foreign_record_is_under_its_publishers_checkpoint(site, client):
    for slug in ("reef", "forged"):
        response = await client.get("/ke/view/proof", params={"id": site.peer.iri(slug)})
        proof = TlogProof.parse(await response.read())
        verify(proof, proof.extra, site.peer.origin, site.peer.member.log_keys)
        assert Entry.parse(proof.extra).id == site.peer.iri(slug)
    assert (await client.get("/ke/view/proof", params={"id": "https://nowhere.example.org/1"})).status == 404
    assert (await client.get("/ke/records/never/proof")).status == 404


async def test_the_list_is_walked_to_its_end_by_its_links(site, client):
    seen, path = [], "/ke/records?limit=1"
    while path:
        response = await client.get(path)
        page = await response.json(content_type=None)
        seen += page["items"]
        path = page["next"].removeprefix("https://chm.example.org") if "next" in page else None
        assert ("Link" in response.headers) == (path is not None)
    assert {item["id"] for item in seen} == {site.need, site.offer, site.peer.iri("reef")}
    assert len(seen) == 3
    assert {item["origin"] for item in seen} == {site.node.origin, site.peer.origin}


async def test_the_list_can_be_narrowed_by_type_and_origin(site, client):
    for query, expected in (
        ("type=Need", [site.need]),
        ("type=Nothing", []),
        (f"origin={site.peer.origin}", [site.peer.iri("reef")]),
        (f"origin={site.node.origin}&type=Offer", [site.offer]),
    ):
        page = await (await client.get(f"/ke/records?{query}")).json(content_type=None)
        assert [item["id"] for item in page["items"]] == expected
        assert all(item["title"] and item["modified"] for item in page["items"] if item["origin"] == site.node.origin)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", f"limit={'9' * 5000}", "after=x", f"after={'9' * 30}.1.2026"]
)
async def test_a_list_that_makes_no_sense_is_refused(client, query):
    response = await client.get(f"/ke/records?{query}")
    assert response.status == 400
    assert response.headers["Content-Type"] == "application/problem+json"
