"""The past of a record: every revision, what changed in it, and what is left of what was erased."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chmnode.app import build
from chmnode.portal.changes import Kind, changes, compared
from tests.node.conftest import NEED, publish
from tests.node.pages import ENGLISH, page, teller

WORDS = st.text(st.sampled_from("ab .\n珊瑚"), max_size=60)


async def revised(node, aiohttp_client):
    (iri,) = await publish(node, NEED)
    problem = {"fr": NEED["problem"]["fr"].replace("Personne ne", "Presque personne ne", 1)}
    await publish(node, {**NEED, "id": iri, "problem": problem, "countries": ["KE", "TZ"]})
    return iri, await aiohttp_client(build(node))


async def test_a_history_tells_each_revision_newest_first_and_what_it_changed(node, aiohttp_client):
    iri, client = await revised(node, aiohttp_client)
    response, found = await page(client, f"{iri.removeprefix('https://chm.example.org')}/history", **ENGLISH)
    assert response.status == 200
    assert found.text("h2") == "Changed on 31 March 2026 Published on 31 March 2026"
    assert "Revision 2, entry 1 of the publisher's public log" in found.text("p")
    assert found.text().count("in force") == 1
    assert found.text("ins") == "United Republic of Tanzania Presque personne"
    assert found.text("del") == "Personne"
    assert [data for tag, data in found.words if tag == "dt"] == ["Countries", "Problem"]
    assert found.text("span").count("added:") == 2


async def test_what_was_erased_keeps_its_history_without_its_text(site, client):
    _, found = await page(client, f"{site.path(site.erased)}/history", **ENGLISH)
    assert found.text("h2") == "Erased on 31 March 2026 Published on 31 March 2026"
    assert "That it was there stays known; what it said does not." in found.text("p")
    assert "DNA" not in found.text()
    assert "in force" not in found.text()
    _, found = await page(client, f"{site.path(site.gone)}/history", **ENGLISH)
    assert found.text("h2").startswith("Withdrawn")
    assert "DNA" not in found.text()
    assert "Reason:" in found.text("p")


async def test_the_page_of_what_is_gone_leads_to_its_history(site, client):
    _, found = await page(client, site.path(site.gone), **ENGLISH)
    assert f"{site.path(site.gone)}/history" in found.attributes("href")


async def test_a_foreign_record_has_its_history_here_and_ours_is_sent_home(site, client):
    _, found = await page(client, f"/ke/view/history?id={site.peer.iri('reef')}", **ENGLISH)
    assert ("bdi", "Réseau des récifs") in found.words
    response = await client.get(f"/ke/view/history?id={site.need}&lang=fr", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, f"{site.path(site.need)}/history?lang=fr")


def test_codes_are_compared_by_their_labels_and_money_as_told():
    schema = {"schema": "https://w3id.org/chm/schemas/need/1.0"}
    before = {**schema, "regions": ["002"], "budgetSought": {"amount": "1", "currency": "USD"}, "revision": 1}
    after = {**schema, "regions": ["002", "150"], "budgetSought": {"amount": "2", "currency": "USD"}, "revision": 2}
    told = [(change.label, change.removed, change.added) for change in changes(before, after, teller())]
    assert told == [("Regions", (), ("Europe",)), ("Budget sought", ("US$1",), ("US$2",))]


def test_a_text_that_came_in_another_language_is_told_under_that_language():
    (change,) = changes({"clue": {"en": "A."}}, {"clue": {"en": "A.", "ar": "ب"}}, teller())
    assert (change.lang, change.dir, [piece.kind for piece in change.pieces]) == ("ar", "rtl", [Kind.ADDED])


def test_long_stretches_that_stayed_are_left_out():
    same = "word " * 500
    kinds = [piece.kind for piece in compared(f"{same}old {same}", f"{same}new {same}")]
    assert kinds == [Kind.LEFT_OUT, Kind.SAME, Kind.REMOVED, Kind.ADDED, Kind.SAME, Kind.LEFT_OUT]


def test_texts_too_long_to_compare_are_replaced_as_a_whole():
    pieces = compared(" ".join(map(str, range(4000))), " ".join(map(str, range(4001, 8000))))
    assert [piece.kind for piece in pieces] == [Kind.REMOVED, Kind.ADDED]


def test_chinese_is_compared_by_character():
    assert [(piece.kind, piece.text) for piece in compared("珊瑚礁监测", "珊瑚礁恢复")] == [
        (Kind.SAME, "珊瑚礁"),
        (Kind.REMOVED, "监测"),
        (Kind.ADDED, "恢复"),
    ]


@settings(max_examples=60)
@given(WORDS, WORDS)
def test_the_pieces_of_short_texts_give_both_texts_back(before, after):
    pieces = compared(before, after)
    if before == after:
        assert pieces == ()
    else:
        assert "".join(piece.text for piece in pieces if piece.kind != Kind.ADDED) == before
        assert "".join(piece.text for piece in pieces if piece.kind != Kind.REMOVED) == after
