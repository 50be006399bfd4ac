"""Until when a record is open, as a row says it: near days first, what has passed as past."""

import pytest

from chmnode.portal.until import until
from tests.node.conftest import NOW
from tests.node.pages import READERS
from tests.node.strategies import CATALOGUE


@pytest.mark.parametrize(
    ("kind", "days", "state", "soon", "said"),
    [
        ("Offer", {"validUntil": "2026-03-31"}, "open", True, "31 March 2026"),
        ("Offer", {"validUntil": "2026-03-30"}, "closed", False, "30 March 2026"),
        ("Offer", {"validUntil": "2026-04-30"}, "open", True, "30 April 2026"),
        ("Offer", {"validUntil": "2026-05-01"}, "open", False, "1 May 2026"),
        ("Offer", {"validUntil": "2026-09-01", "applicationDeadline": "2026-04-10"}, "open", True, "10 April 2026"),
        ("Event", {"startDate": "2026-04-10", "endDate": "2026-04-12"}, "begins", True, "10 April 2026"),
        ("Event", {"startDate": "2026-12-10", "endDate": "2026-12-12"}, "begins", False, "10 December 2026"),
        ("Event", {"startDate": "2026-03-30", "endDate": "2026-04-02"}, "open", True, "2 April 2026"),
        ("Event", {"startDate": "2018-04-16", "endDate": "2018-04-20"}, "ended", False, "20 April 2018"),
        ("Event", {"startDate": "2018-04-16"}, "ended", False, "16 April 2018"),
    ],
)
def test_a_day_is_told_by_what_it_means_today(kind, days, state, soon, said):
    told = until({"type": kind, **days}, CATALOGUE.types[kind], READERS["en"], NOW)
    assert (told.state, told.soon, told.day) == (state, soon, said)


def test_a_month_lasts_until_its_end():
    known = CATALOGUE.types["Offer"]
    assert until({"validUntil": "2026-03"}, known, READERS["en"], NOW).state == "open"
    assert until({"validUntil": "2026-02"}, known, READERS["en"], NOW).state == "closed"
    assert until({"validUntil": "2025"}, known, READERS["en"], NOW).state == "closed"


def test_what_has_no_day_says_nothing():
    assert until({}, CATALOGUE.types["Offer"], READERS["en"], NOW) is None
    assert until({"validUntil": "2026-03-31"}, None, READERS["en"], NOW) is None
    assert until({"validUntil": 3}, CATALOGUE.types["Offer"], READERS["en"], NOW) is None
