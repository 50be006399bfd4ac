"""The pages as a reader gets them: every one in six languages, honest, whole without scripts."""

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from chmnode.app import build
from chmnode.portal.i18n import NAMES
from tests.node.pages import ENGLISH, READERS, page


def paths(site):
    foreign = site.peer.iri
    return {
        "/ke/": 200,
        "/ke/federation": 200,
        "/ke/about": 200,
        site.path(site.need): 200,
        site.path(site.offer): 200,
        f"/ke/view?id={foreign('reef')}": 200,
        f"{site.path(site.need)}/history": 200,
        f"{site.path(site.erased)}/history": 200,
        f"/ke/view/history?id={foreign('reef')}": 200,
        site.path(site.gone): 410,
        site.path(site.erased): 410,
        f"/ke/view?id={foreign('forged')}": 404,
        "/ke/records/never": 404,
        "/ke/nowhere": 404,
        "/ke/view?id=x": 400,
        "/ke/view/history?id=x": 400,
        "/ke/records/never/history": 404,
    }


@pytest.mark.parametrize("lang", NAMES)
async def test_every_page_speaks_the_readers_language(site, client, lang):
    for path, status in paths(site).items():
        response, found = await page(client, path, **{"Accept-Language": f"{lang};q=0.9, de"})
        assert response.status == status, path
        assert response.headers["Content-Language"] == lang
        html = next(attrs for tag, attrs in found.tags if tag == "html")
        assert html == {"lang": lang, "dir": "rtl" if lang == "ar" else "ltr"}
        assert READERS[lang].say("Skip to the content") in found.text()
        assert "Accept-Language" in response.headers["Vary"]


async def test_every_page_has_one_main_heading_landmarks_and_a_way_past_the_menu(site, client):
    for path in paths(site):
        _, found = await page(client, path)
        tags = [tag for tag, _ in found.tags]
        assert [tags.count(name) for name in ("h1", "main", "header", "footer", "title")] == [1] * 5, path
        assert next(attrs for tag, attrs in found.tags if tag == "a") == {"class": "skip", "href": "#main"}
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = found.attributes("id")
        assert len(ids) == len(set(ids))
        assert set(found.attributes("aria-labelledby")) <= set(ids)


async def test_no_page_runs_a_script_or_loads_anything_from_elsewhere(site, client):
    for path in paths(site):
        _, found = await page(client, path)
        assert not {"script", "style", "iframe", "img"} & {tag for tag, _ in found.tags}
        assert not [name for _, attrs in found.tags for name in attrs if name == "style" or name.startswith("on")]
        loaded = [
            attrs["href"] for tag, attrs in found.tags if tag == "link" and attrs["rel"] in {"stylesheet", "icon"}
        ]
        assert all(address.startswith("/ke/static/") for address in loaded)
        for address in loaded:
            response = await client.get(address)
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]


async def test_every_link_within_the_site_leads_somewhere(site, client):
    seen = set()
    for path in paths(site):
        _, found = await page(client, path)
        seen |= {attrs["href"] for tag, attrs in found.tags if tag == "a" and attrs["href"].startswith("/")}
    for address in sorted(seen):
        # The pages of what is gone link to themselves in other languages.
        assert (await client.get(address, headers={"Accept": "text/html"})).status in {200, 400, 404, 410}
    assert not [address for address in seen if not address.startswith("/ke/")]


async def test_text_of_a_record_never_becomes_markup(site, client):
    _, found = await page(client, site.path(site.offer))
    assert "<script>alert(1)</script>" in found.text()
    _, found = await page(client, f"/ke/view?id={site.peer.iri('reef')}")
    assert "javascript:alert(1)" in found.text()
    assert not [address for address in found.attributes("href") if address.startswith("javascript")]


async def test_a_latin_name_in_an_arabic_sentence_is_kept_apart(site, client):
    """Else it would pull the date beside it to its own side."""
    for path in ("/ke/", site.path(site.need)):
        _, found = await page(client, path, **{"Accept-Language": "ar"})
        assert ("bdi", "CHM Kenya") in found.words


async def test_chinese_sentences_end_and_pause_in_chinese(site, client):
    _, found = await page(client, "/ke/about", **{"Accept-Language": "zh"})
    assert "：国家信息交换所。" in found.text("p")
    _, found = await page(client, site.path(site.gone), **{"Accept-Language": "zh"})
    assert "原因：" in found.text("p")


async def test_a_language_chosen_by_hand_stays_and_sets_no_cookie(site, client):
    response, found = await page(client, "/ke/?lang=ar", **{"Accept-Language": "ru"})
    assert response.headers["Content-Language"] == "ar"
    assert "Set-Cookie" not in response.headers
    own = [urlsplit(attrs["href"]) for tag, attrs in found.tags if tag == "a" and attrs["href"].startswith("/ke/")]
    assert all("lang=" in address.query for address in own)


async def test_the_list_of_records_is_a_search_for_people_and_keeps_what_was_asked(client):
    for asked, sent in (
        ("/ke/records", "/ke/search"),
        ("/ke/records?type=Need&origin=chm.example.ke/log", "/ke/search?type=Need&node=chm.example.ke/log"),
        ("/ke/records?type=Offer&lang=fr", "/ke/search?type=Offer&lang=fr"),
    ):
        response = await client.get(asked, headers={"Accept": "text/html"}, allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (303, sent)
    assert (await client.get("/ke/records", headers={"Accept": "application/json"})).status == 200


async def test_a_page_in_another_language_asks_for_the_same(client):
    _, found = await page(client, "/ke/about?a=1&a=2&b=%D8%A7", **ENGLISH)
    assert "/ke/about?a=1&a=2&b=%D8%A7&lang=ar" in found.attributes("href")


async def test_every_page_but_the_first_has_one_field_to_search_with(site, client):
    for path in paths(site):
        _, found = await page(client, f"{path}{'&' if '?' in path else '?'}lang=es")
        forms = [attrs for tag, attrs in found.tags if tag == "form"]
        assert [(form["role"], form["action"]) for form in forms] == [("search", "/ke/search")], path
        fields = {attrs["name"]: attrs for tag, attrs in found.tags if tag == "input"}
        assert fields["lang"]["value"] == "es"
        assert fields["q"]["id"] in found.attributes("for")


async def test_the_menu_leads_to_the_topics_and_says_where_one_is(client):
    for path, said in (("/ke/concepts", "page"), ("/ke/concepts/gbf-targets", "true"), ("/ke/about", None)):
        _, found = await page(client, path, **ENGLISH)
        menu = [attrs for tag, attrs in found.tags if tag == "a" and attrs["href"] == "/ke/concepts"]
        assert ("a", "Topics") in found.words
        assert menu[0].get("aria-current") == said


async def test_machines_are_told_where_to_search(client):
    _, found = await page(client, "/ke/about", **ENGLISH)
    for path in ("/ke/search?format=json", "/ke/search/suggest?q=water&lang=en", "/ke/concepts?format=jsonld"):
        assert path in found.attributes("href")
        assert (await client.get(path)).status == 200


async def test_a_page_that_has_not_changed_is_not_sent_again(client):
    response, _ = await page(client, "/ke/about")
    again = await client.get("/ke/about", headers={"Accept": "text/html", "If-None-Match": response.headers["ETag"]})
    assert (again.status, again.headers["Cache-Control"]) == (304, "no-cache")


async def test_a_node_speaks_only_the_languages_its_operator_chose(node, aiohttp_client):
    narrowed = replace(node, config=replace(node.config, languages=("fr", "sw")))
    client = await aiohttp_client(build(narrowed))
    response, found = await page(client, "/ke/", **ENGLISH)
    assert response.headers["Content-Language"] == "fr"
    assert found.attributes("hreflang") == ["fr", "fr"]
