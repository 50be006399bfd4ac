"""The search page: whole without scripts, its state in its address, honest about why something was found."""

import gzip
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from chmnode.app import build
from chmnode.portal import frame
from chmnode.portal.i18n import NAMES
from tests.node.conftest import NEED, NOW, OFFER, publish
from tests.node.pages import ENGLISH, READERS, page

STATIC = Path(frame.__file__).parent / "static"
REEF = {
    **NEED,
    "languages": ["es"],
    "title": {"es": "Restauración de <b>manglares</b> en la costa"},
    "translations": {},
    "problem": {"es": "Los bosques se pierden. " * 40 + "Pedimos formación en su cuidado."},
}
CLOSING = {**OFFER, "title": {"en": "Grants for wetland plans"}, "validUntil": "2026-06-30"}
RECORDS = (NEED, OFFER, REEF, CLOSING)
#: Bytes that HTML and CSS of a page may weigh together when they are compressed.
WEIGHT = 30_000


@pytest.fixture
async def visitor(node, aiohttp_client):
    """A client of a node with four records and a page that is not full."""
    await publish(node, *RECORDS)
    return await aiohttp_client(build(node))


async def search(client, lang="en", **query):
    asked = "&".join(f"{name.removesuffix('_')}={quote(value)}" for name, value in query.items())
    return await page(client, f"/ke/search?{asked}", **{"Accept-Language": lang})


def form(found):
    """What the form of a page would send if nobody changed it."""
    sent = []
    for tag, attrs in found.tags:
        if tag == "input" and attrs.get("name") and (attrs["type"] != "checkbox" or "checked" in attrs):
            sent.append((attrs["name"], attrs.get("value", "")))
    return sorted(pair for pair in sent if pair[1])


def links(found, **wanted):
    return [attrs["href"] for tag, attrs in found.tags if tag == "a" and wanted.items() <= attrs.items()]


ADDRESSES = (
    "/ke/search",
    "/ke/search?q=mangrove",
    "/ke/search?q=training+reef&type=Need&sort=newest",
    "/ke/search?q=%22reef+monitoring%22+-fish+title%3Acourse+%2Bdna",
    "/ke/search?country=ATLANTIS&target=NONE&concept=no%3Asuch&open=never&endorsed=XX&plain=reef",
    "/ke/search?from=yesterday&to=2026-02-31&sort=best&after=zzz&limit=0",
    "/ke/search?q=qwertyuiop&country=KE&wide=1&from=2020-01-01&to=2026-12-31",
    "/ke/search?concept=cbd-subjects%3ACBD-SUBJECT-IAS",
)


@pytest.mark.parametrize("lang", NAMES)
async def test_every_search_is_a_whole_page_in_the_readers_language(visitor, lang):
    for address in ADDRESSES:
        response, found = await page(visitor, address, **{"Accept-Language": lang})
        assert response.status == 200, address
        assert response.headers["Content-Language"] == lang
        tags = [tag for tag, _ in found.tags]
        assert [tags.count(name) for name in ("h1", "main", "header", "footer", "title")] == [1] * 5
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = found.attributes("id")
        assert len(ids) == len(set(ids))
        assert set(found.attributes("aria-labelledby")) <= set(ids)


async def test_every_link_of_a_search_leads_somewhere(visitor):
    seen = set()
    for address in ADDRESSES:
        _, found = await page(visitor, address, **ENGLISH)
        seen |= {href for href in links(found) if href.startswith("/")}
    for address in sorted(seen):
        assert (await visitor.get(address, headers={"Accept": "text/html"})).status == 200, address


async def test_the_page_needs_no_script_and_its_only_one_is_our_own(visitor):
    _, found = await search(visitor, q="training")
    scripts = [attrs for tag, attrs in found.tags if tag == "script"]
    assert [list(attrs) for attrs in scripts] == [["src", "defer"]]
    assert scripts[0]["src"].startswith("/ke/static/search.js?v=")
    assert not [name for _, attrs in found.tags for name in attrs if name == "style" or name.startswith("on")]
    response = await visitor.get(scripts[0]["src"])
    assert response.status == 200
    assert "javascript" in response.headers["Content-Type"]
    assert len(gzip.compress((STATIC / "search.js").read_bytes())) < 3_000


async def test_what_is_chosen_stays_in_the_form_and_in_the_address(visitor):
    query = {"q": "training", "type": "Need", "country": "KE", "from": "2020-01-01", "sort": "newest", "wide": "1"}
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    _, found = await page(visitor, f"/ke/search?{asked}&concept=regions%3A002&plain=reef&lang=fr")
    assert form(found) == sorted([*query.items(), ("concept", "regions:002"), ("plain", "reef"), ("lang", "fr")])
    boxes = [attrs for tag, attrs in found.tags if tag == "input" and attrs["type"] == "checkbox"]
    assert all(attrs["form"] == "find" for attrs in boxes)
    own = [parse_qsl(urlsplit(href).query) for href in links(found) if urlsplit(href).path == "/ke/search"]
    assert own
    assert all("lang" in dict(pairs) for pairs in own)
    assert [dict(pairs)["lang"] for pairs in own].count("fr") == len(own) - len(NAMES) + 1


async def test_each_choice_is_a_chip_that_takes_itself_off(visitor):
    _, found = await search(visitor, q="training", type="Need", country="KE")
    chips = {href: dict(parse_qsl(urlsplit(href).query)) for href in links(found, **{"class": "chip"})}
    assert {"q": "training", "country": "KE"} in chips.values()
    assert {"q": "training", "type": "Need"} in chips.values()
    assert "Clear all" in found.text("a")
    assert "Kenya" in found.text("bdi")


async def test_values_that_nobody_knows_can_be_seen_and_taken_off(visitor):
    _, found = await search(visitor, country="ATLANTIS", concept="no:such")
    assert found.text("h1") == "Nothing found"
    assert {"ATLANTIS", "no:such"} <= set(found.text("bdi").split())
    without = [dict(parse_qsl(urlsplit(href).query)) for href in links(found, **{"class": "chip"})]
    assert {"concept": "no:such"} in without
    assert {"country": "ATLANTIS"} in without


async def test_what_cannot_be_read_is_told_and_the_results_are_there_without_it(visitor):
    _, found = await page(visitor, "/ke/search?from=yesterday&after=zzz", **ENGLISH)
    said = found.text("p")
    assert "“From” is not a date; it was left out." in said
    assert "this is its beginning" in said
    assert found.text("h1") == "4 records"


async def test_facets_have_labels_counts_and_a_legend_each(visitor):
    _, found = await search(visitor, lang="fr")
    legends = found.text("legend")
    for title in ("Kind", "Country", "Kind of help", "Language", "Last changed"):
        assert READERS["fr"].say(title) in legends
    tags = [tag for tag, _ in found.tags]
    assert tags.count("fieldset") == tags.count("legend") >= 6
    labels = [attrs.get("for") for tag, attrs in found.tags if tag == "label"]
    assert {"q", "from", "to"} <= set(labels)
    assert "Formation" in found.text("bdi")


async def test_a_value_that_nothing_has_under_the_present_choice_is_shown_but_cannot_be_chosen(visitor):
    _, found = await search(visitor, type="Offer")
    boxes = {
        (attrs["name"], attrs["value"]): attrs
        for tag, attrs in found.tags
        if tag == "input" and attrs["type"] == "checkbox"
    }
    assert "disabled" in boxes["language", "fr"]
    assert "checked" in boxes["type", "Offer"]
    assert "disabled" not in boxes["type", "Need"]


async def test_words_that_were_searched_for_are_marked_and_text_stays_text(visitor):
    _, found = await search(visitor, q="manglares")
    assert found.words.count(("mark", "manglares")) >= 1
    assert not [tag for tag, _ in found.tags if tag == "b"]
    assert "<b>" in found.text("bdi")


async def test_a_text_in_another_language_is_named_and_written_in_its_own(visitor):
    _, found = await search(visitor, q="manglares")
    assert ("bdi", {"lang": "es", "dir": "ltr"}) in found.tags
    assert "Spanish" in found.text("span")
    _, found = await search(visitor, lang="ar", q="manglares")
    assert "الإسبانية" in found.text("span")


async def test_a_question_in_one_language_finds_the_answer_in_another_and_says_through_what(visitor):
    _, found = await search(visitor, lang="en", q="forests")
    assert "Restauración de" in found.text("bdi")
    assert "Found through: forest" in found.text("p")
    assert "named in its text" in found.text("p")


async def test_a_word_is_shown_with_the_concept_it_was_understood_as_and_can_be_taken_literally(visitor):
    _, found = await search(visitor, q="mangrove")
    assert "/ke/concepts/domain-concepts/gemet-4998" in found.attributes("href")
    assert "take it literally" in found.text("a")
    (literal,) = (href for href in links(found) if "plain=mangrove" in href)
    _, found = await page(visitor, literal, **ENGLISH)
    assert "“mangrove” taken literally" in found.text("bdi")
    assert found.text("h1") == "Nothing found"


async def test_a_word_with_several_meanings_offers_each_of_them(visitor):
    _, found = await search(visitor, q="developing country")
    assert "has several meanings:" in " ".join(found.text("li").split())
    only = [dict(parse_qsl(urlsplit(href).query)) for href in links(found)]
    meant = {pairs["concept"].partition(":")[0] for pairs in only if pairs.keys() == {"concept"}}
    assert {"domain-concepts", "groups"} <= meant
    assert {"q": "developing country", "plain": "developing country"} in only


async def test_equal_concepts_of_several_vocabularies_are_one_meaning(visitor):
    for words in ("invasive alien species", "training", "agriculture"):
        _, found = await search(visitor, q=words)
        assert "has several meanings:" not in " ".join(found.text("li").split())
        assert "take it literally" in found.text("a")
    _, found = await search(visitor, q="invasive alien species")
    assert "/ke/concepts/cbd-subjects/CBD-SUBJECT-IAS" in links(found)


async def test_a_facet_that_is_typed_is_a_chip_that_takes_it_out_of_the_text(visitor):
    _, found = await search(visitor, q="training country:ke -type:offer", type="Need")
    assert {"Kenya", "without Offers"} <= {said for tag, said in found.words if tag == "bdi"}
    chips = [dict(parse_qsl(urlsplit(href).query)) for href in links(found, **{"class": "chip"})]
    assert {"q": "training -type:offer", "type": "Need"} in chips
    assert {"q": "training country:ke", "type": "Need"} in chips
    assert {"q": "training"} in [dict(parse_qsl(urlsplit(href).query)) for href in links(found)]
    assert found.text("summary").startswith("Filter (3)")


async def test_phrases_exclusions_and_words_in_titles_are_told_in_words(visitor):
    _, found = await search(visitor, q='"reef monitoring" -fish title:training qwertyuiop')
    said = " ".join(found.text().split())
    for words in ("Exactly “ reef monitoring ”", "Without “ fish ”", "“ training ” in the title", "No record has “"):
        assert words in said


async def test_hits_tell_kind_place_help_date_publisher_and_age(visitor):
    _, found = await search(visitor, q="barcoding")
    said = " ".join(found.text().split())
    for words in ("Offer", "Africa", "Training", "CHM Kenya", "published just now"):
        assert words in said
    _, found = await search(visitor, q="wetland")
    assert "Open until 30 June 2026" in found.text("p")


async def test_what_closes_within_a_month_says_so_first(node, aiohttp_client):
    await publish(node, CLOSING)
    for days, said in ((0, "Open until 30 June 2026"), (70, "Closes on 30 June 2026")):
        client = await aiohttp_client(build(replace(node, clock=lambda days=days: NOW + days * 86_400)))
        _, found = await search(client, q="wetland")
        assert said in found.text()
        assert ("soon" in found.attributes("class")) is (days > 0)


async def test_a_hit_is_as_old_as_its_last_change(node, aiohttp_client):
    (iri,) = await publish(node, OFFER)
    later = replace(node, clock=lambda: NOW + 3 * 86_400)
    _, found = await search(await aiohttp_client(build(later)), q="barcoding")
    assert "published 3 days ago" in found.text("p")
    await publish(node, {**OFFER, "id": iri, "countries": ["KE"]})
    _, found = await search(await aiohttp_client(build(later)), q="barcoding")
    assert "changed 3 days ago" in found.text("p")


async def test_what_has_closed_is_not_said_to_be_open(node, aiohttp_client):
    await publish(node, CLOSING)
    client = await aiohttp_client(build(replace(node, clock=lambda: NOW + 200 * 86_400)))
    _, found = await search(client, q="wetland")
    assert "Closed on 30 June 2026" in found.text("span")
    assert "Open until 30 June 2026" not in found.text()


async def test_the_order_that_is_shown_is_marked(visitor):
    _, found = await search(visitor, sort="newest")
    marked = [attrs["href"] for tag, attrs in found.tags if tag == "a" and attrs.get("aria-current") == "true"]
    assert "/ke/search?sort=newest" in marked
    assert "/ke/search?sort=closing" in links(found)


async def test_pages_follow_each_other_and_lead_back_to_the_first(node, aiohttp_client):
    await publish(node, *[{**OFFER, "title": {"en": f"Offer number {n}"}} for n in range(45)])
    client = await aiohttp_client(build(node))
    path, seen, pages = "/ke/search?q=number&type=Offer&lang=fr", [], 0
    while path:
        _, found = await page(client, path)
        pages += 1
        seen += [attrs["href"] for tag, attrs in found.tags if tag == "a" and "/records/" in attrs["href"]]
        assert bool(links(found, rel="first")) == (pages > 1)
        more = links(found, rel="next")
        path = more[0] if more else None
    assert pages == 3
    assert len(seen) == len(set(seen)) == 45


async def test_an_empty_result_invites_and_tells_what_each_choice_hides(visitor):
    _, found = await search(visitor, q="barcoding", type="Need")
    assert found.text("h1") == "Nothing found"
    assert "1 record" in found.text("span")
    assert "/ke/concepts" in found.attributes("href")
    assert "/ke/search?q=barcoding" in found.attributes("href")


async def test_subjects_are_offered_to_those_who_type_without_scripts(visitor):
    _, found = await search(visitor, q="invas")
    assert "Did you mean one of these subjects?" in found.text("h2")
    offered = [dict(parse_qsl(urlsplit(href).query)) for href in links(found, **{"class": "chip"})]
    meant = [pairs["concept"] for pairs in offered if pairs.get("concept", "").endswith(("-IAS", "-alien-species"))]
    assert len(meant) == 1, "equal concepts of two vocabularies are offered once"
    assert all("q" not in pairs for pairs in offered)


async def test_nothing_that_has_all_is_told_when_some_have_some(visitor):
    _, found = await search(visitor, q="weeks compter")
    assert "Nothing has all of this; these have some of it." in found.text("p")


async def test_a_node_without_records_shows_a_search_that_works(node, aiohttp_client):
    client = await aiohttp_client(build(node))
    _, found = await page(client, "/ke/search?q=reef", **ENGLISH)
    assert found.text("h1") == "Nothing found"


@pytest.mark.parametrize("lang", ["en", "ar", "ru", "zh"])
async def test_a_full_page_is_light(node, aiohttp_client, lang):
    """Twenty long hits, every facet full."""
    scheme = node.concepts.scheme("countries")
    drafts = [
        {**NEED, "countries": codes, "problem": {"fr": "Il faut une formation. " * 40}, "government": "KE"}
        for codes in ([c for c in list(scheme.concepts)[n * 6 : n * 6 + 6] if len(c) == 2] for n in range(40))
    ]
    await publish(node, *drafts)
    client = await aiohttp_client(build(node))
    response = await client.get("/ke/search?q=formation", headers={"Accept": "text/html", "Accept-Language": lang})
    weight = len(gzip.compress(await response.read())) + len(gzip.compress((STATIC / "portal.css").read_bytes()))
    assert weight < WEIGHT


def test_help_while_typing_is_in_the_readers_words():
    for reader in READERS.values():
        assert reader.lang == "en" or reader.say("Searching…") != "Searching…"
