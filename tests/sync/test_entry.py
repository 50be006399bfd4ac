"""An entry reads back as it was written, and ENTRY refuses every shape that section 4 does not allow."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.canonical import encode
from chmsync.entry import Entry, below
from chmsync.errors import RecordCode, RecordRefused
from chmsync.limits import ENTRY_BYTES, MAX_INTEGER, RECORD_BYTES

PUT = {
    "v": 1,
    "op": "put",
    "id": "https://node.example/records/01J9Z3",
    "type": "Need",
    "rev": 1,
    "at": "2026-11-20T12:00:00Z",
    "government": "KE",
    "countries": ["KE", "TZ"],
    "regions": ["002", "africa"],
    "sha256": "0a" * 32,
    "size": 3000,
}
WITHDRAW = {name: value for name, value in PUT.items() if name not in {"sha256", "size"}} | {
    "op": "withdraw",
    "rev": 2,
    "reason": "owner-request",
}
ERASE = WITHDRAW | {"op": "erase", "reason": "personal-data"}

codes = st.lists(st.text("ABCXYZ", min_size=2, max_size=2), max_size=4, unique=True).map(sorted)
segments = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/?# \x7f.%"), min_size=1)
common = {
    "v": st.just(1),
    "id": st.lists(segments, min_size=1, max_size=3).map(lambda path: "https://node.example/records/" + "/".join(path)),
    "type": st.from_regex(r"[A-Z][A-Za-z0-9]{0,63}", fullmatch=True),
    "rev": st.integers(1, MAX_INTEGER),
    "at": st.datetimes().map(lambda when: f"{when.isoformat(timespec='milliseconds')}Z"),
    "countries": codes,
    "regions": st.lists(st.text("ab0-", min_size=1, max_size=9), max_size=3, unique=True).map(sorted),
}
foreign = st.text("xyz", min_size=3, max_size=5)
extras = st.dictionaries(foreign, st.none() | st.text(max_size=9) | st.lists(st.integers(-9, 9)), max_size=3)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
sizes = st.integers(2, RECORD_BYTES)
reasons = st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True)
government = st.text("ABC", min_size=2, max_size=2)
puts = st.fixed_dictionaries(
    common | {"op": st.just("put"), "sha256": digests, "size": sizes},
    optional={"government": government, "reason": st.integers(0, 3) | reasons},
)
removals = st.fixed_dictionaries(
    common | {"op": st.sampled_from(["withdraw", "erase"]), "reason": reasons},
    optional={"government": government, "sha256": st.none() | digests, "size": st.text()},
)


def without(members, name):
    return {known: value for known, value in members.items() if known != name}


def refusal(leaf):
    with pytest.raises(RecordRefused) as caught:
        Entry.parse(leaf)
    assert caught.value.code is RecordCode.ENTRY
    return caught.value.detail


@given(puts | removals, extras)
def test_reading_and_writing_change_no_byte(members, extra):
    leaf = encode(extra | members)
    entry = Entry.parse(leaf)
    assert entry.encode() == leaf
    assert Entry.parse(entry.encode()) == entry
    assert extra.items() <= entry.extra.items()


def test_a_put_says_what_its_members_say():
    assert Entry.parse(encode(PUT)) == Entry(
        op="put",
        id="https://node.example/records/01J9Z3",
        type="Need",
        rev=1,
        at="2026-11-20T12:00:00Z",
        government="KE",
        countries=("KE", "TZ"),
        regions=("002", "africa"),
        sha256="0a" * 32,
        size=3000,
    )


@pytest.mark.parametrize("members", [WITHDRAW, ERASE])
def test_a_removal_has_a_reason_and_no_content(members):
    entry = Entry.parse(encode(members))
    assert (entry.op, entry.reason) == (members["op"], members["reason"])
    assert (entry.sha256, entry.size) == (None, None)


@pytest.mark.parametrize(
    ("members", "foreign"),
    [
        (PUT, {"reason": "error"}),
        (PUT, {"reason": ["no", "token"]}),
        (WITHDRAW, {"sha256": "0a" * 32, "size": 3000}),
        (ERASE, {"sha256": 5, "size": None}),
    ],
)
def test_members_of_another_operation_are_kept_and_ignored(members, foreign):
    leaf = encode(members | foreign)
    entry = Entry.parse(leaf)
    assert entry.extra == foreign
    assert entry.encode() == leaf


def test_a_reference_record_names_no_government():
    assert Entry.parse(encode(without(PUT, "government"))).government is None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("v", [0, 2, "1", True, None, [1]]),
        ("op", ["PUT", "delete", "", None, 1, ["put"], {}]),
        ("type", ["need", "", "N" * 65, "Need!", "Need\n", "Nééd", 1, None]),
        ("rev", [0, -1, "1", True, None]),
        (
            "at",
            [
                "2026-11-20",
                "2026-11-20T12:00Z",
                "2026-11-20T12:00:00",
                "2026-11-20T12:00:00+00:00",
                "2026-11-20t12:00:00z",
                "2026-11-20 12:00:00Z",
                "2026-11-20T12:00:00.1Z",
                "2026-11-20T12:00:00.000000Z",
                "2026-11-20T12:00:00,000Z",
                "2026-02-29T12:00:00Z",
                "2026-13-01T12:00:00Z",
                "2026-00-01T12:00:00Z",
                "2026-11-20T24:00:00Z",
                "2026-11-20T23:60:00Z",
                "2026-11-20T23:59:60Z",
                "2026-W47-5T12:00:00Z",
                "٢٠٢٦-11-20T12:00:00Z",
                "2026-11-20T12:00:00Z\n",
                1763640000,
                None,
            ],
        ),
        ("government", ["ke", "KEN", "K", "", "KÉ", "KE\n", 1, None, ["KE"]]),
        ("countries", [["TZ", "KE"], ["KE", "KE"], ["ke"], ["KEN"], [""], [1], "KE", None, {"KE": 1}]),
        ("regions", [["a", "A"], ["a", "a"], ["a b"], ["a" * 65], [""], ["é"], [None], "002", None]),
        ("sha256", ["0A" * 32, "0a" * 31, "0a" * 33, "0g" * 32, "0a" * 32 + "\n", None, 1]),
        ("size", [1, 0, -5, RECORD_BYTES + 1, "3000", True, None]),
        (
            "id",
            [
                "",
                None,
                1,
                "node.example/records/1",
                "/records/1",
                "urn:uuid:1",
                "https://node.example",
                "https://node.example/",
                "https://node.example/records/",
                "https://node.example/records//1",
                "https://node.example/records/1?x",
                "https://node.example/records/1#x",
                "https://node.example/records/a b",
                "https://node.example/records/a\tb",
                "https://node.example/records/a\n",
                "https://node.example/records/a\0",
                "https://node.example/records/.",
                "https://node.example/records/..",
                "https://node.example/records/../1",
                "https://node.example/./records/1",
                "https://node.example/records/%2e%2E/1",
                "https://node.example/records/.%2e",
                "https:///records/1",
            ],
        ),
    ],
)
def test_a_put_with_a_member_out_of_shape_is_refused_by_its_name(name, values):
    for value in values:
        assert f"`{name}`" in refusal(encode(PUT | {name: value})), value


@pytest.mark.parametrize("reason", ["", "two words", "räson", "under_score", "a\n", None, 1, ["error"]])
def test_a_reason_is_a_token(reason):
    for members in (WITHDRAW, ERASE):
        assert "`reason`" in refusal(encode(members | {"reason": reason}))


def test_what_an_operation_needs_must_be_there():
    for members, optional in ((PUT, {"government"}), (WITHDRAW, {"government"}), (ERASE, {"government"})):
        for name in members.keys() - optional:
            assert f"`{name}`" in refusal(encode(without(members, name)))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "https://node.example/tv/records/...a"},
        {"id": "https://localhost:8080/records/森林"},
        {"id": "http://localhost:8080/records/%2e%2e%2e"},
        {"at": "2028-02-29T23:59:59.999Z"},
        {"rev": MAX_INTEGER},
        {"size": 2},
        {"size": RECORD_BYTES},
        {"type": "N"},
        {"type": "N" * 64},
        {"countries": [], "regions": []},
        {"regions": ["-", "0", "A", "Z", "a", "b" * 64]},
        {"government": "EU"},
    ],
)
def test_the_ends_of_what_is_allowed_are_allowed(change):
    leaf = encode(PUT | change)
    assert Entry.parse(leaf).encode() == leaf


def test_a_leaf_is_canonical_json_of_one_object():
    assert "not canonical" in refusal(encode(PUT) + b"\n")
    assert "not canonical" in refusal(encode(PUT).replace(b",", b", ", 1))
    assert "twice" in refusal(encode(PUT)[:-1] + b',"v":1}')
    assert "not an integer" in refusal(encode(PUT).replace(b'"rev":1', b'"rev":1.0'))
    assert "object" in refusal(encode([PUT]))
    assert "not JSON" in refusal(b"")


def test_a_leaf_has_at_most_4096_bytes():
    filler = ENTRY_BYTES - len(encode(PUT | {"zzz": ""}))
    assert len(Entry.parse(encode(PUT | {"zzz": "x" * filler})).encode()) == ENTRY_BYTES
    assert "4096" in refusal(encode(PUT | {"zzz": "x" * (filler + 1)}))


@pytest.mark.parametrize(
    "change",
    [
        {"rev": 0},
        {"op": "delete"},
        {"id": "https://node.example/records/a b"},
        {"countries": ("TZ", "KE")},
        {"reason": "error"},
        {"sha256": None},
        {"extra": {"rev": 5, "sha256": "x"}, "sha256": None},
        {"extra": {"government": "KE"}, "government": None},
        {"extra": {"note": "x" * ENTRY_BYTES}},
    ],
)
def test_nothing_is_written_that_a_harvester_would_refuse_or_read_otherwise(change):
    entry = Entry(**{name: getattr(Entry.parse(encode(PUT)), name) for name in Entry.__slots__} | change)
    with pytest.raises(RecordRefused, match=r"^ENTRY"):
        entry.encode()


def test_entries_are_values():
    entry = Entry.parse(encode(PUT | {"zzz": [1]}))
    assert {entry, pickle.loads(pickle.dumps(entry)), copy.copy(entry)} == {entry}


@pytest.mark.parametrize(
    ("iri", "inside"),
    [
        ("https://node.example/records/1", True),
        ("https://node.example/records/1/2", True),
        ("https://old.example/r/1", True),
        ("https://node.example/records", False),
        ("https://node.example/records-of-others/1", False),
        ("https://node.example/record/1", False),
        ("https://node.example.evil.example/records/1", False),
        ("http://node.example/records/1", False),
    ],
)
def test_ids_are_compared_with_prefixes_by_path_segment(iri, inside):
    assert below(("https://node.example/records", "https://old.example/r"), iri) is inside
    assert not below((), iri)
