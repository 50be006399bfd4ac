"""Texts of a record in the language of its reader.

Owns the order of fallback between the languages of a language map. Refuses nothing: a record of a type that this node
does not know is shown from whatever texts it has.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Text(NamedTuple):
    """A text and the language it is in."""

    text: str
    lang: str


def text(record: Mapping[str, Any], member: str, lang: str) -> Text | None:
    """A member's text for a reader of `lang`.

    In that language, else a variety of it, else in the language the record was written in, else in English, else in
    any; None if the record has no such text.
    """
    found = {entry.lang: entry for entry in texts(record, member)}
    for wanted in (lang, lang.partition("-")[0], *_varieties(found, lang), *_source(record), "en"):
        if wanted in found:
            return found[wanted]
    return next(iter(found.values()), None)


def texts(record: Mapping[str, Any], member: str) -> tuple[Text, ...]:
    """A member's texts in all languages, by code of the language."""
    value = record.get(member)
    if not isinstance(value, Mapping):
        return ()
    return tuple(Text(value[lang], lang) for lang in sorted(value) if isinstance(value[lang], str))


def is_machine(record: Mapping[str, Any], lang: str) -> bool:
    """Whether the texts in a language were translated by a machine and not yet reviewed by a person."""
    translations = record.get("translations")
    made = translations.get(lang) if isinstance(translations, Mapping) else None
    return isinstance(made, Mapping) and made.get("machine") is True and made.get("reviewed") is not True


def _varieties(found: Mapping[str, Text], lang: str) -> Iterator[str]:
    """Languages at hand that share the primary subtag."""
    primary = lang.partition("-")[0]
    return (other for other in found if other.partition("-")[0] == primary)


def _source(record: Mapping[str, Any]) -> list[str]:
    """The language the record was written in, as a list of at most one."""
    languages = record.get("languages")
    return [str(languages[0])] if isinstance(languages, list) and languages else []
