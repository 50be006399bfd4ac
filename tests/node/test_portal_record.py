"""The page of a record, and of one that is not there: what it says, where it comes from, how much of it is shown."""

import apsw
import pytest

from chmnode.app import build
from chmnode.storage import Records
from tests.node.conftest import NEED, OFFER, foreign, harvest, publish
from tests.node.pages import ENGLISH, READERS, page


async def test_a_record_says_where_it_comes_from(site, client):
    _, found = await page(client, site.path(site.need), **ENGLISH)
    said = found.text()
    assert "Published by CHM Kenya on 31 March 2026." in said
    assert "Signed with the key of this node" in said
    assert f"{site.path(site.need)}/proof" in found.attributes("href")
    assert f"{site.path(site.need)}?format=ttl" in found.attributes("href")
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}")
    assert "Checked: the signature of the publisher is valid" in found.text()
    assert "Réseau des récifs" in found.text()
    assert next(attrs["href"] for tag, attrs in found.tags if attrs.get("rel") == "canonical") == site.peer.iri("reef")


async def test_facts_are_told_with_the_labels_of_the_reader(site, client):
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "es"})
    said = found.text()
    for word in ("Tipos de ayuda", "Presupuesto solicitado", "Kenya", "31 de diciembre de 2026", "125.000"):
        assert word in said
    _, found = await page(client, site.path(site.offer), **{"Accept-Language": "fr"})
    for word in ("Admissibilité", "Gratuit", "Afrique", "novembre 2025", "Barcoding"):
        assert word in found.text()


async def test_a_text_in_another_language_is_marked_and_so_is_a_machines(site, client):
    _, found = await page(client, site.path(site.need), **{"Accept-Language": "ru"})
    assert ("bdi", {"lang": "fr", "dir": "ltr"}) in found.tags
    assert "французский" in found.text()
    _, found = await page(client, site.path(site.need), **ENGLISH)
    assert "machine-translated" in found.text()
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}", **ENGLISH)
    assert ("bdi", {"lang": "ar", "dir": "rtl"}) in found.tags


async def test_what_left_force_is_explained_in_words(site, client):
    for iri, heading in ((site.gone, "This record was withdrawn"), (site.erased, "This record was erased")):
        _, found = await page(client, site.path(iri), **ENGLISH)
        assert found.text("h1") == heading
        assert ("bdi", "CHM Kenya") in found.words
        assert "did this on 31 March 2026." in found.text()
        assert "Reason:" in found.text()
    _, found = await page(client, f"/ke/view?id={site.peer.iri('forged')}", **ENGLISH)
    assert "did not pass the checks of this node" in found.text()
    assert "Its signature is not valid." in found.text()


@pytest.mark.parametrize("which", ["need", "reef"])
async def test_a_text_altered_in_the_database_is_never_shown_as_unchanged(site, client, which):
    iri = site.need if which == "need" else site.peer.iri("reef")
    path = site.path(iri) if which == "need" else f"/ke/view?id={iri}"
    connection = apsw.Connection(str(site.node.config.folder / "chm.sqlite"))
    connection.execute("update revision set body = cast('{}' as blob) where instr(body, ?)", (iri.encode(),))
    connection.close()
    response, found = await page(client, path, **ENGLISH)
    assert response.status == 503
    assert found.text("h1") == "This record is damaged here"
    assert "the operator should run “chm check”" in found.text()
    if which == "need":
        _, listed = await page(client, "/ke/", **ENGLISH)
        assert iri in listed.text("bdi")


async def test_global_targets_are_told_with_their_numbers(site, client):
    for lang, said in (("en", "Target 6: "), ("fr", "Cible 6\u00a0: "), ("ar", "الغاية 6: ")):
        _, found = await page(client, site.path(site.need), **{"Accept-Language": lang})
        assert said in found.text("bdi")


async def test_a_kind_that_this_node_does_not_know_is_said_to_be_unchecked(site, client):
    unchecked = "This node does not know this kind of record; its content was not checked."
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}", **ENGLISH)
    assert unchecked in found.text("p")
    _, found = await page(client, site.path(site.need), **ENGLISH)
    assert unchecked not in found.text()


async def test_a_long_title_is_cut_where_it_is_a_link_and_a_long_text_on_its_page(node, folder, aiohttp_client):
    peer = foreign()
    long = {"title": {"en": "reef" * 200}, "description": {"en": "coral " * 5000}}
    peer.put("long", peer.record("long", **long))
    await harvest(node, peer, folder / "copy")
    client = await aiohttp_client(build(node))
    _, found = await page(client, f"/ke/view/history?id={peer.iri('long')}", **ENGLISH)
    assert [len(title) for title in found.text("bdi").split() if title.startswith("reef")] == [500]
    _, found = await page(client, f"/ke/view?id={peer.iri('long')}", **ENGLISH)
    assert "reef" * 200 in found.text("bdi")
    assert 19_500 < found.text("p").count("coral ") * len("coral ") < 20_500
    assert "The text is longer; the raw formats have the rest." in found.text("span")


async def test_a_record_tells_who_endorses_it_and_whether_it_was_this_very_text(node, aiohttp_client):
    (iri,) = await publish(node, NEED)
    digest = (await Records(node.database.read).get(iri)).sha256
    endorsed = {"id": iri, "revision": 1, "sha256": digest}
    mark = {**{name: OFFER[name] for name in ("languages", "countries", "regions", "source")}, "type": "Endorsement"}
    (statement,) = await publish(node, {**mark, "title": {"en": "Yes"}, "government": "KE", "endorsed": endorsed})
    client, path = await aiohttp_client(build(node)), iri.removeprefix("https://chm.example.org")
    _, found = await page(client, path, **ENGLISH)
    assert statement.removeprefix("https://chm.example.org") in found.attributes("href")
    assert "No government yet" not in found.text()
    assert "(an earlier text)" not in found.text()
    await publish(node, {**NEED, "id": iri, "validUntil": "2027-12-31"})
    _, found = await page(client, path, **ENGLISH)
    assert "(an earlier text)" in found.text("span")


async def test_a_record_tells_its_age_and_when_its_publisher_was_last_read(site, client):
    _, found = await page(client, site.path(site.need), **ENGLISH)
    assert "published just now" in found.text("dd")
    assert "checked here" not in found.text("p")
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}", **ENGLISH)
    assert "on 1 January 2026; checked here 2 hours ago." in " ".join(found.text("p").split())
    assert "published 3 months ago" in found.text("dd")
    assert "/ke/federation#chm.example.ke/log" in found.attributes("href")


async def test_the_languages_of_a_record_lead_to_its_page_in_them(site, client):
    _, found = await page(client, f"{site.path(site.need)}?lang=en")
    assert f"{site.path(site.need)}?lang=fr" in [
        attrs["href"] for tag, attrs in found.tags if tag == "a" and attrs.get("hreflang") == "fr"
    ]
    assert ("span", "original") in found.words


async def test_codes_lead_to_the_pages_of_their_concepts_in_the_language_chosen(site, client):
    _, found = await page(client, f"{site.path(site.need)}?lang=fr")
    assert "/ke/concepts/gbf-targets/GBF-TARGET-06?lang=fr" in found.attributes("href")
    assert "/ke/concepts/countries/KE?lang=fr" in found.attributes("href")


async def test_labels_that_no_person_has_checked_are_starred_and_the_star_is_explained(site, client):
    for lang, starred in (("en", False), ("ar", True)):
        _, found = await page(client, site.path(site.need), **{"Accept-Language": lang})
        assert (("span", "*") in found.words) is starred
        assert (READERS[lang].say("* Translated by a machine, or not checked yet.") in found.text("p")) is starred
