"""Pages of hits: nothing that stays as it is comes twice or is left out, whatever is written between them."""

import base64
import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmnode.search.model import Ask, Sort
from chmnode.search.order import Cursor, parse
from tests.search.shelf import names, pages

DAYS = [f"2026-{month:02}-{day:02}T00:00:00Z" for month in (1, 5, 9) for day in (1, 2, 3, 4)]
ASKED = [
    Ask(text="alpha"),
    Ask(text="alpha bravo charlie delta"),
    Ask(text=""),
    Ask(text="alpha", sort=Sort.NEWEST),
    Ask(text="", sort=Sort.CLOSING),
    Ask(text="alpha zeppelin"),
]


def record(dice):
    """Any record that most of the searches find."""
    words = dice.sample(["alpha", "bravo", "charlie", "delta", "echo"], 3)
    closing = {"validUntil": f"2026-{dice.randint(10, 12)}-15"} if dice.random() < 0.5 else {}
    return {
        "title": {"en": f"alpha {words[0]}"},
        "problem": {"en": " ".join(words)},
        "modified": dice.choice(DAYS),
        **closing,
    }


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: f"{ask.text or 'everything'}-{ask.sort}")
async def test_pages_make_up_the_whole_list(shelf, ask):
    dice = random.Random(1)
    await shelf.put_all({f"r{number}": record(dice) for number in range(40)})
    whole = names(await shelf.search.find(replace(ask, limit=100)))
    for limit in (1, 7, 39, 40, 41):
        answers = await pages(shelf.search, replace(ask, limit=limit))
        assert [name for page in answers for name in names(page)] == whole
        assert all(len(page.hits) == limit for page in answers[:-1])
        assert {page.total for page in answers} == {len(whole)}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: f"{ask.text or 'everything'}-{ask.sort}")
async def test_what_stays_as_it_is_comes_exactly_once_whatever_is_written_between_pages(shelf, ask, seed):
    dice = random.Random(seed)
    await shelf.put_all({f"r{number}": record(dice) for number in range(40)})
    still = set(names(await shelf.search.find(replace(ask, limit=100))))
    seen, after, serial = [], None, 100
    while True:
        page = await shelf.search.find(replace(ask, limit=6, after=after))
        seen += names(page)
        if not (after := page.more):
            break
        touched = dice.sample(sorted(name for name in shelf.revisions if name in still or name.startswith("new")), 2)
        still -= set(touched)
        await shelf.put(touched[0], **record(dice))
        await shelf.withdraw(touched[1])
        shelf.revisions[f"gone-{touched[1]}"] = shelf.revisions.pop(touched[1])
        await shelf.put_all({f"new{serial + number}": record(dice) for number in range(3)})
        serial += 3
        shelf.now += 86_400
    assert sorted(name for name in seen if name in still) == sorted(still)


async def test_a_list_of_what_has_only_some_of_the_words_goes_on_as_such(shelf):
    """Although a record with all of them came meanwhile."""
    await shelf.put_all({f"r{number}": {"title": {"en": "alpha"}} for number in range(10)})
    first = await shelf.search.find(Ask(text="alpha zeppelin", limit=4))
    assert first.relaxed
    await shelf.put("all", title={"en": "alpha zeppelin"})
    rest = await shelf.search.find(Ask(text="alpha zeppelin", limit=100, after=first.more))
    assert {f"r{number}" for number in range(10)} <= {*names(first), *names(rest)}


async def test_the_worth_of_the_words_is_that_of_the_first_page(shelf):
    """Although what was the rarer word is the more common one by the second."""
    await shelf.put_all({f"alpha{number}": {"title": {"en": "alpha"}} for number in range(9)})
    await shelf.put_all({f"bravo{number}": {"title": {"en": "bravo"}} for number in range(3)})
    still = set(await shelf.found("alpha bravo"))
    first = await shelf.search.find(Ask(text="alpha bravo", limit=4))
    assert [name[:5] for name in names(first)] == ["bravo", "bravo", "bravo", "alpha"]
    await shelf.put_all({f"new{number}": {"title": {"en": "bravo"}} for number in range(40)})
    rest = await shelf.search.find(Ask(text="alpha bravo", limit=100, after=first.more))
    seen = [*names(first), *names(rest)]
    assert sorted(name for name in seen if name in still) == sorted(still)


async def test_the_day_of_the_first_page_holds_for_the_others(shelf):
    """What closes at midnight stays where the first page had it."""
    await shelf.put("today", validUntil="2026-11-20")
    await shelf.put("later", validUntil="2026-11-25")
    await shelf.put("latest", validUntil="2026-11-30")
    first = await shelf.search.find(Ask(sort=Sort.CLOSING, limit=1))
    assert names(first) == ["today"]
    shelf.now += 86_400
    assert names(await shelf.search.find(Ask(sort=Sort.CLOSING, after=first.more))) == ["later", "latest"]
    assert names(await shelf.search.find(Ask(sort=Sort.CLOSING))) == ["later", "latest", "today"]


async def test_a_cursor_of_another_order_or_query_is_ignored_and_named(shelf):
    await shelf.put_all({f"r{number}": {"title": {"en": "alpha bravo"}} for number in range(5)})
    newest = (await shelf.search.find(Ask(limit=2))).more
    for ask in (
        Ask(sort=Sort.CLOSING, after=newest),
        Ask(text="alpha", after=newest),
        Ask(text="alpha bravo", after=newest),
    ):
        answer = await shelf.search.find(ask)
        assert (answer.ignored, len(answer.hits)) == (("after",), 5)


BROKEN = [
    "nonsense",
    "%%%",
    "é",
    "[" * 400,
    "A" * 5_000,
    base64.urlsafe_b64encode(b"[" * 700).decode(),
    *(
        base64.urlsafe_b64encode(json.dumps(whole).encode()).decode()
        for whole in (
            1,
            {},
            [],
            ["newest"],
            ["newest", 1, 2],
            ["newest", "1", "2", "0", "3"],
            ["newest", 1.5, 2, 0, 3],
            ["newest", True, 2, 0, 3],
            ["newest", 1, 2, None, 3],
            [["newest"], 1, 2, 0, 3],
            ["oldest", 1, 2, 0, 3],
            ["newest", 1 << 70, 2, 0, 3],
            ["newest", 1, 2, 0, 1 << 61],
            ["newest", 1, 2, 0, -1],
        )
    ),
]


@pytest.mark.parametrize("after", BROKEN, ids=lambda after: after[:20])
async def test_a_broken_cursor_is_ignored_and_named(shelf, after):
    await shelf.put("a")
    answer = await shelf.search.find(Ask(after=after))
    assert (names(answer), answer.ignored) == (["a"], ("after",))


async def test_a_cursor_with_impossible_weights_is_ignored_and_named(shelf):
    await shelf.put("a", title={"en": "alpha"})
    for weight in (0, -1, 1 << 31, 1 << 61):
        whole = ["relevance", 0, 0, weight, 0, 20_000]
        after = base64.urlsafe_b64encode(json.dumps(whole).encode()).decode()
        assert (await shelf.search.find(Ask(text="alpha", after=after))).ignored == ("after",)


@given(st.one_of(st.text(max_size=80), st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
def test_whatever_is_given_as_cursor_is_a_place_or_a_value_error(text):
    try:
        cursor = parse(text, Sort.NEWEST, [])
    except (ValueError, TypeError):
        return
    assert cursor is None or Cursor.parse(str(cursor)) == cursor


async def test_the_last_page_has_no_cursor(shelf):
    await shelf.put_all({f"r{number}": {} for number in range(4)})
    first = await shelf.search.find(Ask(limit=2))
    last = await shelf.search.find(Ask(limit=2, after=first.more))
    assert first.more
    assert last.more is None


async def test_a_page_has_at_least_one_hit_and_at_most_500(shelf):
    await shelf.put_all({f"r{number}": {} for number in range(3)})
    assert len((await shelf.search.find(Ask(limit=0))).hits) == 1
    assert len((await shelf.search.find(Ask(limit=10_000))).hits) == 3


async def test_records_that_are_equal_otherwise_have_the_same_order_on_every_node(shelf):
    """By a number made of their addresses, not by the order in which they came."""
    records = {f"r{number}": {} for number in range(20)}
    await shelf.put_all(dict(reversed(records.items())))
    before = await shelf.found()
    assert before not in (sorted(before), list(records), list(reversed(records)))
    await shelf.put_all(records)
    assert await shelf.found() == before
    assert all(name.startswith("r") for name in before)
