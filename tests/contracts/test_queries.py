"""The named queries (`chmnode.storage.queries`)."""

import itertools
import re
from pathlib import Path
from typing import get_args

import pytest

import chmnode
from chmnode.storage import queries
from chmnode.storage.database import Dialect

USE = re.compile(r'(?:session|read)\.(?:fetch_all|fetch_one|execute|execute_many)\(\s*"(\w+)"')
#: Judging a whole log again reads a whole log.
WALKS_ON_PURPOSE = {"entry_unjudge"}
#: Plans of SQLite that read every entry or text, or all those of a log up to some index.
WHOLE_LOG = re.compile(r"SCAN (e|entry|r|v|revision)|SEARCH (e|entry|r|v|revision) .*\(log_id=\?( AND idx<\?)?\)")


def test_both_dialects_have_the_same_names():
    assert queries.load("sqlite").keys() == queries.load("postgres").keys()


@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_every_query_is_used_and_every_used_one_is_there(dialect):
    sources = Path(chmnode.__file__).parent.rglob("*.py")
    used = {name for path in sources for name in USE.findall(path.read_text("utf-8"))}
    assert used == queries.load(dialect).keys()


async def test_every_query_is_understood(database):
    """Prepared against the real tables, without running it."""
    for name, text in queries.load(database.dialect).items():
        numbers = itertools.count(1)
        places = {parameter: f"${next(numbers)}" for parameter in queries.parameters(text)}
        if database.dialect == "postgres":
            statement = queries._PARAMETER.sub(lambda match: places[match[1]], text)  # noqa: B023 - used at once
            async with database.transaction() as session:
                await session.script(f"prepare {name} as {statement}; deallocate {name}")
        else:
            plan = await database.read.select(f"explain query plan {text}", dict.fromkeys(places, 1))
            walks = [row[3] for row in plan if WHOLE_LOG.fullmatch(row[3])]
            assert not walks or name in WALKS_ON_PURPOSE, name


def test_a_name_given_twice_is_refused():
    with pytest.raises(LookupError, match="twice"):
        queries.parse("-- name: one\nselect 1;\n-- name: one\nselect 2;\n")


def test_a_name_that_one_dialect_lacks_is_refused(monkeypatch):
    files = {"common": {"a": "1"}, "sqlite": {"b": "2"}, "postgres": {"a": "3"}}
    monkeypatch.setattr(queries, "_read", files.__getitem__)
    assert queries.load.__wrapped__("sqlite") == {"a": "1", "b": "2"}
    with pytest.raises(LookupError, match=r"postgres\.sql lacks b"):
        queries.load.__wrapped__("postgres")


def test_comments_and_the_last_semicolon_are_left_out():
    text = "-- what it is for\n-- name: one\n-- why\nselect :a;\n\n-- == other ==\n\n-- name: two\nselect 2;\n"
    assert queries.parse(text) == {"one": "select :a", "two": "select 2"}


def test_parameters_are_told_from_casts_and_percent_signs():
    text = "select :a, b::text, :a_1 where x like '10%'"
    assert queries.parameters(text) == ["a", "a_1"]
    assert queries.to_pyformat(text) == "select %(a)s, b::text, %(a_1)s where x like '10%%'"
