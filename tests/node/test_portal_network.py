"""The first page, the federation and the node itself, as their pages tell them."""

from dataclasses import replace

import pytest

from chmnode.app import build
from chmnode.portal import words
from chmnode.storage import Peers
from tests.node.conftest import NOW, OFFER, publish
from tests.node.pages import ENGLISH, page


async def test_the_federation_page_tells_who_is_followed_and_what_was_refused(site, client):
    _, found = await page(client, "/ke/federation", **ENGLISH)
    said = found.text()
    for word in ("Réseau des récifs", "2 hours ago", "Up to date", "Its signature is not valid.", "chm.example.ke/log"):
        assert word in said


async def note(site, **changes):
    """Change what is known of the last harvest of the peer."""
    async with site.node.database.transaction() as session:
        (row,) = await Peers(session).list()
        await Peers(session).save(row.origin, replace(row.schedule, **changes))


@pytest.mark.parametrize("code", ["UNREACHABLE", "BAD_SIGNATURE", "FORK"])
async def test_a_node_that_could_not_be_read_is_not_called_up_to_date(site, client, code):
    await note(site, code=code)
    _, found = await page(client, "/ke/federation", **ENGLISH)
    assert "Up to date" not in found.text()
    assert "Unknown: the last reading failed" in found.text("span")
    assert words.LOG_CODES[code] in found.text("span")


async def test_home_does_not_say_that_nodes_were_read_lately_when_they_were_not(site, client):
    for seen in (None, NOW - 7 * 86_400):
        await note(site, last_ok=seen)
        _, found = await page(client, "/ke/", **ENGLISH)
        assert "were read lately" not in found.text()


async def test_a_narrow_screen_gets_the_name_of_each_cell_with_the_cell(client):
    for lang, label in (("en", "Behind by:"), ("fr", "Retard\u00a0:"), ("zh", "落后：")):
        _, found = await page(client, "/ke/federation", **{"Accept-Language": lang})
        assert len(found.attributes("data-label")) == sum(tag == "td" for tag, _ in found.tags)
        assert label in found.attributes("data-label")


async def test_the_about_page_sends_to_each_publisher_for_its_key(client):
    _, found = await page(client, "/ke/about", **ENGLISH)
    assert "this node's is below; others' are on their own About pages" in found.text("p")


async def test_home_shows_needs_and_offers_side_by_side_and_the_network_in_a_line(site, client):
    _, found = await page(client, "/ke/", **ENGLISH)
    assert found.text("h2") == "Newest needs Newest offers What is coming Subjects The network"
    assert {site.path(site.need), site.path(site.offer)} <= set(found.attributes("href"))
    assert "3 records are shown here. This node follows 1 other node. All of them were read lately." in " ".join(
        found.text("p").split()
    )


async def test_an_empty_node_invites(node, aiohttp_client):
    client = await aiohttp_client(build(node))
    for path, said in (
        ("/ke/", "No needs have been published yet."),
        ("/ke/federation", "This node follows no other node yet."),
    ):
        _, found = await page(client, path, **ENGLISH)
        assert said in found.text()


async def test_home_tells_what_begins_and_closes_next_and_nothing_that_is_over_or_open_for_ever(node, aiohttp_client):
    shared = {name: OFFER[name] for name in ("languages", "countries", "regions", "source")}
    workshop = {**shared, "type": "Event", "title": {"en": "Workshop"}, "eventType": "CHM-EVENT-WORKSHOP"}
    await publish(
        node,
        {**OFFER, "title": {"en": "Soon"}, "applicationDeadline": "2026-05-01"},
        {**OFFER, "title": {"en": "Over"}, "applicationDeadline": "2026-01-01"},
        {**OFFER, "title": {"en": "Always"}},
        {**workshop, "startDate": "2026-04-10", "endDate": "2026-04-12"},
    )
    client = await aiohttp_client(build(node))
    _, found = await page(client, "/ke/", **ENGLISH)
    assert [data for tag, data in found.words if tag == "time"] == ["10 April 2026", "1 May 2026"]
    assert found.attributes("datetime") == ["2026-04-10", "2026-05-01"]
    assert {("span", "begins"), ("span", "closes")} <= set(found.words)


async def test_home_counts_what_there_is_and_leads_to_it(site, client):
    _, found = await page(client, "/ke/?lang=fr")
    links = found.attributes("href")
    assert {"/ke/search?type=Offer&lang=fr", "/ke/search?type=Need&lang=fr"} <= set(links)
    assert {"/ke/concepts/cbd-subjects/CBD-SUBJECT-IAS?lang=fr", "/ke/concepts/gbf-targets?lang=fr"} <= set(links)
    assert "1 besoin" in found.text("p")
    assert "1 offre" in found.text("p")


async def test_the_federation_is_summed_up_in_words_and_marks(site, client):
    _, found = await page(client, "/ke/federation", **ENGLISH)
    assert "1 node" in found.text("li")
    assert {("span", "1 up to date"), ("span", "1 record refused")} <= set(found.words)
    await note(site, code="UNREACHABLE")
    _, found = await page(client, "/ke/federation", **ENGLISH)
    assert ("span", "1 could not be read") in found.words
    assert "up to date" not in found.text("span")


async def test_the_about_page_tells_terms_and_accessibility(client):
    _, found = await page(client, "/ke/about", **ENGLISH)
    assert found.text("h2") == "How to check what it says Using the contents Accessibility For machines"
    assert "accessibility" in found.attributes("id")
