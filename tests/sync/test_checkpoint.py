"""A checkpoint is read in one way only, and only when its own log signed it with a key of its time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.checkpoint import MAX_SIZE, Checkpoint, from_decimal, open_checkpoint
from chmsync.errors import FormatError, LogCode, LogRefused
from chmsync.keys import ED25519, Vkey
from chmsync.merkle import EMPTY_ROOT
from chmsync.note import Note, Signature, sign

ORIGIN = "chm.example.ke/log"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

lines = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\n"), min_size=1)
checkpoints = st.builds(
    Checkpoint,
    lines,
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(lines, max_size=3).map(tuple),
)


@pytest.fixture
def vkey(key):
    return Vkey(ORIGIN, ED25519, key.public)


@pytest.fixture
def checkpoint():
    return Checkpoint(ORIGIN, 7, bytes(range(32)))


@pytest.fixture
def note(checkpoint, key):
    return Note(checkpoint.text(), (sign(checkpoint.text(), ORIGIN, key),))


def code_of(data, vkeys, origin=ORIGIN):
    with pytest.raises(LogRefused) as refusal:
        open_checkpoint(data, origin, vkeys)
    return refusal.value.code


@given(checkpoints)
def test_reading_what_was_written_gives_the_same_checkpoint(checkpoint):
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_the_published_example_is_read():
    text = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text


def test_an_empty_log_has_a_checkpoint_too():
    assert Checkpoint.parse(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()).size == 0


def test_extension_lines_are_kept():
    assert Checkpoint.parse(f"o\n1\n{ROOT}\nfirst\nsecond line\n").extensions == ("first", "second line")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "o\n",
        "o\n1\n",
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        "o\n1\n\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n1\n{ROOT}\n\nextension\n",
        f"o\n1\n{ROOT}\nextension",
        f"o\n01\n{ROOT}\n",
        f"o\n00\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n 1\n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n1.0\n{ROOT}\n",
        f"o\n٣\n{ROOT}\n",
        f"o\n{MAX_SIZE + 1}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        f"o\n1\n{ROOT[:-1]}\n",
        f"o\n1\n{ROOT[:-2]}J=\n",
        f"o\n1\n{ROOT} \n",
        "o\n1\nAAAA\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text):
    with pytest.raises(FormatError):
        Checkpoint.parse(text)


def test_numbers_reach_as_far_as_in_other_implementations():
    assert from_decimal(str(MAX_SIZE)) == MAX_SIZE
    assert from_decimal("0") == 0
    with pytest.raises(FormatError):
        from_decimal(str(MAX_SIZE + 1))


@pytest.mark.parametrize("members", [("", 1), ("a\nb", 1), ("o", -1), ("o", MAX_SIZE + 1)])
def test_a_checkpoint_that_could_not_be_read_back_cannot_be_made(members):
    with pytest.raises(FormatError):
        Checkpoint(*members, bytes(32))


def test_a_signed_checkpoint_says_who_signed(note, checkpoint, vkey):
    signed = open_checkpoint(note.encode(), ORIGIN, lambda size: [vkey])
    assert (signed.checkpoint, signed.note, signed.signers) == (checkpoint, note, (vkey,))


def test_the_keys_asked_for_are_those_valid_at_its_size(note, vkey):
    asked = []

    def vkeys(size):
        asked.append(size)
        return [vkey] if size < 7 else []

    assert code_of(note.encode(), vkeys) is LogCode.BAD_SIGNATURE
    assert asked == [7]


def test_a_checkpoint_of_another_log_is_a_bad_note(note, vkey):
    assert code_of(note.encode(), lambda size: [vkey], "chm.example.org/log") is LogCode.BAD_NOTE


def test_what_is_no_checkpoint_is_a_bad_note(key, vkey):
    for text in ("hello\n", f"{ORIGIN}\n07\n{ROOT}\n"):
        data = Note(text, (sign(text, ORIGIN, key),)).encode()
        assert code_of(data, lambda size: [vkey]) is LogCode.BAD_NOTE
    assert code_of(b"<html>", lambda size: [vkey]) is LogCode.BAD_NOTE


def test_too_many_signatures_are_a_bad_note(note, vkey):
    strangers = tuple(Signature(f"stranger{number}", bytes(4), b"x") for number in range(3))
    data = note.with_signatures(*strangers).encode()
    assert open_checkpoint(data, ORIGIN, lambda size: [vkey], max_signatures=4).signers == (vkey,)
    with pytest.raises(LogRefused, match="more than 3") as refusal:
        open_checkpoint(data, ORIGIN, lambda size: [vkey], max_signatures=3)
    assert refusal.value.code is LogCode.BAD_NOTE


def test_a_signature_by_a_stranger_alone_is_a_bad_signature(checkpoint, vkey, other_key):
    data = Note(checkpoint.text(), (sign(checkpoint.text(), ORIGIN, other_key),)).encode()
    assert code_of(data, lambda size: [vkey]) is LogCode.BAD_SIGNATURE


def test_a_signature_moved_to_another_size_is_a_bad_signature(note, vkey):
    moved = Note(Checkpoint(ORIGIN, 8, bytes(range(32))).text(), note.signatures)
    assert code_of(moved.encode(), lambda size: [vkey]) is LogCode.BAD_SIGNATURE


def test_old_and_new_key_may_both_sign_while_they_overlap(note, checkpoint, vkey, other_key):
    new = Vkey(ORIGIN, ED25519, other_key.public)
    both = note.with_signatures(sign(checkpoint.text(), ORIGIN, other_key))
    assert open_checkpoint(both.encode(), ORIGIN, lambda size: [new, vkey]).signers == (vkey, new)
