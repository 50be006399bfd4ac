"""Dates, what is open on a given day, countries and what covers them, and the orders of hits."""

import pytest

from chmnode.search.model import Ask, Sort
from tests.search.shelf import names


@pytest.fixture
async def dated(shelf):
    """Five records of five days; today is 20 November 2026."""
    await shelf.put("january", modified="2026-01-31T23:59:59Z")
    await shelf.put("february", modified="2026-02-01T00:00:00Z")
    await shelf.put("zone", modified="2026-02-01T01:00:00+02:00")
    await shelf.put("old", modified="1969-07-20T20:17:00Z")
    await shelf.put("undated", modified="not a date")
    return shelf


async def test_dates_are_of_the_last_change_in_utc_and_inclusive(dated):
    assert set(await dated.found(since="2026-01-31")) == {"january", "february", "zone"}
    assert await dated.found(since="2026-02-01") == ["february"]
    assert set(await dated.found(since="2026-01-31", until="2026-01-31")) == {"january", "zone"}
    assert set(await dated.found(until="2026-01-30")) == {"old", "undated"}
    assert await dated.found(since="2026-02-02", until="2026-02-01") == []


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "2026", "0000-00-00", "2026-13-01", "٢٠٢٦-٠١-٠١x", "\x00"])
async def test_a_day_that_is_none_is_ignored_and_named(dated, day):
    answer = await dated.search.find(Ask(since=day, until=day))
    assert answer.ignored == ("from", "to")
    assert answer.total == 5


async def test_the_newest_come_first_and_what_has_no_date_last(dated):
    assert await dated.found(sort=Sort.NEWEST) == [
        "february",
        "january",
        "zone",
        *(await dated.found(until="2000-01-01")),
    ]
    assert await dated.found() == await dated.found(sort=Sort.NEWEST)


@pytest.fixture
async def closing(shelf):
    """What closes before, on and after today."""
    await shelf.put("yesterday", validUntil="2026-11-19")
    await shelf.put("today", validUntil="2026-11-20")
    await shelf.put("tomorrow", validUntil="2026-11-21")
    await shelf.put("month", validUntil="2026-12-20")
    await shelf.put("later", validUntil="2026-12-21")
    await shelf.put("never")
    await shelf.put("long-ago", validUntil="1950-01-01")
    await shelf.put("far", validUntil="9999-12-31")
    return shelf


async def open_(shelf, *values):
    return set(await shelf.found(chosen={"open": values}))


async def test_what_closes_today_is_still_open(closing):
    assert await open_(closing, "open") == {"today", "tomorrow", "month", "later", "never", "far"}
    assert await open_(closing, "closed") == {"yesterday", "long-ago"}


async def test_soon_is_within_30_days_and_does_not_mean_undated(closing):
    assert await open_(closing, "soon") == {"today", "tomorrow", "month"}
    assert await open_(closing, "undated") == {"never"}


async def test_several_values_of_open_are_alternatives(closing):
    assert await open_(closing, "closed", "undated") == {"yesterday", "long-ago", "never"}
    assert await open_(closing, "nonsense") == set()


async def test_what_is_open_changes_at_midnight_without_any_write(closing):
    await closing.found()
    closing.now += 86_400
    assert "today" not in await open_(closing, "open")
    assert await open_(closing, "soon") == {"tomorrow", "month", "later"}


async def test_values_of_open_are_counted_in_the_order_of_a_page(closing):
    assert list((await closing.counts("open")).items()) == [("open", 6), ("soon", 3), ("undated", 1), ("closed", 2)]


async def test_the_soonest_to_close_come_first_then_undated_then_closed(closing):
    order = ["today", "tomorrow", "month", "later", "far", "never", "yesterday", "long-ago"]
    assert await closing.found(sort=Sort.CLOSING) == order


async def test_an_event_closes_when_it_ends(shelf):
    await shelf.put("past", type="Event", startDate="2026-11-10", endDate="2026-11-12")
    await shelf.put("present", type="Event", startDate="2026-11-19", endDate="2026-11-22")
    await shelf.put("one-day", type="Event", startDate="2026-11-19")
    assert await open_(shelf, "open") == {"present"}
    assert await open_(shelf, "closed") == {"past", "one-day"}


@pytest.fixture
async def places(shelf):
    """Records for a country, for what it belongs to, and for other places."""
    await shelf.put("kenya", countries=["KE"])
    await shelf.put("uganda", countries=["UG"])
    await shelf.put("eastern", regions=["014"])
    await shelf.put("africa", regions=["002"])
    await shelf.put("world", regions=["001"])
    await shelf.put("caribbean", regions=["029"])
    await shelf.put("nowhere")
    return shelf


async def test_a_country_is_what_names_it(places):
    assert await places.found(chosen={"country": ("KE",)}) == ["kenya"]


async def test_a_wide_country_is_also_what_covers_a_region_of_its(places):
    found = set(await places.found(chosen={"country": ("KE",)}, wide=True))
    assert found == {"kenya", "eastern", "africa", "world"}


async def test_a_wide_country_is_not_what_names_its_neighbour(places):
    """Although the neighbour belongs to the same region."""
    assert "uganda" not in await places.found(chosen={"country": ("KE",)}, wide=True)


async def test_wide_without_a_country_changes_nothing(places):
    assert await places.found(wide=True) == await places.found()


async def test_a_region_is_also_what_names_a_country_or_a_part_of_it(places):
    assert set(await places.found(chosen={"region": ("014",)})) == {"kenya", "uganda", "eastern"}
    assert set(await places.found(chosen={"region": ("002",)})) == {"kenya", "uganda", "eastern", "africa"}


async def test_relevance_without_words_is_the_newest_first(dated):
    answer = await dated.search.find(Ask(sort=Sort.RELEVANCE))
    assert names(answer)[0] == "february"
