"""Forms of one word made the same: Snowball's stems, reached from words without accents.

Owns the order: fold, put back the accents that endings always have, stem, fold. A text with accents and a query
without them therefore end at the same token for every word, and Snowball still sees the endings that it knows. Arabic
words are all stemmed as if they had the article, since Snowball takes other endings off those that have it. Refuses
languages without a stemmer: their words stay as folded.
"""

import re
from collections.abc import Callable
from typing import Final

import Stemmer

from chmnode.analysis.arabic import ARTICLE, bare
from chmnode.analysis.folding import fold, unseated

SNOWBALL: Final = {"ar": "arabic", "en": "english", "es": "spanish", "fr": "french", "ru": "russian"}

#: Endings that are written with an accent, a breve or a teh marbuta in nearly every word that has them.
_ENDINGS: Final[dict[str, tuple[tuple[re.Pattern[str], str], ...]]] = {
    "ar": ((re.compile("(?<=..)ه$"), "ة"),),
    "es": ((re.compile("(?<=..)cion$"), "ción"), (re.compile("(?<=..)logia(s?)$"), r"logía\1")),
    "fr": (
        (re.compile("(?<=...)ee(s?)$"), r"ée\1"),
        (re.compile("(?<=...)([bcdilrstv])ite(s?)$"), r"\1ité\2"),
        (re.compile("(?<=...)iere(s?)$"), r"ière\1"),
    ),
    "ru": ((re.compile("(?<=[аеиоуыэюя])и$"), "й"),),
}


def stemmer(lang: str) -> Callable[[str], str] | None:
    """What makes a token of a folded word in this language; None where words stay as they are."""
    if lang not in SNOWBALL:
        return None
    snowball = Stemmer.Stemmer(SNOWBALL[lang], 0)
    stem: Callable[[str], str] = snowball.stemWord
    endings = _ENDINGS.get(lang, ())

    def token(word: str) -> str:
        for ending, accented in endings:
            word = ending.sub(accented, word)
        return unseated(fold(stem(word))) or word

    def arabic(word: str) -> str:
        short = bare(word)
        return (len(short) > len(ARTICLE) and token(ARTICLE + short).removeprefix(ARTICLE)) or short

    return arabic if lang == "ar" else token
