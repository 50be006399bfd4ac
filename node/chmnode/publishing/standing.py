"""What our log, and what waits for its place in it, say of a record before an edit.

Owns one look-up for a whole batch of records: their newest entry, and the text of their newest put, from which an
update keeps the identifier and the date of issue. Both may still be staged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import cast

import orjson

from chmnode.storage import Row, Session, Value
from chmsync.canonical import JsonValue
from chmsync.entry import Entry

_STAGED = """
    select iri, rev, op, leaf, body from staged where iri in ({iris})
"""
_LOGGED = """
    select e.iri, e.rev, e.op, e.leaf, r.body
    from entry e join log l on l.id = e.log_id left join revision r on r.log_id = e.log_id and r.idx = e.idx
    where l.origin = :origin and e.code is null and e.iri in ({iris}) and (e.superseded is null or e.idx = (
        select max(p.idx) from entry p where p.iri = e.iri and p.log_id = e.log_id and p.op = 'put' and p.code is null))
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A record as it is now.

    Attributes:
        rev: of its newest entry.
        op: of its newest entry.
        leaf: its newest entry.
        body: the text of its newest put; None if it was not kept.
    """

    rev: int
    op: str
    leaf: bytes
    body: bytes | None

    @property
    def entry(self) -> Entry:
        """Its newest entry."""
        return Entry.parse(self.leaf)

    def kept(self, name: str) -> str | None:
        """A text that the newest put gave, for an update to keep."""
        document: dict[str, JsonValue] = orjson.loads(self.body) if self.body is not None else {}
        value = document.get(name)
        return value if isinstance(value, str) else None


async def standings(session: Session, origin: str, iris: Sequence[str]) -> dict[str, Standing]:
    """Those of these records that there are, or were."""
    if not iris:
        return {}
    names = {f"iri{number}": iri for number, iri in enumerate(iris)}
    # In this order: what the sequencer moves meanwhile is seen twice rather than not at all.
    staged = await _rows(session, _STAGED, names, {})
    return _newest([*staged, *await _rows(session, _LOGGED, names, {"origin": origin})])


async def _rows(session: Session, text: str, names: Mapping[str, str], others: Mapping[str, Value]) -> list[Row]:
    """Rows for all these IRIs at once."""
    places = ", ".join(f":{name}" for name in names)
    return await session.select(text.format(iris=places), {**names, **others}, heavy=True)


def _newest(rows: Iterable[Row]) -> dict[str, Standing]:
    """The newest entry of each record with its newest text."""
    found: dict[str, Standing] = {}
    for iri, rev, op, leaf, body in sorted(rows, key=itemgetter(1)):
        older = found.get(iri)
        text = cast("bytes | None", body) if op == "put" or older is None else older.body
        found[iri] = Standing(rev, op, leaf, text)
    return found
