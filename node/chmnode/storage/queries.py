"""The named queries of `sql/*.sql`.

A block begins with `-- name: some_name`; its parameters are written `:like_this`. A dialect's file holds what cannot be
said the same way on both: it overrides `common.sql`, or gives a name that the other dialect gives too. Refuses a name
given twice and one that a dialect lacks, when loading.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import get_args

from chmnode.storage.database import Dialect

_BLOCK = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name:|\Z)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n?", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


@cache
def load(dialect: Dialect) -> Mapping[str, str]:
    """All queries in one dialect's words."""
    common = _read("common")
    special = {name: _read(name) for name in get_args(Dialect)}
    for other, blocks in special.items():
        if lacking := blocks.keys() - common.keys() - special[dialect].keys():
            raise LookupError(f"{dialect}.sql lacks {', '.join(sorted(lacking))}, which {other}.sql has")
    return common | special[dialect]


def _read(name: str) -> dict[str, str]:
    text = files("chmnode.storage").joinpath("sql", f"{name}.sql").read_text("utf-8")
    return parse(text)


def parse(text: str) -> dict[str, str]:
    """Read the blocks of a file."""
    found: dict[str, str] = {}
    for name, body in _BLOCK.findall(text):
        if name in found:
            raise LookupError(f"the query {name} is there twice")
        found[name] = _COMMENT.sub("", body).strip().removesuffix(";")
    return found


def parameters(text: str) -> list[str]:
    """Names of a query's parameters, each once, in order."""
    return list(dict.fromkeys(_PARAMETER.findall(text)))


def to_pyformat(text: str) -> str:
    """The same query with its parameters as psycopg writes them."""
    return _PARAMETER.sub(r"%(\1)s", text.replace("%", "%%"))
