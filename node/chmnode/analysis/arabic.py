"""What Arabic writes together with a word: the article, "and", "for", "in", "as".

Owns which of these letters are taken off before a word is stemmed, and with which a typed word may stand in a text.
Refuses to take a single preposition off an indexed word, because too many words begin so (بحرية, marine, is not
حرية, freedom): there both forms are looked up instead. Words are folded (`folding`) before they come here.
"""

import re
from collections.abc import Iterator
from typing import Final

ARTICLE: Final = "ال"
#: And, so, in, as, for, before the article; taken off twice, for words that begin like it: الالتزام, التزام.
_ARTICLES: Final = re.compile("(?:[وف]?[بك]?ال|[وف]?لل)(?=.{3})")
_AND: Final = re.compile("و(?=[^ا]..|.{5})")
#: Beginnings of words that have the letter of "and" themselves.
_OWN_LETTER: Final = re.compile(
    "وا(?:جب|جه|حة|حات|حد|دي|رد|سع|ضح|عد|في|فر|فق|قع|قي|لد|لي)"
    "|و(?:باء|بائ|ترة|تير|ثائق|ثق|ثيق|جب|جد|جه|جود|جيه|حد|حش|حيد|خيم|دائع|دي|ديان|راء|راث|رد|رش|رق|ريد|زار|زراء|زن|زير)"
    "|و(?:سائ|سط|سع|سيط|سيل|شيك|صاي|صف|صل|صول|صي|ضع|ضوح|طن|طيد|ظائف|ظف|ظيف|عاء|عر|عي|فا[ةء]|فد|فر|فق|في|قائ|قاي|قت|قع|قف|قود)"
    "|و(?:كال|كلاء|كيل|لاء|لاد|لاي|لد|لي|هم)"
)
#: آلية and آليات, which folding makes look like the article and its word.
_MECHANISM: Final = re.compile("[وف]?[بكل]?(?:ال)?(الي(?:[ةه]|ات.{0,3}))")
_LETTERS: Final = re.compile("[\u0620-\u064a\u066e-\u06d3]+")
#: Prepositions that are one letter, and how many letters a word has at least behind them: words that begin so by
#: themselves have fewer, most of them.
_PREPOSITIONS: Final = {"ل": 4, "ب": 5}
_TAKEN_OFF: Final = re.compile("[لبك](?=.{4})")


def bare(word: str) -> str:
    """A word without the article and what stands before it, and without "and"."""
    if mechanism := _MECHANISM.fullmatch(word):
        return mechanism[1]
    for _ in range(2):
        word = _ARTICLES.sub("", word, count=1) if _ARTICLES.match(word) and not _OWN_LETTER.match(word) else word
    return word if _OWN_LETTER.match(word) else _AND.sub("", word, count=1) if _AND.match(word) else word


def attached(text: str) -> Iterator[str]:
    """A text as it may stand behind a preposition or "and", or without the one that it was typed with."""
    first = _LETTERS.match(text)
    if first is None or _ARTICLES.match(first[0]):
        return
    if _TAKEN_OFF.match(first[0]):
        yield text[1:]
    for letter, least in {**_PREPOSITIONS, "و": 3}.items():
        if len(first[0]) >= least:
            yield f"{letter}{text}"


def prefixed(label: str) -> Iterator[str]:
    """A label behind the prepositions that no stem takes off."""
    first = _LETTERS.match(label)
    if first and not _ARTICLES.match(first[0]):
        yield from (f"{letter}{label}" for letter, least in _PREPOSITIONS.items() if len(first[0]) >= least)
