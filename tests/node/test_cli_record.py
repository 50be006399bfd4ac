"""`chm record` ends a record, or brings it back."""

import pytest

from tests.node.command import chm, chm_json, draft, make_node, publish, records_of


@pytest.fixture
def kenya(folder, database_url):
    node = make_node(folder / "kenya", database=database_url)
    publish(node, draft("Rangers"), draft("Divers"))
    return node


@pytest.fixture
def rangers(kenya):
    return records_of(kenya)["Rangers"]


def test_a_withdrawn_record_is_out_of_force_and_can_come_back(kenya, rangers):
    told = chm_json("-C", kenya, "record", "withdraw", rangers.iri, "--reason", "outdated")
    assert told == {"id": rangers.iri, "op": "withdraw", "revision": 2, "index": 2}
    assert set(records_of(kenya)) == {"Divers"}
    told = chm_json("-C", kenya, "record", "publish", rangers.iri)
    assert (told["op"], told["revision"]) == ("put", 3)
    back = records_of(kenya)["Rangers"]
    assert (back.iri, back.identifier, back.rev) == (rangers.iri, rangers.identifier, 3)
    assert back.document()["issued"] == rangers.document()["issued"]
    assert chm_json("-C", kenya, "check")["ok"]


def test_an_erased_record_is_gone_for_good(kenya, rangers):
    assert "is erased" in chm("-C", kenya, "record", "erase", rangers.iri, "--reason", "personal-data").stdout
    assert set(records_of(kenya)) == {"Divers"}
    assert "was erased" in chm("-C", kenya, "record", "publish", rangers.iri, status=1).stderr
    assert "erased already" in chm("-C", kenya, "record", "withdraw", rangers.iri, "--reason", "error", status=1).stderr
    assert chm_json("-C", kenya, "check")["ok"]


@pytest.mark.parametrize("name", ["identifier", "last part"])
def test_a_record_can_be_called_by_its_short_names(kenya, rangers, name):
    short = rangers.identifier if name == "identifier" else rangers.iri.rpartition("/")[2]
    assert chm_json("-C", kenya, "record", "withdraw", short, "--reason", "error")["id"] == rangers.iri


@pytest.mark.parametrize("verb", ["withdraw", "erase"])
def test_a_reason_is_a_code_of_the_vocabulary(kenya, rangers, verb):
    refused = chm("-C", kenya, "record", verb, rangers.iri, "--reason", "out-dated", status=1).stderr
    assert "did you mean outdated?" in refused
    assert "--reason" in chm("-C", kenya, "record", verb, rangers.iri, status=2).stderr
    assert set(records_of(kenya)) == {"Rangers", "Divers"}


def test_a_record_in_force_is_not_published_twice(kenya, rangers):
    assert "is in force already" in chm("-C", kenya, "record", "publish", rangers.iri, status=1).stderr


@pytest.mark.parametrize("name", ["https://elsewhere.example.org/records/1", "CHM-BBR-KE-77"])
def test_a_record_that_is_not_ours_is_named(kenya, name):
    refused = chm("-C", kenya, "record", "publish", name, status=1).stderr
    assert name in refused
    assert "give " in refused
