"""Spellings of one word made the same: case, accents, widths, digits, letters that are typed in several ways.

Owns what counts as the same letter. Refuses to know languages: that a word is folded before it is stemmed is what
makes a word typed without its accents find the text that has them (`stems`). Compatibility forms are those of Unicode
Standard Annex 15 (NFKD); Arabic letters are made equal as Lucene's ArabicNormalizer does.
"""

import re
import unicodedata
from typing import Final

#: Marks that people leave out in typing: accents, Hebrew points, Arabic vowels and the hamzas of alef, and with them
#: the breve of й. Vowel signs of Indic scripts are no accents; nor is the hamza on yeh and waw, which stems need.
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u0653\u0655-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1ace\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a\ufe20-\ufe2f]"
    "|(?<![\u064a\u0648])\u0654"
)
_LETTERS: Final = (
    str.maketrans("øđłħŧıðґ", "odlhtidг")
    | str.maketrans("ٱىیکةہۀ", "اييكههه")
    | str.maketrans({"æ": "ae", "œ": "oe", "þ": "th", "ـ": ""})
)
_SEATS: Final = str.maketrans("ئؤ", "يو")
_SEATED: Final = {"ي": "ئ", "و": "ؤ"}
#: Letters of a word that matter; no word is as long.
_LONG: Final = 64
_SIGNS: Final = frozenset({"Mn", "Mc"})


def fold(word: str) -> str:
    """A word as it is compared: small letters without accents, ASCII digits; letters, digits and vowel signs only."""
    if word.isascii():
        small = word.lower()
        return small if small.isalnum() else _clean(small)
    parts = unicodedata.normalize("NFKD", word.casefold()).casefold()
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", parts)).translate(_LETTERS)
    return bare if bare.isalpha() else _clean(bare)


def unseated(word: str) -> str:
    """A word without the hamza on yeh and waw, which some leave out in typing."""
    return unicodedata.normalize("NFC", word).translate(_SEATS)


def seated(word: str) -> tuple[str, ...]:
    """What an Arabic word may have been before somebody left out a hamza on yeh or waw: one put back in each place."""
    places = [place for place, letter in enumerate(word[:_LONG]) if place and letter in _SEATED]
    return tuple(f"{word[:place]}{_SEATED[word[place]]}{word[place + 1 :]}" for place in places[-3:])


def _clean(word: str) -> str:
    """Digits of any script as ASCII; what is neither letter nor digit nor vowel sign is left out."""
    return "".join(map(_character, word))


def _character(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return character if character.isalnum() or unicodedata.category(character) in _SIGNS else ""
