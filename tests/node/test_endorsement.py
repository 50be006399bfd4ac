"""An endorsement is a record in the log of the government that endorses, and nobody can claim it for another."""

import pytest
import rdflib
from rdflib.compare import isomorphic

from chmnode.ingest import make_schemas
from chmnode.records import jsonld
from chmnode.storage import LogStore, Records
from chmsync.checking import Checking
from chmsync.errors import RecordCode
from chmsync.harvester import Harvester
from chmsync.simulator import Peer, PeerSource
from tests.node.command import chm, chm_json, draft, make_node, publish, records_of, write_lines
from tests.node.strategies import CATALOGUE
from tests.node.test_validation import need, said

NEED = "https://chm.example.org/records/1"
DIGEST = "0f" * 32
NOW = 1_767_225_600


def endorsement(**changes):
    """An endorsement of a government; a member that is None is left out."""
    whole = need(
        id="https://chm.example.ug/records/2",
        type="Endorsement",
        schema="https://w3id.org/chm/schemas/endorsement/1.0",
        identifier="CHM-END-UG-1",
        government="UG",
        title={"fr": "Approbation de : Détecter", "en": "Endorsement of: Detect"},
        endorsed={"id": NEED, "revision": 3, "sha256": DIGEST},
        statement={"fr": "Cela répond à notre plan."},
        publisher="did:web:chm.example.ug",
        contactPoint="https://chm.example.ug/contact",
        problem=None,
        assistanceTypes=None,
        cbdSubjects=None,
        translations=None,
    )
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def test_a_government_a_record_and_its_revision_are_enough():
    assert said(endorsement()) == []
    assert said(endorsement(statement=None, countries=[], regions=[], contactPoint=None)) == []


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"government": None}, "$.government", "missing"),
        ({"government": "XX"}, "$.government", "unknown-code"),
        ({"endorsed": None}, "$.endorsed", "missing"),
        ({"endorsed": NEED}, "$.endorsed", "type"),
        ({"endorsed": {"id": NEED, "revision": 3}}, "$.endorsed.sha256", "missing"),
        ({"endorsed": {"id": NEED, "sha256": DIGEST}}, "$.endorsed.revision", "missing"),
        ({"endorsed": {"revision": 3, "sha256": DIGEST}}, "$.endorsed.id", "missing"),
        ({"endorsed": {"id": f"{NEED}?rev=3", "revision": 3, "sha256": DIGEST}}, "$.endorsed.id", "form"),
        ({"endorsed": {"id": NEED, "revision": 0, "sha256": DIGEST}}, "$.endorsed.revision", "range"),
        ({"endorsed": {"id": NEED, "revision": 3, "sha256": DIGEST.upper()}}, "$.endorsed.sha256", "form"),
        ({"endorsed": {"id": NEED, "revision": 3, "sha256": f"{DIGEST}\n"}}, "$.endorsed.sha256", "form"),
        ({"endorsed": {"id": NEED, "revision": 3, "sha256": DIGEST, "by": "UG"}}, "$.endorsed.by", "unknown-member"),
        ({"statement": {"de": "Gut."}}, "$.statement.de", "language"),
        ({"assistanceTypes": ["CHM-ASSIST-TRAINING"]}, "$.assistanceTypes", "unknown-member"),
        ({"identifier": "CHM-BBR-UG-1"}, "$.identifier", "form"),
    ],
)
def test_an_endorsement_that_leaves_open_who_or_what_is_refused(changes, path, code):
    assert [(place, found) for place, found, _ in said(endorsement(**changes))] == [(path, code)]


def test_an_endorsement_reads_as_a_graph_that_says_nothing_of_other_revisions():
    """The revision is a node of its own: the record has another one tomorrow."""
    triples = jsonld.graph(endorsement(), CATALOGUE.context)
    expected = rdflib.Graph().parse(
        format="turtle",
        data=f"""
        @prefix : <https://w3id.org/chm/ns#> . @prefix dct: <http://purl.org/dc/terms/> .
        <https://chm.example.ug/records/2> a :Endorsement ;
            :government <https://w3id.org/chm/vocab/countries/UG> ;
            :endorsed [ dct:isVersionOf <{NEED}> ; :revision 3 ; :sha256 "{DIGEST}" ] ;
            :statement "Cela répond à notre plan."@fr .
        """,
    )
    whole = {predicate for _, predicate, _ in expected}
    ours = rdflib.Graph()
    ours += [triple for triple in triples if triple[1] in whole and triple[2] != rdflib.Literal(1)]
    assert isomorphic(ours, expected)
    assert not list(triples.predicate_objects(rdflib.URIRef(NEED)))


def test_turtle_and_ntriples_of_an_endorsement_say_the_same():
    context = CATALOGUE.context
    turtle, lines = jsonld.turtle(endorsement(), context), jsonld.ntriples(endorsement(), context)
    assert isomorphic(rdflib.Graph().parse(data=turtle, format="turtle"), rdflib.Graph().parse(data=lines, format="nt"))


# -- in the federation -----------------------------------------------------------------------------------------------


@pytest.fixture
def kenya(folder):
    node = make_node(folder / "kenya", "KE")
    publish(node, draft("Rangers"))
    return node


@pytest.fixture
def uganda(folder, kenya):
    """A country that holds Kenya's records, and has endorsed one."""
    node = make_node(folder / "uganda", "UG")
    chm("-C", node, "peer", "add", kenya / "member.json", "--government", "KE")
    take_over(node, kenya)
    chm("-C", node, "record", "endorse", records_of(node)["Rangers"].iri)
    return node


@pytest.fixture
def centre(folder, database_url):
    return make_node(folder / "centre", "DE", database=database_url)


def take_over(node, peer, status=0):
    """Harvest an export of the peer's node; the report of its own log."""
    target = peer.parent / f"{peer.name}-export"
    chm("-C", peer, "log", "export", target)
    logs = chm_json("-C", node, "harvest", "--from", target, status=status)["logs"]
    [own] = [log for log in logs if log["origin"] == chm_json("-C", peer, "log", "show")["origin"]]
    return own


def test_a_peer_believed_for_the_government_brings_its_endorsement(kenya, uganda, centre):
    chm("-C", centre, "peer", "add", uganda / "member.json", "--government", "UG")
    assert take_over(centre, uganda)["accepted"] == 1
    found = records_of(centre)["Endorsement of: Rangers"]
    rangers = records_of(kenya)["Rangers"]
    assert (found.type, found.government) == ("Endorsement", "UG")
    assert found.document()["endorsed"] == {"id": rangers.iri, "revision": 1, "sha256": rangers.sha256}
    assert chm_json("-C", centre, "check")["ok"]


@pytest.mark.parametrize("governments", [[], ["KE"]], ids=["nobody", "another government"])
def test_a_peer_not_believed_for_the_government_endorses_nothing(uganda, centre, governments):
    options = [word for code in governments for word in ("--government", code)]
    chm("-C", centre, "peer", "add", uganda / "member.json", *options)
    report = take_over(centre, uganda)
    assert report["accepted"] == 0
    assert [one["code"] for one in report["quarantined"]] == [RecordCode.AUTHORITY]
    assert records_of(centre) == {}


def test_a_withdrawn_endorsement_leaves_force_everywhere(uganda, centre):
    chm("-C", centre, "peer", "add", uganda / "member.json", "--government", "UG")
    take_over(centre, uganda)
    endorsed = records_of(uganda)["Endorsement of: Rangers"]
    chm("-C", uganda, "record", "withdraw", endorsed.iri, "--reason", "outdated")
    assert take_over(centre, uganda)["withdrawn"] == 1
    assert records_of(centre) == {}


def test_a_node_cannot_publish_the_endorsement_of_another_government(uganda):
    named = records_of(uganda)["Endorsement of: Rangers"].document()["endorsed"]
    claim = {
        "type": "Endorsement",
        "government": "KE",
        "languages": ["en"],
        "title": {"en": "Kenya is for it"},
        "endorsed": named,
    }
    file = write_lines(uganda.parent / "claim.jsonl", claim)
    told = chm("-C", uganda, "import", file, "--publish", status=1)
    assert "is not a government for which this node speaks" in told.stdout + told.stderr
    assert set(records_of(uganda)) == {"Rangers", "Endorsement of: Rangers"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [({}, None), ({"government": "KE"}, RecordCode.AUTHORITY), ({"government": None}, RecordCode.SCHEMA)],
    ids=["its own government", "another government", "no government"],
)
async def test_a_peer_that_signs_for_another_government_or_none_is_quarantined(database, changes, code):
    """Its own node would not publish it, but a peer may run any software."""
    peer = Peer("https://chm.example.ug", ("UG",))
    own = {"id": peer.iri("claim"), "publisher": peer.member.did, "revision": 1}
    peer.put("claim", endorsement(**own, **changes))
    checking = Checking(make_schemas)
    harvester = Harvester(LogStore(database), checking, lambda: NOW)
    report = await harvester.harvest(peer.member.allowing(["UG"]), [PeerSource(peer)])
    checking.close()
    assert [one.code for one in report.quarantined] == ([code] if code else [])
    assert (await Records(database.read).get(peer.iri("claim")) is None) == bool(code)
