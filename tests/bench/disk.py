"""What a filled database takes on disk, by what it is for."""

from collections.abc import Mapping
from contextlib import closing

import apsw
import psycopg

_SQLITE = """
    select coalesce(m.tbl_name, s.name), sum(s.pgsize)
    from dbstat s left join sqlite_master m on m.name = s.name where s.aggregate = true group by 1
"""
_POSTGRES = """
    select relname, pg_total_relation_size(oid) from pg_class where relkind = 'r' and relnamespace = 'chm'::regnamespace
"""
_INDEX = ("document", "facet_value", "endorsement")


def of_sqlite(file: str) -> Mapping[str, int]:
    """Bytes by table, its indexes with it."""
    with closing(apsw.Connection(file)) as connection:
        return dict(connection.execute(_SQLITE).fetchall())


def of_bodies(file: str) -> int:
    """Bytes of the texts of all records."""
    with closing(apsw.Connection(file)) as connection:
        return connection.execute("select sum(length(body)) from revision").fetchone()[0]


def of_postgres(url: str) -> Mapping[str, int]:
    """Bytes by table, its indexes and what is stored out of line with it."""
    with psycopg.connect(url) as connection:
        return dict(connection.execute(_POSTGRES).fetchall())


def parts(tables: Mapping[str, int]) -> Mapping[str, int]:
    """All of it, the search index, and of that the words."""
    index = {name: size for name, size in tables.items() if name.startswith(_INDEX)}
    words = sum(size for name, size in index.items() if name.startswith("document_words"))
    return {"all": sum(tables.values()), "index": sum(index.values()), "words": words}
