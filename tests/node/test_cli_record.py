"""`chm record` ends a record, brings it back, or endorses it."""

import sqlite3

import pytest

from tests.node.command import chm, chm_json, draft, free_port, make_node, publish, records_of


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


# -- endorsing -------------------------------------------------------------------------------------------------------


def endorse(node, name, *options, status=0):
    return chm("-C", node, "record", "endorse", name, *options, status=status)


@pytest.fixture
def uganda(folder, kenya):
    """A node that holds Kenya's records and none of its own."""
    node = make_node(folder / "uganda", "UG")
    chm("-C", node, "peer", "add", kenya / "member.json", "--government", "KE")
    chm("-C", kenya, "log", "export", folder / "export")
    chm("-C", node, "harvest", "--from", folder / "export")
    return node


def plain_node(folder, *options):
    chm("init", folder, "--name", "A node", "--base-url", f"http://localhost:{free_port()}", *options)
    publish(folder, draft("Rangers"))
    return folder


def test_a_government_endorses_a_record_of_its_own_node(kenya, rangers):
    told = chm_json("-C", kenya, "record", "endorse", rangers.identifier)
    named = {"id": rangers.iri, "revision": 1, "sha256": rangers.sha256}
    assert (told["op"], told["revision"], told["government"], told["endorsed"]) == ("put", 1, "KE", named)
    found = records_of(kenya)["Endorsement of: Rangers"]
    assert (found.iri, found.identifier, found.index) == (told["id"], "CHM-END-KE-1", told["index"])
    document = found.document()
    assert (document["type"], document["government"], document["endorsed"]) == ("Endorsement", "KE", named)
    assert (document["countries"], document["languages"]) == (["KE"], ["en"])
    assert "statement" not in document
    assert chm_json("-C", kenya, "check")["ok"]


def test_a_government_endorses_a_record_of_a_peer_in_words_of_its_own(uganda, rangers):
    told = endorse(uganda, rangers.iri, "--statement", "Utile à tous.", "--language", "fr").stdout
    assert f"UG endorses revision 1 of {rangers.iri}." in told
    found = records_of(uganda)["Endorsement of: Rangers"]
    document = found.document()
    assert document["languages"] == ["fr", "en"]
    assert document["title"]["fr"] == "Approbation de : Rangers"
    assert document["statement"] == {"fr": "Utile à tous."}
    assert document["countries"] == ["KE"]
    assert found.identifier in told


def test_a_machine_translation_is_not_put_into_the_mouth_of_a_government(kenya):
    """In its language the title of the original stands, as long as nobody has reviewed the machine."""
    titles = {"en": "Guards", "fr": "Garde-corps", "es": "Guardas", "pt": "Guardas-florestais"}
    marks = {
        "fr": {"machine": True, "reviewed": False},
        "es": {"machine": True, "reviewed": True},
        "pt": {"machine": False},
    }
    publish(kenya, {**draft(languages=[*titles], translations=marks), "title": titles})
    endorse(kenya, records_of(kenya)["Guards"].iri)
    title = records_of(kenya)["Endorsement of: Guards"].document()["title"]
    assert title == {"en": "Endorsement of: Guards", "es": "Respaldo de: Guardas", "pt": "Guardas-florestais"}
    publish(kenya, {**draft(languages=[*titles], translations=marks), "title": {**titles, "en": "Wardens"}})
    endorse(kenya, records_of(kenya)["Wardens"].iri, "--statement", "Utile.", "--language", "fr")
    document = records_of(kenya)["Endorsement of: Wardens"].document()
    assert (document["languages"][0], document["title"]["fr"]) == ("fr", "Approbation de : Wardens")


def test_a_title_too_long_to_be_quoted_is_cut(kenya):
    publish(kenya, draft("x" * 500))
    endorse(kenya, records_of(kenya)["x" * 500].iri)
    [title] = [title for title in records_of(kenya) if title.startswith("Endorsement")]
    assert (len(title), title[-2:]) == (500, "x…")


def test_one_revision_is_not_endorsed_twice_and_the_next_one_can_be(kenya, rangers):
    first = chm_json("-C", kenya, "record", "endorse", rangers.iri)
    refused = endorse(kenya, rangers.iri, status=1).stderr
    assert f"{first['id']} (CHM-END-KE-1) endorses revision 1 of {rangers.iri} for KE already" in refused
    chm("-C", kenya, "record", "withdraw", rangers.iri, "--reason", "outdated")
    chm("-C", kenya, "record", "publish", rangers.iri)
    again = chm_json("-C", kenya, "record", "endorse", rangers.iri)
    assert (again["id"], again["revision"], again["endorsed"]["revision"]) == (first["id"], 2, 3)
    assert f"endorses revision 3 of {rangers.iri} for KE already" in endorse(kenya, rangers.iri, status=1).stderr


def test_an_endorsement_is_taken_back_by_withdrawing_it(kenya, rangers):
    first = chm_json("-C", kenya, "record", "endorse", rangers.iri)
    chm("-C", kenya, "record", "withdraw", first["identifier"], "--reason", "owner-request")
    assert set(records_of(kenya)) == {"Rangers", "Divers"}
    assert chm_json("-C", kenya, "record", "endorse", rangers.iri)["id"] != first["id"]


def test_a_node_that_speaks_for_several_governments_says_which_endorses(folder):
    node = plain_node(folder / "node", "--government", "KE", "--government", "UG", "--kind", "regional")
    name = records_of(node)["Rangers"].iri
    assert "speaks for KE, UG: say with --government" in endorse(node, name, status=1).stderr
    for code in ("UG", "KE"):
        assert chm_json("-C", node, "record", "endorse", name, "--government", code)["government"] == code
    assert "for UG already" in endorse(node, name, "--government", "UG", status=1).stderr


def test_only_a_government_of_the_node_endorses(kenya, rangers, folder):
    assert "does not speak for UG, but for KE" in endorse(kenya, rangers.iri, "--government", "UG", status=1).stderr
    assert "write KE" in endorse(kenya, rangers.iri, "--government", "ke", status=2).stderr
    node = plain_node(folder / "node", "--kind", "partner")
    refused = endorse(node, records_of(node)["Rangers"].iri, status=1).stderr
    assert "this node speaks for no government" in refused


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        (["--statement", "Useful."], 2, "go together"),
        (["--language", "en"], 2, "go together"),
        (["--statement", " ", "--language", "en"], 1, "statement.en"),
        (["--statement", "Useful.", "--language", "English"], 1, "Write a language as BCP 47 does"),
    ],
)
def test_a_statement_is_a_text_in_a_language(kenya, rangers, options, status, reason):
    assert reason in endorse(kenya, rangers.iri, *options, status=status).stderr
    assert set(records_of(kenya)) == {"Rangers", "Divers"}


def test_what_is_not_in_force_here_is_not_endorsed(kenya, rangers):
    assert "is no record that this node holds" in endorse(kenya, "https://a.example.org/records/1", status=1).stderr
    assert "no record in force here is called" in endorse(kenya, "CHM-BBR-KE-77", status=1).stderr
    chm("-C", kenya, "record", "withdraw", rangers.iri, "--reason", "outdated")
    assert "is not in force" in endorse(kenya, rangers.iri, status=1).stderr


def test_a_record_of_a_peer_is_called_by_its_whole_address(uganda, rangers):
    """Its identifier could be that of anybody's record; the address stands in one log alone."""
    refused = endorse(uganda, rangers.identifier, status=1).stderr
    assert "give its whole address" in refused
    assert rangers.iri in refused


def test_an_endorsement_is_not_endorsed(kenya, rangers):
    first = chm_json("-C", kenya, "record", "endorse", rangers.iri)
    refused = endorse(kenya, first["id"], status=1).stderr
    assert f"endorse what it endorses, {rangers.iri}" in refused


def test_a_damaged_text_is_not_endorsed(folder):
    """The government would sign the hash of a text that its people have not read."""
    node = plain_node(folder / "node", "--government", "KE")
    with sqlite3.connect(node / "chm.sqlite") as database:
        database.execute("update revision set body = cast(replace(cast(body as text), 'rangers', 'bankers') as blob)")
    database.close()
    assert "is damaged" in endorse(node, records_of(node)["Rangers"].iri, status=1).stderr
