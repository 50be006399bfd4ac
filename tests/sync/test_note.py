"""A note is read in one way only, and only known keys speak for it."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.errors import FormatError
from chmsync.keys import COSIGNATURE, ED25519, Vkey
from chmsync.note import (
    END_OF_TIME,
    Cosignature,
    Note,
    Signature,
    cosign,
    cosignatures,
    from_base64,
    sign,
    verified,
)

TEXT = "chm.example.ke/log\n3\nsomething\n"

names = st.text(
    st.characters(codec="utf-8", exclude_characters="+", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")),
    min_size=1,
)
lines = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), min_codepoint=0x20))
signatures = st.builds(Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=90))
notes = st.builds(
    lambda text, signed: Note("".join(f"{line}\n" for line in text), tuple(signed)),
    st.lists(lines, min_size=1, max_size=6),
    st.lists(signatures, min_size=1, max_size=5),
)


@pytest.fixture(scope="module")
def examples(vectors):
    return json.loads((vectors / "c2sp-signed-note/examples.json").read_text())


@pytest.fixture
def vkey(key):
    return Vkey("chm.example.ke/log", ED25519, key.public)


@pytest.fixture
def note(key):
    return Note(TEXT, (sign(TEXT, "chm.example.ke/log", key),))


def flipped(signature):
    """The same line with its last bit turned."""
    payload = signature.payload[:-1] + bytes([signature.payload[-1] ^ 1])
    return Signature(signature.name, signature.key_id, payload)


def test_the_published_example_verifies_with_its_published_key(examples):
    example = examples["verifiable"][0]
    vkey = Vkey.parse(example["vkey"])
    assert verified(Note.parse(example["note"].encode()), [vkey]) == (vkey,)


def test_published_notes_without_a_key_keep_their_bytes(examples):
    for example in examples["format_only_no_public_key_published"]:
        data = example["note"].encode()
        assert Note.parse(data).encode() == data


def test_the_text_may_hold_empty_lines_since_the_last_one_ends_it(examples):
    note = Note.parse(examples["format_only_no_public_key_published"][0]["note"].encode())
    assert note.text.endswith("raggio di sole:\n\ned è subito sera.\n")
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]


def test_the_published_cosignature_carries_its_published_time(examples):
    example = examples["format_only_no_public_key_published"][1]
    witness = Note.parse(example["note"].encode()).signatures[1]
    assert int.from_bytes(witness.payload[:8]) == 1679315147
    assert len(witness.payload) == 8 + 64


def test_a_cosignature_signs_the_published_message(examples, key):
    example = examples["format_only_no_public_key_published"][1]
    text = Note.parse(example["note"].encode()).text
    made = cosign(text, "witness.example.com/w1", key, 1679315147)
    assert key.public.verify(made.payload[8:], example["cosigned_message"].encode())


@given(notes)
def test_reading_what_was_written_gives_the_same_note(note):
    assert Note.parse(note.encode()) == note


@given(notes)
def test_writing_what_was_read_gives_the_same_bytes(note):
    assert Note.parse(note.encode()).encode() == note.encode()


@given(st.binary(max_size=60))
def test_base64_has_one_spelling(data):
    text = base64.b64encode(data).decode()
    assert from_base64(text) == data
    for other in (text + "\n", " " + text, text + "=", text.rstrip("=") if "=" in text else text[:-1] + "!"):
        with pytest.raises(FormatError):
            from_base64(other)


@pytest.mark.parametrize("text", ["AB==", "AAB=", "A", "AA", "A A=", "AA=\n", "-_==", "AA==AA==", "é"])
def test_base64_with_stray_bits_or_signs_is_refused(text):
    with pytest.raises(FormatError):
        from_base64(text)


LINE = "— k AAAAAAE=\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\n",
        LINE.encode(),
        f"\n{LINE}".encode(),
        f"text\n{LINE}".encode(),
        f"text\n\n{LINE}"[:-1].encode(),
        f"text\n\n{LINE}\n".encode(),
        f"text\n\n{LINE}garbage\n".encode(),
        f"text\r\n\n{LINE}".encode(),
        f"te\0xt\n\n{LINE}".encode(),
        f"te\txt\n\n{LINE}".encode(),
        f"text\n\n{LINE}".encode("utf-16"),
        b"\xff\n\n" + LINE.encode(),
        b"\xed\xa0\x80\n\n" + LINE.encode(),
        "text\n\n— k AAAAAAF=\n".encode(),
        "text\n\n— k AAAA AAE=\n".encode(),
        "text\n\n— k AAAAAA==\n".encode(),
        "text\n\n— k AAAA\n".encode(),
        "text\n\n—  AAAAAAE=\n".encode(),
        "text\n\n— AAAAAAE=\n".encode(),
        "text\n\n— k+1 AAAAAAE=\n".encode(),
        "text\n\n— k\u00a0k AAAAAAE=\n".encode(),
        "text\n\n— k\u2028k AAAAAAE=\n".encode(),
        "text\n\n— k\x01k AAAAAAE=\n".encode(),
        "text\n\n— k  AAAAAAE=\n".encode(),
        "text\n\n— k AAAAAAE= \n".encode(),
        b"text\n\n- k AAAAAAE=\n",
        "text\n\n\N{EN DASH} k AAAAAAE=\n".encode(),
    ],
)
def test_a_malformed_note_is_refused(data):
    with pytest.raises(FormatError):
        Note.parse(data)


def test_the_line_that_the_malformed_ones_vary_is_well_formed():
    assert Note.parse(f"text\n\n{LINE}".encode()).signatures == (Signature("k", b"\0\0\0\0", b"\1"),)


def test_a_note_with_too_many_signatures_is_refused():
    Note.parse(f"text\n\n{LINE * 64}".encode())
    with pytest.raises(FormatError, match="more than 64"):
        Note.parse(f"text\n\n{LINE * 65}".encode())
    with pytest.raises(FormatError, match="more than 16"):
        Note.parse(f"text\n\n{LINE * 17}".encode(), max_signatures=16)


@pytest.mark.parametrize(("text", "count"), [("", 1), ("text", 1), ("te\0xt\n", 1), ("\ud800\n", 1), ("text\n", 0)])
def test_a_note_that_could_not_be_read_back_cannot_be_made(text, count):
    with pytest.raises(FormatError):
        Note(text, (Signature("k", b"\0\0\0\0", b"\1"),) * count)


def test_signatures_of_unknown_keys_are_kept_and_do_no_harm(note, vkey, other_key):
    strangers = (
        Signature("post-quantum.example", b"\1\2\3\4", b"\6" * 2428),
        Signature(vkey.name, b"\1\2\3\4", b"same name, other id"),
        Signature("other.example", vkey.id, b"same id, other name"),
        sign(TEXT, vkey.name, other_key),
    )
    crowded = Note.parse(Note(TEXT, (*strangers, *note.signatures)).encode())
    assert crowded.signatures[:4] == strangers
    assert verified(crowded, [vkey]) == (vkey,)
    assert cosignatures(crowded, [vkey]) == ()


def test_a_note_that_no_known_key_signed_has_no_signer(note, other_key):
    assert verified(note, [Vkey("chm.example.ke/log", ED25519, other_key.public)]) == ()


def test_a_false_signature_of_a_known_key_refuses_the_note(note, vkey):
    with pytest.raises(FormatError, match="false"):
        verified(Note(TEXT, (flipped(note.signatures[0]),)), [vkey])


def test_a_false_signature_beside_the_true_one_refuses_the_note(note, vkey):
    with pytest.raises(FormatError, match="false"):
        verified(Note(TEXT, (*note.signatures, flipped(note.signatures[0]))), [vkey])


def test_a_signature_of_another_length_is_false_and_not_a_crash(note, vkey):
    short = Signature(vkey.name, vkey.id, note.signatures[0].payload[:63])
    with pytest.raises(FormatError, match="false"):
        verified(Note(TEXT, (short,)), [vkey])


def test_a_signature_does_not_fit_another_text(note, vkey):
    with pytest.raises(FormatError, match="false"):
        verified(Note(TEXT + "more\n", note.signatures), [vkey])


def test_a_key_that_signed_twice_is_one_signer(note, vkey):
    assert verified(Note(TEXT, note.signatures * 2), [vkey, vkey]) == (vkey,)


def test_a_cosignature_says_who_and_when(note, other_key):
    witness = Vkey("chm.example.org/witness", COSIGNATURE, other_key.public)
    cosigned = note.with_signatures(cosign(TEXT, witness.name, other_key, 1_700_000_000))
    assert cosignatures(cosigned, [witness]) == (Cosignature(witness, 1_700_000_000),)
    assert verified(cosigned, [witness]) == ()


def test_a_cosignature_whose_time_was_changed_is_false(note, other_key):
    witness = Vkey("chm.example.org/witness", COSIGNATURE, other_key.public)
    made = cosign(TEXT, witness.name, other_key, 1_700_000_000)
    later = Signature(made.name, made.key_id, (1_700_000_001).to_bytes(8) + made.payload[8:])
    for false in (later, flipped(made), Signature(made.name, made.key_id, made.payload[:7])):
        with pytest.raises(FormatError, match="false"):
            cosignatures(note.with_signatures(false), [witness])


def test_a_cosignature_from_beyond_the_end_of_time_is_false(note, other_key):
    witness = Vkey("chm.example.org/witness", COSIGNATURE, other_key.public)
    message = f"cosignature/v1\ntime {END_OF_TIME}\n{TEXT}".encode()
    beyond = Signature(witness.name, witness.id, END_OF_TIME.to_bytes(8) + other_key.sign(message))
    with pytest.raises(FormatError, match="false"):
        cosignatures(note.with_signatures(beyond), [witness])
    for time in (-1, END_OF_TIME):
        with pytest.raises(FormatError):
            cosign(TEXT, witness.name, other_key, time)


def test_a_cosigner_counts_once_with_the_newest_time(note, other_key):
    witness = Vkey("chm.example.org/witness", COSIGNATURE, other_key.public)
    times = [cosign(TEXT, witness.name, other_key, time) for time in (20, 30, 10)]
    assert cosignatures(Note(TEXT, (*note.signatures, *times)), [witness]) == (Cosignature(witness, 30),)


def test_adding_a_signature_replaces_that_of_the_same_key_and_keeps_all_others(note, other_key):
    stranger = Signature("stranger.example", b"\1\2\3\4", b"whatever")
    old, new = (cosign(TEXT, "chm.example.org/mirror", other_key, time) for time in (1, 2))
    grown = note.with_signatures(old, stranger, stranger).with_signatures(new)
    assert grown.signatures == (*note.signatures, stranger, new)


def test_adding_a_signature_keeps_even_doubled_lines_of_strangers(note, other_key):
    stranger = Signature("stranger.example", b"\1\2\3\4", b"whatever")
    new = cosign(TEXT, "chm.example.org/mirror", other_key, 2)
    assert Note(TEXT, (stranger, stranger)).with_signatures(new).signatures == (stranger, stranger, new)
