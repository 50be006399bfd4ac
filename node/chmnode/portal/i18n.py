"""The six languages of the portal: which one a reader gets, its texts, dates and numbers.

Owns the catalogues (`locale/<language>.po`, read at start) and the choice of a language: `?lang=`, else the best of
`Accept-Language`, else the node's first. Refuses cookies. English texts are the message ids.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import Translations
from markupsafe import Markup

from chmnode.config import LANGUAGES

FOLDER: Final = Path(__file__).parent / "locale"

#: Languages with a catalogue, by their own names, and the locale of dates and numbers.
NAMES: Final[Mapping[str, str]] = {
    "ar": "العربية",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "ru": "Русский",
    "zh": "中文",
}
_LOCALES: Final = {"ar": "ar", "en": "en_GB", "es": "es", "fr": "fr", "ru": "ru", "zh": "zh_Hans"}
_RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
#: Length of a header that is still read.
_LONGEST = 512
_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def N_(message: str) -> str:  # noqa: N802 - the customary name, which the extraction of strings looks for
    """Mark a message that is translated where it is shown."""
    return message


_MINUTE: Final = 60
_NOW: Final = N_("just now")


def direction(lang: str) -> str:
    """How a language is written."""
    return "rtl" if lang.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Everything that depends on the language of who reads."""

    lang: str
    locale: Locale
    texts: Translations

    @property
    def dir(self) -> str:
        """How the language is written."""
        return direction(self.lang)

    def say(self, message: str, **values: object) -> str:
        """A message in this language; `%(name)s` in it stands for a value."""
        text: str = self.texts.gettext(message)
        return text % values if values else text

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """A message that depends on a number, which it shows as `%(n)s`."""
        text: str = self.texts.ngettext(one, many, n)
        return text % {"n": self.number(n), **values}

    @staticmethod
    def apart(name: str) -> Markup:
        """A name within a sentence, kept apart from it: a Latin name in Arabic must not pull numbers along."""
        return Markup("<bdi>{}</bdi>").format(name)

    def number(self, value: int | Decimal) -> str:
        """A number in the manner of the language."""
        return format_decimal(value, locale=self.locale)

    def money(self, amount: str, currency: str) -> str:
        """An amount in the manner of the language."""
        value = Decimal(amount)
        pattern: str = self.locale.currency_formats["standard"].pattern
        if value == value.to_integral_value():
            pattern = pattern.replace("0.00", "0")
        told = format_currency(value, currency, pattern, locale=self.locale, currency_digits=False)
        # Else `US$` at the end of an Arabic amount would read `$US`.
        return f"{told}\u200e" if self.dir == "rtl" else told

    def day(self, text: str) -> str:
        """A date in words: `2026`, `2026-12`, `2026-12-31` or a time in UTC; what is none of these stays as it is."""
        try:
            parts = [int(part) for part in text[:10].split("-")]
            moment = date(*[*parts, 1, 1][:3])
        except (ValueError, TypeError, AttributeError):  # records of unknown types hold anything
            return str(text)
        if len(parts) == 1:
            return text
        if len(parts) == 2:
            return format_skeleton("yMMMM", moment, locale=self.locale)
        return format_date(moment, "long", locale=self.locale)

    def since(self, then: float, now: float) -> str:
        """How long ago; what seems to be to come is a clock that is ahead."""
        if now - then < _MINUTE:
            return self.say(_NOW)
        return format_timedelta(int(then - now), add_direction=True, locale=self.locale)

    def age(self, text: str, now: float) -> str | None:
        """How long ago a time in UTC was; None for what is none."""
        try:
            return self.since(datetime.fromisoformat(text).timestamp(), now)
        except (ValueError, TypeError):  # records of unknown types hold anything
            return None

    def moment(self, seconds: float) -> str:
        """POSIX seconds as a date in words."""
        return format_date(datetime.fromtimestamp(seconds, UTC), "long", locale=self.locale)

    def listing(self, items: Sequence[str]) -> str:
        """Items one after another: `a, b and c`."""
        return format_list(items, locale=self.locale)

    def own_name(self, code: str) -> str:
        """What a language is called by those who speak it."""
        return NAMES.get(code) or self.language(code)

    def language(self, code: str) -> str:
        """The name of a language."""
        try:
            return Locale.parse(code, sep="-").get_display_name(self.locale) or code
        except (ValueError, UnknownLocaleError):
            return code


def load(languages: Iterable[str]) -> dict[str, Reader]:
    """The readers of these languages, as far as there are catalogues; English if there are none.

    The first one is for visitors who ask for none of them: the operator's first choice, else English.
    """
    known = [lang for lang in languages if lang in NAMES] or ["en"]
    if tuple(known) == LANGUAGES:
        known.sort(key=lambda lang: lang != "en")
    return {lang: Reader(lang, Locale.parse(_LOCALES[lang]), _texts(FOLDER / f"{lang}.po")) for lang in known}


def _texts(path: Path) -> Translations:
    """A catalogue; compiled in memory, so that there is no second file to fall behind."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


@lru_cache(maxsize=512)
def best(accept_language: str | None, offers: tuple[str, ...]) -> str:
    """The language that a browser asks for most, among those there are; the first when it asks for none of them."""
    if accept_language is None or len(accept_language) > _LONGEST:
        return offers[0]
    wanted: dict[str, float] = {}
    for part in accept_language.split(","):
        if (match := _RANGE.fullmatch(part)) and (lang := match[1].lower()) in offers:
            wanted[lang] = max(wanted.get(lang, 0.0), float(match[2] or 1))
    quality, lang = max(((q, lang) for lang, q in wanted.items()), default=(0.0, ""), key=lambda pair: pair[0])
    return lang if quality > 0 else offers[0]
