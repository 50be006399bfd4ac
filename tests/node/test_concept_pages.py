"""The pages of vocabularies: what a concept means, how far that may be trusted, and what there is about it."""

import gzip
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import rdflib
from rdflib.plugins.parsers.jsonld import to_rdf

from chmnode.app import build
from chmnode.portal import frame
from chmnode.portal.alphabet import letter, lettered
from chmnode.portal.i18n import NAMES
from chmnode.portal.vocabularies import SENTENCES
from tests.node.conftest import NEED, OFFER, publish
from tests.node.pages import ENGLISH, READERS, page

CSS = (Path(frame.__file__).parent / "static" / "portal.css").read_bytes()
WEIGHT = 30_000
TARGET = "/ke/concepts/gbf-targets/GBF-TARGET-06"
ADDRESSES = (
    "/ke/concepts",
    "/ke/concepts/gbf-targets",
    "/ke/concepts/countries",
    "/ke/concepts/cbd-subjects",
    "/ke/concepts/regions",
    "/ke/concepts/assistance-types",
    TARGET,
    "/ke/concepts/countries/KE",
    "/ke/concepts/regions/002",
    "/ke/concepts/cbd-subjects/CBD-SUBJECT-IAS",
    "/ke/concepts/domain-concepts/gemet-4998",
)


@pytest.fixture
async def visitor(node, aiohttp_client):
    """A client of a node with two needs and an offer."""
    await publish(node, NEED, {**NEED, "countries": [], "regions": ["202"]}, OFFER)
    return await aiohttp_client(build(node))


def links(found):
    return [attrs["href"] for tag, attrs in found.tags if tag == "a"]


@pytest.mark.parametrize("lang", NAMES)
async def test_every_page_is_whole_and_in_the_readers_language(visitor, lang):
    for address in ADDRESSES:
        response, found = await page(visitor, address, **{"Accept-Language": lang})
        assert response.status == 200, address
        assert response.headers["Content-Language"] == lang
        tags = [tag for tag, _ in found.tags]
        assert [tags.count(name) for name in ("h1", "main", "header", "footer", "title")] == [1] * 5
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = found.attributes("id")
        assert len(ids) == len(set(ids))
        assert set(found.attributes("aria-labelledby")) <= set(ids)
        assert not {"script", "style", "img"} & set(tags)


async def test_every_link_leads_somewhere(visitor):
    seen = set()
    for address in ADDRESSES[6:]:
        _, found = await page(visitor, address, **ENGLISH)
        seen |= {href for href in links(found) if href.startswith("/")}
    for address in sorted(seen):
        assert (await visitor.get(address, headers={"Accept": "text/html"})).status == 200, address


async def test_every_scheme_has_a_sentence_and_is_in_the_list(node, visitor):
    assert set(SENTENCES) >= {scheme.name for scheme in node.concepts.schemes}
    _, found = await page(visitor, "/ke/concepts", **ENGLISH)
    assert {f"/ke/concepts/{scheme.name}" for scheme in node.concepts.schemes} <= set(links(found))
    assert "provisional" in found.text("span")


@pytest.mark.parametrize("lang", NAMES)
async def test_the_largest_list_has_every_concept_and_stays_light(node, visitor, lang):
    for name in ("domain-concepts", "countries", "gbf-indicators"):
        response, found = await page(visitor, f"/ke/concepts/{name}", **{"Accept-Language": lang})
        for concept in node.concepts.scheme(name).concepts.values():
            assert f"/ke/concepts/{name}/{concept.notation}" in links(found)
        weight = len(gzip.compress(await response.read())) + len(gzip.compress(CSS))
        assert weight < WEIGHT, (name, weight)


async def test_a_target_shows_its_official_text_and_the_records_about_it(visitor):
    _, found = await page(visitor, TARGET, **ENGLISH)
    assert found.text("h1") + found.text("bdi")
    assert "Official text" in found.text("h2")
    assert "Eliminate, minimize, reduce and or mitigate" in found.text("p")
    assert "2 needs" in found.text("a")
    assert "0 offers" in found.text("a")
    assert "/ke/search?concept=gbf-targets%3AGBF-TARGET-06" in links(found)
    assert "/ke/search?type=Need&concept=gbf-targets%3AGBF-TARGET-06" in links(found)


async def test_needs_and_offers_are_told_in_numbers_and_shown_by_a_bar(visitor):
    _, found = await page(visitor, "/ke/concepts/cbd-subjects/CBD-SUBJECT-IAS", **ENGLISH)
    assert "2 needs" in found.text("a")
    assert "1 offer" in found.text("a")
    bars = {attrs["class"]: int(attrs["width"]) for tag, attrs in found.tags if tag == "rect"}
    assert bars["needs"] == pytest.approx(2 * bars["offers"], rel=0.05)


async def test_a_label_of_a_machine_is_said_to_be_one(visitor):
    _, found = await page(visitor, TARGET, **{"Accept-Language": "ar"})
    assert READERS["ar"].say("machine translation, not reviewed") in found.text("span")
    _, found = await page(visitor, TARGET, **ENGLISH)
    assert "machine translation, not reviewed" not in found.text("span")
    assert "machine translation, not reviewed" in found.text("small")


async def test_a_country_shows_its_regions_its_node_and_what_covers_its_region(visitor):
    _, found = await page(visitor, "/ke/concepts/countries/KE", **ENGLISH)
    assert {"/ke/concepts/regions/014", "/ke/about"} <= set(links(found))
    assert "1 more record covers its whole region" not in found.text("a")
    assert "2 more records cover its whole region" in found.text("a")
    assert "/ke/search?country=KE&wide=1" in links(found)


async def test_a_region_shows_its_countries_and_what_is_within_it(visitor):
    _, found = await page(visitor, "/ke/concepts/regions/002", **ENGLISH)
    assert {"/ke/concepts/countries/KE", "/ke/concepts/regions/202", "/ke/concepts/regions/001"} <= set(links(found))


async def test_a_concept_names_its_equals_here_and_elsewhere(visitor):
    _, found = await page(visitor, "/ke/concepts/cbd-subjects/CBD-SUBJECT-IAS", **ENGLISH)
    assert "/ke/concepts/domain-concepts/invasive-alien-species" in links(found)
    _, found = await page(visitor, "/ke/concepts/domain-concepts/gemet-4998", **ENGLISH)
    assert "GEMET" in found.text("bdi")
    assert "https://w3id.org/chm/vocab/domain-concepts/gemet-4998" in found.text("code")


async def test_a_concept_without_records_says_so(visitor):
    _, found = await page(visitor, "/ke/concepts/countries/TV", **ENGLISH)
    assert "There are no records about this yet." in found.text("p")


@pytest.mark.parametrize(
    ("path", "count"), [("/ke/concepts/gbf-targets/GBF-TARGET-06", 1), ("/ke/concepts/gbf-targets", 23)]
)
async def test_turtle_and_json_ld_say_the_same(visitor, path, count):
    texts = []
    for media, form in (("text/turtle", "ttl"), ("application/ld+json", "jsonld")):
        response = await visitor.get(path, headers={"Accept": media})
        assert response.status == 200
        assert response.headers["Content-Type"].startswith(media)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        texts.append(await response.text())
        assert await (await visitor.get(path, params={"format": form})).text() == texts[-1]
    graphs = rdflib.Graph().parse(data=texts[0]), to_rdf(json.loads(texts[1]), rdflib.Graph())
    notations = [set(graph.objects(None, rdflib.SKOS.notation)) for graph in graphs]
    assert [len(found) for found in notations] == [count, count]
    assert notations[0] == notations[1]


async def test_an_identifier_from_elsewhere_leads_to_the_concept(visitor):
    response = await visitor.get("/ke/concepts/countries/ken?lang=fr", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/ke/concepts/countries/KE?lang=fr")


async def test_what_is_not_there_is_refused_with_what_may_have_been_meant(visitor):
    response, found = await page(visitor, "/ke/concepts/gbf-targets/GBF-TARGET-66", **ENGLISH)
    assert response.status == 404
    assert TARGET in links(found)
    response = await visitor.get("/ke/concepts/gbf-targets/GBF-TARGET-66")
    assert response.status == 404
    assert "GBF-TARGET-06" in (await response.json())["closest"]
    response, found = await page(visitor, "/ke/concepts/unheard-of", **ENGLISH)
    assert response.status == 404
    assert "/ke/concepts" in links(found)
    assert (await visitor.get("/ke/concepts/unheard-of/x")).status == 404
    assert (await visitor.get("/ke/concepts/gbf-targets?format=pdf")).status == 400
    assert (await visitor.get("/ke/concepts?format=ttl")).status == 406


async def test_the_list_of_schemes_is_there_for_machines(node, visitor):
    response = await visitor.get("/ke/concepts", headers={"Accept": "application/json"})
    listed = (await response.json())["schemes"]
    assert [scheme["id"] for scheme in listed] == [scheme.iri for scheme in node.concepts.schemes]


@pytest.mark.parametrize(
    ("text", "lang", "under"),
    [
        ("Élevage", "fr", "E"),
        ("«Especies»", "es", "E"),
        ("الغابات", "ar", "غ"),
        ("أرمينيا", "ar", "ا"),
        ("ёж", "ru", "Е"),
        ("Йемен", "ru", "Й"),
        ("森林", "zh", "S"),
        ("北京", "zh", "B"),
        ("中国", "zh", "Z"),
        ("狩猎", "zh", "#"),
        ("DNA条形码", "zh", "D"),
        ("30 %", "en", "#"),
        ("DNA", "ru", "#"),
    ],
)
def test_a_label_stands_under_the_letter_a_reader_looks_for(text, lang, under):
    assert letter(text, lang) == under


def test_letters_follow_the_alphabet_and_what_has_none_comes_last():
    found = lettered(["zebra", "Ähre", "apple", "7th", "bee"], "en", str)
    assert found == [("A", ["Ähre", "apple"]), ("B", ["bee"]), ("Z", ["zebra"]), ("#", ["7th"])]
