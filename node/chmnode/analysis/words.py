"""Words of a text as tokens, the same for every database.

Owns what a word is, and what a token may hold: letters, digits and vowel signs of any script, at most `LONGEST` of
them; so a token is safe in FTS5's `ascii` tokenizer and in a tsvector literal whatever a text holds. Scripts without
spaces are cut into pairs of characters. Refuses to remember everything: each cache is emptied when it is full.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from operator import add
from typing import Final, NamedTuple

from chmnode.analysis.folding import fold
from chmnode.analysis.stems import SNOWBALL, stemmer

LONGEST: Final = 64
#: Spellings that a language's cache holds, and the longest among them: longer ones are runs of Chinese, or noise.
CACHED: Final = 30_000
CACHED_LENGTH: Final = 48
#: Characters of a word that are read; the rest of such a word is noise.
_READ: Final = 4 * LONGEST

#: Han, kana, Thai, Lao, Khmer, Burmese: nothing shows where a word ends.
UNSPACED: Final = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81\u0e82\u0e84\u0e86-\u0e8a\u0e8c-\u0ea3\u0ea5\u0ea7-\u0ebd\u0ec0-\u0ec4\u0ec6"
    "\u0ec8-\u0ecd\u1000-\u103f\u1050-\u108f\u109a-\u109d\u1780-\u17b3\u17b6-\u17d3\u3005-\u3007\u3041-\u3096"
    "\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9"
    "\uff66-\uff9d\U00020000-\U0002a6df\U0002a700-\U0002b738\U0002b740-\U0002b81d\U0002b820-\U0002cea1"
    "\U0002ceb0-\U0002ebe0\U0002f800-\U0002fa1d\U00030000-\U0003134a"
)
#: Marks that follow a letter within a word: accents, points, vowel signs.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07a6-\u07b0\u0816-\u0819\u08d3-\u08e1"
    "\u08e3-\u0903\u093a-\u093c\u093e-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc\u09be-\u09cd\u09d7\u09e2\u09e3"
    "\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0a75\u0a81-\u0a83\u0abc\u0abe-\u0acd\u0ae2\u0ae3\u0b01-\u0b03\u0b3c"
    "\u0b3e-\u0b57\u0b62\u0b63\u0b82\u0bbe-\u0bcd\u0bd7\u0c00-\u0c04\u0c3c\u0c3e-\u0c56\u0c62\u0c63\u0c81-\u0c83\u0cbc"
    "\u0cbe-\u0cd6\u0ce2\u0ce3\u0d00-\u0d03\u0d3b\u0d3c\u0d3e-\u0d4d\u0d57\u0d62\u0d63\u0d81-\u0d83\u0dca-\u0ddf\u0df2"
    "\u0df3\u0f71-\u0f87\u135d-\u135f\u1ab0-\u1ace\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
)
_APOSTROPHES: Final = "'’ʼ＇"
_LETTER: Final = rf"[^\W_{UNSPACED}]"
_PIECE: Final = re.compile(rf"([{UNSPACED}]+)|{_LETTER}+(?:[{_MARKS}]+{_LETTER}*|[{_APOSTROPHES}]{_LETTER}+)*")
#: French articles and the like before a vowel: l’eau, d’une; they are no part of the word, in whatever language.
_ELIDED: Final = re.compile(
    rf"(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu)[{_APOSTROPHES}](?=[aeiouyhàâäæéèêëîïôöœûùü])", re.IGNORECASE
)
_GENITIVE: Final = re.compile(rf"[{_APOSTROPHES}][sS]$")


class Token(NamedTuple):
    """A token and the characters of a text that it stands for."""

    token: str
    start: int
    end: int


class Lexicon(dict[str, str]):
    """Tokens of one language by spelling: `Lexicon['l’eau,']` is `eau `, each token with a space behind it.

    Keys are what stands between spaces, punctuation included: to split at spaces and look up is the fastest way
    through a text.
    """

    def __init__(self, lang: str) -> None:
        super().__init__()
        self._stem: Callable[[str], str] | None = stemmer(lang)

    def __missing__(self, chunk: str) -> str:
        made = "".join([f"{token} " for match in _PIECE.finditer(chunk) for token in self._of(match)])
        if len(chunk) <= CACHED_LENGTH:
            if len(self) >= CACHED:
                self.clear()
            self[chunk] = made
        return made

    def spaced(self, text: str) -> str:
        """The tokens of a text, each with a space behind it."""
        return "".join(map(self.__getitem__, text.split()))

    def spans(self, text: str) -> Iterator[Token]:
        """The same tokens in the same order, with their places."""
        for match in _PIECE.finditer(text):
            tokens = self._of(match)
            start, end = (match.start(), match.end()) if match[1] else _core(match)
            for place, token in enumerate(tokens, start):
                yield Token(token, place, min(place + 2, end) if match[1] else end)

    def _of(self, match: re.Match[str]) -> list[str]:
        if match[1]:
            return _pairs(match[1])
        start, end = _core(match)
        word = fold(match.string[start : min(end, start + _READ)])[:LONGEST]
        if self._stem and word.isalpha():
            word = self._stem(word)[:LONGEST]
        return [word] if word else []


def _core(match: re.Match[str]) -> tuple[int, int]:
    """Where a word begins after an elided article, and where it ends before an English genitive."""
    start, end = match.span()
    elided = _ELIDED.match(match.string, start, end)
    genitive = _GENITIVE.search(match[0])
    return (elided.end() if elided else start), (start + genitive.start() if genitive else end)


def _pairs(run: str) -> list[str]:
    """Each character with the next, and the last alone: every character begins one token."""
    normal = unicodedata.normalize("NFKC", run)
    run = normal if len(normal) == len(run) else run
    return [*map(add, run, run[1:]), run[-1]]


class Words:
    """The lexicons of all languages; those without a stemmer share one."""

    __slots__ = ("_lexicons", "_plain")

    def __init__(self) -> None:
        self._lexicons = {lang: Lexicon(lang) for lang in SNOWBALL}
        self._plain = Lexicon("")

    def of(self, lang: str) -> Lexicon:
        """The lexicon of a language, by its primary subtag."""
        return self._lexicons.get(lang, self._plain)


def is_run(text: str) -> bool:
    """Whether a text is written without spaces between words, as far as one character tells."""
    return bool(_RUN.match(text))


_RUN: Final = re.compile(f"[{UNSPACED}]")
