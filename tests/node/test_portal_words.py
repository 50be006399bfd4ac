"""The words of the portal: catalogues that are whole, the choice of a language, dates, numbers and amounts."""

import re

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from chmnode.config import LANGUAGES
from chmnode.portal import strings, words
from chmnode.portal.i18n import FOLDER, NAMES, best, load
from chmsync.errors import LogCode, RecordCode
from tests.node.pages import READERS


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, "en"),
        ("fr-CA, en;q=0.5", "fr"),
        ("de", "en"),
        ("de, es;q=0.1", "es"),
        ("zh-Hant-TW", "zh"),
        ("ru;q=0", "en"),
        ("en;q=0.3,ar;q=0.31", "ar"),
        ("fr" * 400, "en"),
    ],
)
def test_the_language_that_a_browser_wants_most_is_taken(header, lang):
    assert best(header, ("en", "ar", "es", "fr", "ru", "zh")) == lang


@given(st.text())
def test_no_header_makes_the_choice_of_a_language_fail(header):
    assert best(header, tuple(NAMES)) in NAMES


def test_visitors_who_ask_for_nothing_get_the_operators_first_language_or_english():
    assert next(iter(load(LANGUAGES))) == "en"
    assert next(iter(load(("fr", "en")))) == "fr"
    assert list(load(("sw",))) == ["en"]


@pytest.mark.parametrize("lang", NAMES)
def test_a_catalogue_has_every_message_whole_and_nothing_else(lang):
    with (FOLDER / f"{lang}.po").open("rb") as file:
        catalogue = read_po(file, locale=lang)
    wanted = {message.id for message in strings.messages() if message.id}
    held = {message.id: message for message in catalogue if message.id}
    assert held.keys() == wanted
    assert not catalogue.obsolete
    for message in held.values():
        given_texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert len(given_texts) == (catalogue.num_plurals if message.pluralizable else 1)
        names = set(re.findall(r"%\(\w+\)s", str(message.id)))
        assert all(text and set(re.findall(r"%\(\w+\)s", text)) == names for text in given_texts), message.id
        assert not message.fuzzy


def test_bringing_catalogues_up_to_date_changes_nothing_now():
    template = strings.messages()
    for lang in NAMES:
        assert strings.written(strings.updated(lang, template)) == (FOLDER / f"{lang}.po").read_bytes()


@pytest.mark.parametrize("lang", sorted(set(NAMES) - {"en"}))
def test_translations_are_in_the_script_of_their_language(lang):
    reader = READERS[lang]
    script = {"ar": r"[\u0600-\u06ff]", "ru": r"[\u0400-\u04ff]", "zh": r"[\u4e00-\u9fff]"}.get(lang, r"[A-Za-z]")
    assert all(
        re.search(script, reader.say(message.id))
        for message in strings.messages()
        if isinstance(message.id, str) and re.search("[A-Za-z]", re.sub(r"%\(\w+\)s", "", message.id))
    )


def test_every_code_of_the_protocol_has_words():
    assert set(words.LOG_CODES) == {str(code) for code in LogCode}
    assert set(words.RECORD_CODES) == {str(code) for code in RecordCode}


@pytest.mark.parametrize(
    ("lang", "n", "said"),
    [
        ("en", 1, "1 entry"),
        ("ru", 22, "22 строки"),
        ("ru", 5, "5 строк"),
        ("ar", 3, "3 قيود"),
        ("ar", 11, "11 قيدًا"),
        ("ar", 100, "100 قيد"),
    ],
)
def test_numbers_are_counted_as_each_language_does(lang, n, said):
    assert READERS[lang].count("%(n)s entry", "%(n)s entries", n) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-03", "3 mars 2026"),
        ("2026-03-03T10:00:00Z", "3 mars 2026"),
        ("2026-03", "mars 2026"),
        ("2026", "2026"),
        ("soon", "soon"),
        ([1], "[1]"),
        ("2026-13-45", "2026-13-45"),
    ],
)
def test_dates_are_told_in_words(text, said):
    assert READERS["fr"].day(text) == said


@pytest.mark.parametrize(
    ("amount", "lang", "said"),
    [("125000", "en", "US$125,000"), ("125000.5", "en", "US$125,000.50"), ("125000", "fr", "125\u202f000\xa0$US")],
)
def test_money_is_told_as_the_language_does_without_empty_cents(amount, lang, said):
    assert READERS[lang].money(amount, "USD") == said
