"""Lists of labels in the order of a dictionary, under their letters, in each of the six languages.

Owns approximations that need no collation library: Latin and Cyrillic letters without accents, Arabic without its
article and with one alef, Chinese by the pinyin order that the first level of GB 2312 has. What begins with no letter
of its script comes last, under `#`.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final, TypeVar

Item = TypeVar("Item")

OTHERS: Final = "#"
#: First characters of GB 2312 for each letter of pinyin (none begins with i, u or v); the second level follows 座.
_PINYIN: Final = (
    (0xB0A1, "A"), (0xB0C5, "B"), (0xB2C1, "C"), (0xB4EE, "D"), (0xB6EA, "E"), (0xB7A2, "F"), (0xB8C1, "G"),
    (0xB9FE, "H"), (0xBBF7, "J"), (0xBFA6, "K"), (0xC0AC, "L"), (0xC2E8, "M"), (0xC4C3, "N"), (0xC5B6, "O"),
    (0xC5BE, "P"), (0xC6DA, "Q"), (0xC8BB, "R"), (0xC8F6, "S"), (0xCBFA, "T"), (0xCDDA, "W"), (0xCEF4, "X"),
    (0xD1B9, "Y"), (0xD4D1, "Z"), (0xD7FA, OTHERS),
)  # fmt: skip
_STARTS: Final = [start for start, _ in _PINYIN]
_ALEFS: Final = str.maketrans("أإآٱىة", "ااااي" + "ه")
_SCRIPTS: Final = {"ar": "ARABIC", "ru": "CYRILLIC"}


def lettered(items: Iterable[Item], lang: str, text: Callable[[Item], str]) -> list[tuple[str, list[Item]]]:
    """Items in the order of their labels, letter by letter.

    Args:
        items: to be sorted.
        lang: of the labels.
        text: the label of an item.
    """
    placed = sorted(items, key=lambda item: (_rank(letter(text(item), lang)), _key(text(item), lang)))
    return [(name, list(group)) for name, group in groupby(placed, key=lambda item: letter(text(item), lang))]


def letter(text: str, lang: str) -> str:
    """The letter under which a label stands."""
    key = _bare(text, lang)
    if lang == "zh":
        return _pinyin(key[:1])
    first = key[:1].upper()
    return first if first.isalpha() and _SCRIPTS.get(lang, "LATIN") in unicodedata.name(first, "") else OTHERS


def _rank(name: str) -> tuple[bool, str]:
    return name == OTHERS, name


def _key(text: str, lang: str) -> bytes | str:
    bare = _bare(text, lang)
    return bare.encode("gb18030") if lang == "zh" else bare


def _bare(text: str, lang: str) -> str:
    """A label as it is compared."""
    small = text.casefold().lstrip("«“\"'‘(（《- ")
    if lang == "zh":
        return small
    if lang == "ar":
        return small.translate(_ALEFS).removeprefix("ال")
    if lang == "ru":
        return small.replace("ё", "е")
    return "".join(sign for sign in unicodedata.normalize("NFKD", small) if not unicodedata.combining(sign))


def _pinyin(sign: str) -> str:
    """The first letter of the pronunciation of a common character."""
    if sign.isascii():
        return sign.upper() if sign.isalpha() else OTHERS
    code = sign.encode("gb18030")
    place = bisect_right(_STARTS, int.from_bytes(code)) - 1 if len(code) == 2 else -1
    return _PINYIN[place][1] if place >= 0 else OTHERS
