"""The search for machines: the page's address, the same answer, and refusals that name the mend."""

from urllib.parse import urlsplit

import pytest

from chmnode.app import build
from chmnode.search.model import FACETS
from tests.node.conftest import HOME, NEED, OFFER, publish


@pytest.fixture
async def client(node, aiohttp_client):
    """A client of a node with a need and 25 offers."""
    await publish(node, NEED, *[{**OFFER, "title": {"en": f"Offer number {n}"}} for n in range(25)])
    return await aiohttp_client(build(node), headers={"Accept": "application/json"})


async def test_an_answer_has_hits_facets_and_what_was_understood(client):
    response = await client.get("/ke/search?q=training")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    answer = await response.json()
    assert answer["total"] == 26
    assert list(answer["facets"]) == list(FACETS)
    assert {"value": "Need", "records": 1} in answer["facets"]["type"]
    (term,) = answer["terms"]
    assert term["kind"] == "concept"
    assert "assistance-types:CHM-ASSIST-TRAINING" in {concept["key"] for concept in term["concepts"]}
    (need,) = [item for item in answer["items"] if item["type"] == "Need"] or [None]
    assert need is None or need["title"] == NEED["title"]


async def test_a_hit_says_where_it_is_whose_it_is_and_why(client, node):
    answer = await (await client.get("/ke/search?q=coraux&lang=fr")).json()
    (item,) = answer["items"]
    assert item["id"].startswith(f"{HOME}/records/")
    assert item["url"] == item["id"]
    assert item["origin"] == node.origin
    assert item["title"] == NEED["title"]
    assert {"text": "coraux", "marked": True} in item["snippet"]["parts"]
    assert item["snippet"]["lang"] == "fr"
    answer = await (await client.get("/ke/search?concept=cbd-subjects:CBD-SUBJECT-IAS&type=Need")).json()
    (through,) = answer["items"][0]["through"]
    assert through["asked"] == "cbd-subjects:CBD-SUBJECT-IAS"
    assert through["coded"] is True


async def test_the_next_page_is_linked_and_keeps_the_search(client):
    path, seen = "/ke/search?type=Offer&limit=10&sort=newest&q=number", []
    while path:
        response = await client.get(path)
        answer = await response.json()
        seen += [item["id"] for item in answer["items"]]
        more = answer.get("next")
        assert response.headers.get("Link") == (f'<{more}>; rel="next"' if more else None)
        path = f"{urlsplit(more).path}?{urlsplit(more).query}" if more else None
    assert len(seen) == len(set(seen)) == 25


async def test_format_in_the_address_wins_over_the_header(client):
    response = await client.get("/ke/search?format=json", headers={"Accept": "text/html"})
    assert response.headers["Content-Type"] == "application/json"
    response = await client.get("/ke/search", headers={"Accept": "text/html"})
    assert response.headers["Content-Type"].startswith("text/html")
    assert (await client.get("/ke/search", headers={"Accept": "image/png"})).status == 406


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("sort=best", "sort"),
        ("limit=1000", "limit"),
        ("after=zzz", "after"),
        ("format=xml", "format"),
        ("colour=red", "colour"),
    ],
)
async def test_a_bad_parameter_is_refused_with_its_name_and_its_mend(client, query, name):
    response = await client.get(f"/ke/search?{query}")
    assert response.status == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = await response.json()
    assert problem["parameter"] == name
    assert f"`{name}`" in problem["detail"]


async def test_unknown_values_find_nothing_and_are_no_error(client):
    answer = await (await client.get("/ke/search?country=ATLANTIS")).json()
    assert answer["total"] == 0
    assert {"value": "ATLANTIS", "records": 0, "chosen": True} in answer["facets"]["country"]


async def test_help_while_typing_names_concepts_in_the_readers_language(client):
    response = await client.get("/ke/search/suggest?q=esp%C3%A8ces%20exotiques%20env&lang=fr")
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    found = await response.json()
    subject = next(one for one in found if one["concept"] == "cbd-subjects:CBD-SUBJECT-IAS")
    assert subject["label"] == "Espèces exotiques envahissantes"
    assert subject["lang"] == "fr"
    assert subject["scheme"] == "Sujets de la CDB"
    assert subject["records"] == 26
    assert subject["url"] == f"{HOME}/concepts/cbd-subjects/CBD-SUBJECT-IAS"


async def test_concepts_that_mean_the_same_are_offered_once_by_that_of_the_convention(client, node):
    for typed in ("invas", "protected a", "train"):
        found = await (await client.get(f"/ke/search/suggest?q={typed}")).json()
        offered = [node.concepts.by_key(one["concept"]) for one in found]
        equals = {same.key for one in offered for same in node.concepts.same(one)}
        assert not equals & {one["concept"] for one in found}
    found = await (await client.get("/ke/search/suggest?q=invasive%20alien")).json()
    assert [one["concept"] for one in found if one["label"] == "Invasive Alien Species"] == [
        "cbd-subjects:CBD-SUBJECT-IAS"
    ]


async def test_help_for_nothing_is_empty_and_for_a_novel_is_refused(client):
    assert await (await client.get("/ke/search/suggest")).json() == []
    assert await (await client.get("/ke/search/suggest?q=qwertyuiop")).json() == []
    assert (await client.get(f"/ke/search/suggest?q={'x' * 101}")).status == 400
