"""300 queries in six languages, with what a person who knows the 145 real records expects of them.

`queries.jsonl` holds one query a line. Expectations come from the records, the vocabularies and the judgements of
`data/real`, not from what the engine says: `first` hits in order, `top` the hits that must be among the first so many,
`among` hits wherever they are, `not` records that must not be found, `total`, `concepts` that the text must be
understood as, `relaxed`, `ignored`. Records are named as in the data. Each query is asked of both databases, and the
whole answer has to be the same.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chmnode.search.model import Ask, Sort

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERIES = [json.loads(line) for line in (Path(__file__).parent / "queries.jsonl").read_text("utf-8").splitlines()]
LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
ALL = 500
#: Its title is "IUCN Asia Regional Office"; there are offices for West Asia and Central Asia.
ALIKE = {"tsc-iucn-asia"}
PAGE = 7


def named(query):
    return f"{query['n']}-{query['lang']}"


def ask_of(query, **changes):
    """The search that a line describes."""
    given = {name: query[name] for name in ("text", "lang", "since", "until", "wide") if name in query}
    lists = {name: tuple(query.get(name, ())) for name in ("concepts", "plain")}
    chosen = {facet: tuple(values) for facet, values in query.get("chosen", {}).items()}
    return Ask(**given, **lists, chosen=chosen, sort=Sort(query.get("sort", "relevance")), **changes)


def told(found):
    """Everything that an answer says, but how long it took."""
    return replace(found, seconds=0.0)


@pytest.mark.parametrize("query", QUERIES, ids=named)
async def test_a_query_finds_what_it_must_alike_on_both_databases(demonstration, query):
    found = await demonstration.sqlite.search.find(ask_of(query, limit=ALL))
    assert told(await demonstration.postgres.search.find(ask_of(query, limit=ALL))) == told(found)
    assert_expected(query["expect"], found, demonstration.names_of(found))


def assert_expected(expect, found, names):
    assert found.total == len(names)
    assert names[: len(expect.get("first", []))] == expect.get("first", [])
    for count, wanted in expect.get("top", {}).items():
        assert set(wanted) <= set(names[: int(count)])
    assert set(expect.get("among", [])) <= set(names)
    assert not set(expect.get("not", [])) & set(names)
    assert found.total == expect.get("total", found.total)
    assert set(expect.get("concepts", [])) <= {concept.key for term in found.terms for concept in term.concepts}
    assert found.relaxed == expect.get("relaxed", found.relaxed)
    assert list(found.ignored) == expect.get("ignored", [])


async def pages(search, ask):
    """All pages, one after the other."""
    answers = [await search.find(ask)]
    while answers[-1].more:
        answers.append(await search.find(replace(ask, after=answers[-1].more)))
    return answers


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_the_pages_of_a_query_are_the_same_on_both_databases_and_make_up_the_whole(demonstration, lang):
    for query in QUERIES:
        if query["lang"] != lang:
            continue
        ours = await pages(demonstration.sqlite.search, ask_of(query, limit=PAGE))
        theirs = await pages(demonstration.postgres.search, ask_of(query, limit=PAGE))
        assert [told(page) for page in ours] == [told(page) for page in theirs], query["text"]
        whole = await demonstration.sqlite.search.find(ask_of(query, limit=ALL))
        assert [hit for page in ours for hit in page.hits] == list(whole.hits), query["text"]
        assert all((page.total, page.facets, page.terms) == (whole.total, whole.facets, whole.terms) for page in ours)


async def test_a_title_typed_as_it_stands_finds_its_record_at_once(demonstration):
    """It is the first hit, unless other titles have all of its words too, as those of the regional offices do."""
    missed = []
    for name, iri in demonstration.iris.items():
        if name.startswith("endorsement-of-"):
            continue
        ((lang, title),) = (await demonstration.record(iri)).document()["title"].items()
        found = demonstration.names_of(await demonstration.sqlite.search.find(Ask(text=title, lang=lang)))
        if name not in found[: 3 if name in ALIKE else 1]:
            missed.append((name, found[:3]))
    assert not missed


async def test_the_file_has_300_queries_at_least_40_in_each_language():
    assert [query["n"] for query in QUERIES] == list(range(1, 301))
    assert all(sum(query["lang"] == lang for query in QUERIES) >= 40 for lang in LANGUAGES)
    assert all(query["why"] for query in QUERIES)


async def test_every_record_that_a_line_names_is_in_the_data(demonstration):
    for query in QUERIES:
        expect = query["expect"]
        lists = [expect.get(name, []) for name in ("first", "among", "not")]
        assert {
            name for names in [*lists, *expect.get("top", {}).values()] for name in names
        } <= demonstration.iris.keys()
