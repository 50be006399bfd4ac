"""Records as their pages tell them: any record, whatever it holds, to anybody."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chmnode.portal.facts import linked
from chmnode.portal.i18n import NAMES
from tests.node.pages import teller
from tests.node.strategies import CATALOGUE, any_records

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
#: Members that records of every type share.
SHARED = sorted(CATALOGUE.documents["https://w3id.org/chm/schemas/envelope/1.0"]["properties"])


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(any_records(), st.sampled_from(sorted(NAMES)))
def test_any_valid_record_can_be_told_to_anybody(record, lang):
    telling = teller(lang)
    assert telling.title(record).text
    assert all(fact.label and (fact.values or fact.parts) for fact in telling.facts(record))
    assert all(passage.paragraphs for passage in telling.passages(record))
    assert telling.kind(record)
    assert isinstance(linked(record, CATALOGUE.of(record)), list)


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from([*SHARED, "title"]), JSON, max_size=8))
def test_a_record_of_an_unknown_kind_is_told_whatever_it_holds(members):
    record = {"type": "Riddle", "id": "https://x.example.org/1", **members}
    telling = teller()
    assert telling.title(record) is not None
    telling.facts(record)
    telling.passages(record)
    telling.gist(record)
    telling.place(record)
    telling.helps(record)


def test_texts_end_where_a_page_does():
    telling = teller()
    record = {"type": "Riddle", "id": "https://x.example.org/1", "title": {"en": "a" * 30_000}, "clue": ["b" * 30_000]}
    title, (fact,) = telling.title(record), telling.facts(record)
    assert (len(title.text), title.cut) == (20_000, True)
    assert (len(fact.values[0].text), fact.values[0].cut) == (20_000, True)
    row = title.within(500)
    assert (len(row.text), row.text[-1]) == (500, "…")
    assert row.within(500) == row


def test_shared_members_of_an_unknown_kind_are_told_as_those_of_a_known_one():
    telling = teller()
    record = {
        "type": "Riddle",
        "id": "https://x.example.org/1",
        "source": {"url": "https://x.example.org/", "date": "2025"},
        "description": {"en": "Told in full."},
        "validUntil": "2026-12-31",
        "countries": ["KE"],
        "relation": [{"type": "partOf", "id": "https://x.example.org/2"}],
        "answer": {"en": "A reef.", "sw": "Mwamba."},
        "weights": {"heavy": "yes", "en": "no"},
    }
    assert [(passage.label, passage.paragraphs) for passage in telling.passages(record)] == [
        ("Description", ("Told in full.",)),
        ("answer", ("A reef.",)),
    ]
    assert [(fact.label, [value.text for value in fact.values]) for fact in telling.facts(record)] == [
        ("Valid until", ["31 December 2026"]),
        ("Countries", ["Kenya"]),
        ("Related records", ["Part of: https://x.example.org/2"]),
        ("weights", ['{"heavy":"yes","en":"no"}']),
    ]


def test_a_summary_leads_and_a_text_told_below_is_not_told_twice():
    telling = teller()
    record = {"schema": "https://w3id.org/chm/schemas/need/1.0", "languages": ["en"], "problem": {"en": "One.\n\nTwo."}}
    assert telling.gist(record) is None
    assert [passage.paragraphs for passage in telling.passages(record)] == [("One.", "Two.")]
    led = {**record, "summary": {"en": "In short."}}
    assert telling.gist(led).paragraphs == ("In short.",)
    assert [passage.label for passage in telling.passages(led)] == ["Problem"]
