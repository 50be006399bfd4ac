"""Canonical JSON is RFC 8785 to the byte, and what section 5 forbids is refused with its place."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chmsync.canonical import decode, encode, parse
from chmsync.errors import FormatError

MAX = 2**53 - 1
ASTRAL = "\U0001f602"

texts = st.text(st.characters(exclude_categories=["Cs"]))
#: Plane 0 with its ends, where UTF-8 and UTF-16 might differ.
keys = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF)) | st.sampled_from(
    ["", "\0", "\ud7ff", "\ue000", "\uffff", "a", "A", "10", "9", "é", "e\u0301"]
)
scalars = st.none() | st.booleans() | st.integers(-MAX, MAX) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
)


def nested(depth):
    return b"[" * depth + b"]" * depth


@given(values)
def test_canonical_bytes_are_those_of_rfc8785_and_read_back(value):
    data = encode(value)
    assert data == rfc8785.dumps(value)
    assert decode(data) == value
    assert parse(data) == value


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_any_layout_of_a_value_parses_to_it_and_only_the_canonical_one_decodes(value, indent, ascii_only):
    loose = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert parse(loose) == value
    if loose == encode(value):
        assert decode(loose) == value
    else:
        with pytest.raises(FormatError, match="not canonical"):
            decode(loose)


@given(st.binary(max_size=40) | values.map(encode), st.integers(0, 200), st.integers(0, 255))
def test_whatever_decodes_is_canonical(data, at, byte):
    mutated = data[:at] + bytes([byte]) + data[at + 1 :]
    try:
        value = decode(mutated)
    except FormatError:
        return
    assert rfc8785.dumps(value) == mutated


@pytest.mark.parametrize("name", ["arrays", "french", "unicode"])
def test_the_vectors_of_rfc_8785_that_keep_our_rules_come_out_to_the_byte(vectors, name):
    folder = vectors / "rfc8785-jcs"
    value = parse((folder / "input" / f"{name}.json").read_bytes())
    assert encode(value) == (folder / "output" / f"{name}.json").read_bytes()
    assert encode(value) == bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("structures", r"^\$\['1'\]\['\\n'\]: a number that is not an integer"),
        ("values", r"^\$\.numbers\[0\]: a number that is not an integer"),
        ("weird", r"^\$: the key '😂' has a character outside the Basic Multilingual Plane"),
    ],
)
def test_the_vectors_that_break_our_rules_are_refused_with_the_path(vectors, name, reason):
    with pytest.raises(FormatError, match=reason):
        parse((vectors / "rfc8785-jcs" / "input" / f"{name}.json").read_bytes())


def test_the_canonical_form_of_weird_is_refused_only_for_its_astral_key(vectors):
    data = (vectors / "rfc8785-jcs" / "output" / "weird.json").read_bytes()
    with pytest.raises(FormatError, match="outside the Basic Multilingual Plane"):
        decode(data)
    members = json.loads(data)
    del members[ASTRAL]
    assert decode(rfc8785.dumps(members)) == members


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (rb'"\ud800"', r"^\$: a lone surrogate"),
        (rb'{"a":["\udc00x"]}', r"^\$\.a\[0\]: a lone surrogate"),
        (rb'{"\ud800":1}', r"the key '\\ud800' is not text"),
        (b'"\xed\xa0\x80"', "not UTF-8 at byte 1"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'"\xc0\xaf"', "not UTF-8 at byte 1"),
        (b"1.0", "not an integer"),
        (b"1.5", "not an integer"),
        (b"1e5", "not an integer"),
        (b"1E400", "not an integer"),
        (b"NaN", "not an integer"),
        (b"-Infinity", "not an integer"),
        (b"9007199254740992", "beyond"),
        (b"-9007199254740992", "beyond"),
        (b"18446744073709551616", "beyond"),
        (b'{"n":[' + b"9" * 5000 + b"]}", r"^\$\.n\[0\]: an integer beyond"),
        (b'{"a":1,"a":1}', "'a' is there twice"),
        (b'{"b":{"a":1,"\\u0061":2}}', r"^\$\.b: the member 'a' is there twice"),
        (f'{{"{ASTRAL}":1}}'.encode(), r"^\$: the key '😂' has a character outside"),
        (rb'{"x":{"\ud83d\ude02":1}}', r"^\$\.x: the key '😂' has a character outside"),
        (b'"a\0b"', "line 1 column 3"),
        (b'"a"\0', "line 1 column 4"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
        (b"{}x", "line 1 column 3"),
        (b"{}{}", "line 1 column 3"),
        (b'{\n"a":x}', "line 2 column 5"),
        (b"", "line 1 column 1"),
        (b"01", "line 1 column 2"),
        (b"[1,x]", "line 1 column 4"),
        (b"'a'", "line 1 column 1"),
        (b'{"a":1}'.decode().encode("utf-16-le"), "line 1 column 2"),
        (nested(33), "nested deeper than 32 levels"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32 levels"),
        (nested(100_000), "nested deeper than 32 levels"),
    ],
)
def test_what_is_not_i_json_under_our_rules_is_refused_by_both_readers(data, reason):
    for reader in (decode, parse):
        with pytest.raises(FormatError, match=reason):
            reader(data)


@pytest.mark.parametrize(
    ("data", "value", "at"),
    [
        (b"-0", 0, 0),
        (b"{} ", {}, 2),
        (b" {}", {}, 0),
        (b"{}\n", {}, 2),
        (b'{"a": 1}', {"a": 1}, 5),
        (b'{"b":1,"a":2}', {"b": 1, "a": 2}, 2),
        (rb'"\u00e9"', "é", 1),
        (rb'"\/"', "/", 1),
        (rb'"\u000A"', "\n", 2),
        (rb'"\u001F"', "\x1f", 6),
        (rb'"\u007f"', "\x7f", 1),
        (rb'"\ud83d\ude02"', ASTRAL, 1),
    ],
)
def test_another_layout_is_parsed_but_not_decoded(data, value, at):
    assert parse(data) == value
    with pytest.raises(FormatError, match=f"not canonical: .* at byte {at}$"):
        decode(data)


@pytest.mark.parametrize("data", [b"9007199254740991", b"-9007199254740991", rb'"\u0000"', b'"\x7f"', nested(32)])
def test_the_ends_of_what_is_allowed_are_allowed(data):
    assert encode(decode(data)) == data


def test_astral_letters_are_allowed_in_values():
    assert decode(encode({"a": [ASTRAL]})) == {"a": [ASTRAL]}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": [0, 1, {"b": 1.5}]}, r"^\$\.a\[2\]\.b: a number that is not an integer"),
        ({"a": 2**53}, r"^\$\.a: an integer beyond"),
        ([-(2**53)], r"^\$\[0\]: an integer beyond"),
        ({"a b": "\ud800"}, r"^\$\['a b'\]: a lone surrogate"),
        ({"a": {ASTRAL: 1}}, r"^\$\.a: the key '😂'"),
        ({ASTRAL * 2: {"x": ASTRAL}}, r"^\$: the key"),
        ({1: "a"}, r"^\$: the key 1 is not text"),
        ({"a": (1, 2)}, r"^\$\.a: tuple is not a type of JSON"),
        ([b"bytes"], r"^\$\[0\]: bytes is not a type of JSON"),
        (float("nan"), r"^\$: a number that is not an integer"),
        (json.loads(nested(33)), r"^\$(\[0\]){32}: nested deeper than 32 levels"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_path(value, reason):
    with pytest.raises(FormatError, match=reason):
        encode(value)
