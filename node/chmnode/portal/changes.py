"""What changed from one text of a record to the next, member by member, in words.

Pure comparison of two documents as a reader sees them: texts word by word (Chinese by character), everything else item
by item with its label. Bounded work: texts that share too little are shown as replaced as a whole, and long stretches
that stayed the same are left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

from chmnode.portal.facts import TEXT_CHARACTERS, Teller, is_language_map
from chmnode.portal.i18n import direction

#: Members that change with every revision, or that a page tells elsewhere.
_APART: Final = frozenset(
    {"@context", "id", "type", "schema", "identifier", "publisher", "revision", "issued", "modified", "proof"}
    | {"translations"}
)
#: A sign of a script without spaces, a word, space, or a mark between words.
_PIECE: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|\s+|[^\w\s]"
)
#: Words kept on either side of a change.
_CONTEXT: Final = 16
#: Products of lengths up to which texts are compared word by word: two texts, and all texts of a page; and the members
#: of one comparison. Texts of few words, repeated, are the slowest: a page of them takes two seconds.
_MOST: Final = 1_000_000
_PAGE: Final = 3_000_000
_MEMBERS: Final = 60


class Kind(StrEnum):
    """What became of a stretch of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    #: Unchanged and not shown.
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A member that changed: a text by its pieces, anything else by the items that went and came."""

    label: str
    #: Language of the text, if it is one.
    lang: str | None = None
    pieces: tuple[Piece, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def dir(self) -> str | None:
        """How the language of the text is written."""
        return direction(self.lang) if self.lang else None


@dataclass(slots=True)
class Effort:
    """How much may still be compared for one page."""

    left: int = _PAGE

    def allows(self, old: int, new: int) -> bool:
        """Whether texts of these lengths may be compared, which then counts."""
        cost = old * new
        if cost > min(_MOST, self.left):
            return False
        self.left -= cost
        return True


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], teller: Teller, effort: Effort | None = None
) -> list[Change]:
    """What a reader would find different, in the order of the form.

    Args:
        before: one revision.
        after: the next.
        teller: tells them to the reader.
        effort: what several comparisons share.
    """
    shared = effort or Effort()
    names = _names(before, after, teller)[:_MEMBERS]
    return [change for name in names for change in _member(before, after, name, teller, shared)]


def _names(before: Mapping[str, Any], after: Mapping[str, Any], teller: Teller) -> list[str]:
    known = teller.catalogue.of(after)
    ordered = [*(known.by_name if known else ()), *after, *before]
    return [name for name in dict.fromkeys(ordered) if name not in _APART and before.get(name) != after.get(name)]


def _member(
    before: Mapping[str, Any], after: Mapping[str, Any], name: str, teller: Teller, effort: Effort
) -> Iterator[Change]:
    label = teller.label(after if name in after else before, name)
    old, new = before.get(name), after.get(name)
    if is_language_map(old or new) and is_language_map(new or old):
        for lang in sorted({*(old or {}), *(new or {})})[:_MEMBERS]:
            if pieces := compared((old or {}).get(lang, ""), (new or {}).get(lang, ""), effort):
                yield Change(label, lang, pieces)
        return
    went, came = teller.told(before, name), teller.told(after, name)
    removed, added = tuple(x for x in went if x not in came), tuple(x for x in came if x not in went)
    if removed or added:
        yield Change(label, removed=removed, added=added)


def compared(before: str, after: str, effort: Effort | None = None) -> tuple[Piece, ...]:
    """Two texts as one, in pieces; none if they are the same."""
    if before == after:
        return ()
    old, new = _PIECE.findall(before[:TEXT_CHARACTERS]), _PIECE.findall(after[:TEXT_CHARACTERS])
    pieces: list[Piece] = []
    for step, a, b, c, d in _steps(old, new, effort or Effort()):
        if step == "equal":
            pieces += _shortened(old[a:b], first=not pieces, last=b == len(old) and d == len(new))
            continue
        pieces += [Piece(Kind.REMOVED, "".join(old[a:b]))] if b > a else []
        pieces += [Piece(Kind.ADDED, "".join(new[c:d]))] if d > c else []
    return tuple(pieces)


def _steps(old: Sequence[str], new: Sequence[str], effort: Effort) -> Iterator[tuple[str, int, int, int, int]]:
    """How one list becomes the other; only what lies between their common ends is really compared."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    tail = next((n for n in range(most - head) if old[-1 - n] != new[-1 - n]), most - head)
    ends = len(old) - tail, len(new) - tail
    if head:
        yield "equal", 0, head, 0, head
    within = old[head : ends[0]], new[head : ends[1]]
    if not effort.allows(len(within[0]), len(within[1])):
        yield "replace", head, ends[0], head, ends[1]
    else:
        for step, a, b, c, d in SequenceMatcher(None, *within, autojunk=False).get_opcodes():
            yield step, a + head, b + head, c + head, d + head
    if tail:
        yield "equal", ends[0], len(old), ends[1], len(new)


def _shortened(words: Sequence[str], *, first: bool, last: bool) -> Iterator[Piece]:
    """A stretch that stayed the same, with what is far from any change left out."""
    head, tail = (0 if first else _CONTEXT), (0 if last else _CONTEXT)
    if len(words) <= head + tail + _CONTEXT:
        yield Piece(Kind.SAME, "".join(words))
        return
    if head:
        yield Piece(Kind.SAME, "".join(words[:head]))
    yield Piece(Kind.LEFT_OUT, "…")
    if tail:
        yield Piece(Kind.SAME, "".join(words[-tail:]))
