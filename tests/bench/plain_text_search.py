"""What others have: FTS5 and tsvector on the same texts, with facets counted by SQL or without facets.

FTS5 as its documentation shows it (porter on unicode61, bm25, merged into one), tsvector as its does (`simple`, GIN,
ts_rank), both made from the texts of the filled database, the facets as rows of a table. Queries are those of words
that stand apart; the twenty best are asked for, and no record is read.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import apsw
import numpy as np
import orjson
import psycopg

from tests.bench.search_queries import Asked

#: All but `open`, which is a matter of dates.
FACETS = ("type", "country", "region", "government", "target", "subject", "help", "language", "node", "endorsed")
_TEXTS = ("title", "problem", "description", "statement")
_BATCH = 10_000
_FACET = (
    "create table facet (doc {0} not null, facet text not null, value text not null, primary key (doc, facet, value))"
)
_SQLITE = f"""
    pragma journal_mode = wal; pragma cache_size = -16384;
    create virtual table plain using fts5 (words, content = '', tokenize = 'porter unicode61');
    {_FACET.format("integer")} without rowid;
"""
_POSTGRES = f"""
    create schema plain; set search_path = plain;
    create table plain (doc bigint primary key, words tsvector not null);
    {_FACET.format("bigint")}
"""
_COUNTS = "select f.facet, f.value, count(*) from {0} group by 1, 2"


def texts(source: Path) -> Iterator[tuple[int, str, list[tuple[str, str]]]]:
    """Documents of a filled SQLite database: number, all text, facets."""
    connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    names = {
        id_: (facet, value) for id_, facet, value in connection.execute("select id, facet, value from facet_value")
    }
    rows = connection.execute(
        "select d.doc, d.facets, v.body from document d join revision v on v.log_id = d.log_id and v.idx = d.idx "
        "order by d.doc"
    )
    for doc, packed, body in rows:
        record = orjson.loads(body)
        text = "\n".join(one for name in _TEXTS for one in record.get(name, {}).values())
        facets = (names[int(id_)] for id_ in np.frombuffer(packed, "<u4"))
        yield doc, text, [facet for facet in facets if facet[0] in FACETS]
    connection.close()


class PlainSQLite:
    """FTS5 in a file of its own."""

    def __init__(self, file: Path) -> None:
        self._connection = apsw.Connection(str(file))
        self._connection.execute("pragma cache_size = -16384").fetchall()

    @classmethod
    def made(cls, file: Path, source: Path) -> "PlainSQLite":
        """Fill a new one, if it is not there."""
        if not file.exists():
            part = file.with_suffix(".part")
            part.unlink(missing_ok=True)
            connection = apsw.Connection(str(part))
            connection.execute(_SQLITE).fetchall()
            for batch in _batches(texts(source)):
                with connection:
                    connection.executemany("insert into plain (rowid, words) values (?, ?)", [one[:2] for one in batch])
                    connection.executemany("insert into facet values (?, ?, ?)", _rows(batch))
            connection.execute("insert into plain (plain) values ('optimize'); analyze").fetchall()
            connection.close()
            part.rename(file)
        return cls(file)

    def search(self, asked: Asked, *, facets: bool) -> int:
        """Ask; how many were found, if facets were counted."""
        words = f'"{_bare(asked)}"' if asked.kind == "phrase" else " ".join(f'"{one}"' for one in _words(asked))
        best = "select rowid from plain where plain match ? order by rank limit 20"
        self._connection.execute(best, [words]).fetchall()
        if not facets:
            return 0
        joined = "plain p join facet f on f.doc = p.rowid where p.plain match ?"
        return _found(self._connection.execute(_COUNTS.format(joined), [words]).fetchall())

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


class PlainPostgres:
    """tsvector in a schema of its own."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("set search_path = plain")

    @classmethod
    def made(cls, url: str, source: Path) -> "PlainPostgres":
        """Fill a new one, if it is not there."""
        with psycopg.connect(url) as connection:
            there = connection.execute("select 1 from pg_namespace where nspname = 'plain'").fetchone()
            if there is None:
                connection.execute(_POSTGRES)
                _copy(connection, source)
                connection.execute("create index on plain using gin (words)")
        if there is None:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("vacuum analyze plain.plain, plain.facet")
        return cls(url)

    def search(self, asked: Asked, *, facets: bool) -> int:
        """Ask; how many were found, if facets were counted."""
        query = f"{'phraseto' if asked.kind == 'phrase' else 'plainto'}_tsquery('simple', %s)"
        best = f"select doc from plain, {query} q where words @@ q order by ts_rank(words, q) desc limit 20"
        self._connection.execute(best, [_bare(asked)]).fetchall()
        if not facets:
            return 0
        joined = f"plain p join facet f on f.doc = p.doc where p.words @@ {query}"
        return _found(self._connection.execute(_COUNTS.format(joined), [_bare(asked)]).fetchall())

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


def _copy(connection: psycopg.Connection, source: Path) -> None:
    connection.execute("create temp table text (doc bigint, words text)")
    with connection.cursor() as cursor, cursor.copy("copy text from stdin") as rows:
        for doc, text, _ in texts(source):
            rows.write_row((doc, text))
    with connection.cursor() as cursor, cursor.copy("copy facet from stdin") as rows:
        for doc, _, facets in texts(source):
            for facet, value in facets:
                rows.write_row((doc, facet, value))
    connection.execute("insert into plain select doc, to_tsvector('simple', words) from text")


def timed(plain: PlainSQLite | PlainPostgres, asked: Sequence[Asked], *, facets: bool) -> list[float]:
    """Seconds of each, asked once before."""
    seconds = []
    for one in asked:
        plain.search(one, facets=facets)
        start = time.perf_counter()
        plain.search(one, facets=facets)
        seconds.append(time.perf_counter() - start)
    return seconds


def _found(rows: Iterable[tuple[str, str, int]]) -> int:
    """Each record has one type."""
    return sum(count for facet, _, count in rows if facet == "type")


def _bare(asked: Asked) -> str:
    return " ".join(_words(asked))


def _words(asked: Asked) -> list[str]:
    return re.findall(r"\w+", asked.text)


def _batches(rows: Iterable) -> Iterator[list]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _rows(batch: Iterable) -> list[tuple[int, str, str]]:
    return [(doc, *facet) for doc, _, facets in batch for facet in facets]
