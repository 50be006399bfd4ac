"""Until when a record is open, or when what it announces begins, as a row tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from chmnode.portal.i18n import Reader
from chmnode.records.catalogue import RecordType

#: Days before the end, or the beginning, in which a row says so first.
SOON_DAYS: Final = 30
_BEGINS: Final = "startDate"


class State(StrEnum):
    """What the day means today."""

    BEGINS = "begins"
    OPEN = "open"
    CLOSED = "closed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Until:
    """A day that matters, in words."""

    state: State
    day: str
    #: It is near.
    soon: bool


def until(document: Mapping[str, Any], known: RecordType | None, reader: Reader, now: float) -> Until | None:
    """The day on which a record closes; of a meeting that is to come, the day on which it begins.

    Args:
        document: the record.
        known: its type.
        reader: whose language it is.
        now: POSIX seconds.
    """
    members = known.closes if known else ()
    days = [(name, value) for name in members if isinstance(value := document.get(name), str)]
    if not days:
        return None
    today = datetime.fromtimestamp(now, UTC).date()
    near = (today + timedelta(days=SOON_DAYS)).isoformat()
    begins = dict(days).get(_BEGINS, "")
    if begins[:10] > today.isoformat():
        return Until(State.BEGINS, reader.day(begins), soon=begins[:10] <= near)
    day = days[0][1]
    if _last(day) < today.isoformat():
        return Until(State.ENDED if begins else State.CLOSED, reader.day(day), soon=False)
    return Until(State.OPEN, reader.day(day), soon=_last(day) <= near)


def _last(day: str) -> str:
    """The last day of what may be a year or a month only."""
    return f"{day[:10]}-99"[:10]
