"""The language of a text, and the words that carry no meaning by themselves.

Owns the stop lists and the guess at the language of a text that nobody has tagged: by script, then by the stop words
of the languages that share the Latin script. Refuses statistical models: on 145 real abstracts the vote is right as
often as py3langid, on their titles nearly so, without its second at first use and its hundred megabytes.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final

from chmnode.analysis.folding import fold

#: The languages of the United Nations, which every page and every vocabulary has.
SIX: Final = ("en", "fr", "es", "ru", "ar", "zh")
#: Subtags by which somebody says that he does not know.
UNTAGGED: Final = frozenset({"", "und", "mul", "mis", "zxx"})
#: Characters that are looked at.
LOOKED_AT: Final = 4_000

#: What a text in Latin letters is taken for when nothing tells. Most such titles are English, and a wrong guess costs
#: little: a query tries the stems of all these languages.
UNDECIDED: Final = "en"
_VOTERS: Final = ("en", "es", "fr", "pt")
_ARABIC: Final = re.compile("[\u0620-\u064a\u066e-\u06d3]")
_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA: Final = re.compile("[\u3041-\u30ff]")
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]")
_LETTERS: Final = re.compile(r"[^\W\d_]")
_WORD: Final = re.compile(r"[^\W\d_]+")
#: Spellings that one of the voters has and the others hardly ever: they decide where stop words are too few, as in
#: titles.
_TELLING: Final = {
    "en": re.compile(
        r"\w(?:ings?|ity|ities|ship|ness|ous|[bcdfgklmnprtvx]y)\b|\b(?:w|sh|kn)\w+|\w*(?:th|ck|sh|ght|oo|ea|ee)\w*"
    ),
    "es": re.compile(r"[ñ¿¡]|\w(?:ci[oó]n|ciones|idad|idades|ando|iendo|[aiou]dos?|[ai]das?|ic[ao]s?|ar|[oa]s)\b"),
    "fr": re.compile(r"[èêœùçîû]|\w(?:eurs?|aux|iques?|ées?|és|elles?|ances?|euses?|oirs?|ois|tés?)\b"),
    "pt": re.compile(r"[ãõ]|\w(?:[cç]ão|[cç]ões|dades?|agem|[nl]h[oa]s?|[ai]d[ao]s?|[oa]s|ar)\b"),
}


def primary(tag: str) -> str:
    """The primary subtag in small letters: `fr` of `fr-CA`."""
    return tag.partition("-")[0].lower()


@cache
def stop_words(lang: str) -> frozenset[str]:
    """The folded stop words of a language; none where there is no list."""
    file = files("chmnode.analysis") / "stopwords" / f"{lang}.txt"
    if not file.is_file():
        return frozenset()
    lines = file.read_text("utf-8").splitlines()
    return frozenset(fold(line.strip()) for line in lines if line.strip() and not line.startswith("#"))


@cache
def all_stop_words() -> frozenset[str]:
    """Words that mean nothing in one of the six languages, and little in the others."""
    return frozenset().union(*map(stop_words, SIX)) - stop_words("kept")


def detected(text: str) -> str:
    """The language that a text seems to be in; `und` where nothing tells it."""
    sample = text[:LOOKED_AT]
    letters = len(_LETTERS.findall(sample))
    if not letters:
        return "und"
    if _HAN.search(sample) or _KANA.search(sample):
        han, kana = len(_HAN.findall(sample)), len(_KANA.findall(sample))
        # A character says as much as two or three letters.
        if 3 * (han + kana) >= letters - han - kana:
            return "ja" if kana * 5 > han else "zh"
    for script, lang in ((_ARABIC, "ar"), (_CYRILLIC, "ru")):
        if 2 * len(script.findall(sample)) > letters:
            return lang
    return _voted(sample) if 2 * len(_LATIN.findall(sample)) > letters else "und"


def _voted(sample: str) -> str:
    """The language with most stop words among the words of a Latin text; where they are level, its spelling decides."""
    small = sample.lower()
    words = list(map(fold, _WORD.findall(small)))
    stops = {lang: sum(word in stop_words(lang) for word in words) for lang in _VOTERS}
    most = max(stops.values())
    told = {lang: len(_TELLING[lang].findall(small)) for lang in _VOTERS if stops[lang] == most}
    best, *others = sorted(told, key=told.__getitem__, reverse=True)
    return UNDECIDED if others and told[others[0]] == told[best] else best
