"""Other forms in which the label of a concept stands in a text, where stems do not make them the same.

Snowball gives *manglar* and *manglares*, *LMO* and *LMOs* different stems. Owns the plain rules of the plural in en, es
and fr, and the prepositions that Arabic writes in front. Refuses to be a grammar: what a rule makes wrongly is no word
of the language, stands in no text, and does no harm; forms of one word that no rule makes are alternative labels.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from chmnode.analysis.arabic import ARTICLE, prefixed
from chmnode.analysis.folding import fold
from chmnode.analysis.languages import stop_words

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_PLURAL: Final = re.compile(r"(?:(?<=[^aeiou])es|s|x)(?= |$)")
_ARTICLE: Final = re.compile(rf"(?:(?<= )|^){ARTICLE}(?=...)")
_Rule = tuple[re.Pattern[str], str]


def _rules(*pairs: tuple[str, str]) -> tuple[_Rule, ...]:
    return tuple((re.compile(pattern), ending) for pattern, ending in pairs)


#: The first rule that fits makes the form; a word that none fits stays.
_PLURALS: Final = {
    "en": _rules(("([^aeiou])y$", r"\1ies"), ("([sxz]|[cs]h)$", r"\1es"), ("$", "s")),
    "es": _rules(("s$", "s"), ("z$", "ces"), ("([aeiouáéó])$", r"\1s"), ("$", "es")),
    "fr": _rules(("([sxz])$", r"\1"), ("(eau|.eu)$", r"\1x"), ("al$", "aux"), ("$", "s")),
}
_SINGULARS: Final = {
    "en": _rules(("([^s])ies$", r"\1y"), ("([sx]|[cs]h)es$", r"\1"), ("([^sui])s$", r"\1")),
    "es": _rules(("ces$", "z"), ("([^aeiouáéó])es$", r"\1"), ("([aeiouáéó])s$", r"\1")),
    "fr": _rules(("aux$", "al"), ("(eau|.eu)x$", r"\1"), ("([^s])s$", r"\1")),
}


def singular(label: str) -> str:
    """A folded label without the plurals that en, es and fr write with an s or x, and without the article of Arabic.

    Roughly, and only to compare.
    """
    return _ARTICLE.sub("", _PLURAL.sub("", label.replace("ies", "y")))


def forms(label: str, lang: str) -> Iterator[str]:
    """A label with all its words, its first, or its last in the plural or in the singular; in Arabic with prefixes."""
    if lang == "ar":
        yield from prefixed(label)
    for rules in (_PLURALS.get(lang), _SINGULARS.get(lang)):
        if rules:
            words = list(_WORD.finditer(label))
            for chosen in (words, words[:1], words[-1:]):
                yield _changed(label, chosen, _inflected(rules, lang))


def _changed(label: str, words: list[re.Match[str]], change: Callable[[str], str]) -> str:
    for match in reversed(words):
        label = f"{label[: match.start()]}{change(match[0])}{label[match.end() :]}"
    return label


def _inflected(rules: tuple[_Rule, ...], lang: str) -> Callable[[str], str]:
    def change(word: str) -> str:
        if word.isupper():
            return f"{word}s" if rules is _PLURALS[lang] else word
        if fold(word) in stop_words(lang):
            return word
        rule = next((rule for rule in rules if rule[0].search(word)), None)
        return rule[0].sub(rule[1], word, count=1) if rule else word

    return change
