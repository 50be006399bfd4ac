"""Words of texts in every language: what becomes a token, and that a word without its accents is the same word."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmnode.analysis import Analyzer
from chmnode.analysis.languages import SIX, detected
from chmnode.analysis.words import CACHED, LONGEST, Lexicon
from chmnode.concepts import Concepts
from chmnode.resources import folder

ANALYZER = Analyzer(Concepts.load(folder("vocab")))
LANGUAGES = (*SIX, "pt", "hi", "ja", "und")
#: Texts with what keyboards and forgers produce: marks, joiners, controls, surrogates.
TEXTS = st.text(st.characters(), max_size=80) | st.text(
    st.sampled_from("aé ñœßİıﬁ½ﷺجمـَةﺎ١йЁё水質がｶﾞไทย한글𠀀\u0301\u200d\ud800\x00'’\"\\:*˙¦_- "), max_size=40
)


def unaccented(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def real_words():
    """Words of the demonstration's records and of all labels, by language."""
    words = {lang: set() for lang in SIX}
    for line in (line for file in folder("demo").glob("*.jsonl") for line in file.read_text("utf-8").splitlines()):
        for value in json.loads(line).values():
            for lang, text in value.items() if isinstance(value, dict) else ():
                if lang in words and isinstance(text, str):
                    words[lang].update(re.findall(r"[^\W\d_]+", text))
    for scheme in Concepts.load(folder("vocab")).schemes:
        for concept in scheme.concepts.values():
            for lang, label in concept.labels.items():
                words[lang].update(re.findall(r"[^\W\d_]+", label.text))
    return words


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", "génétique génétiques genetiques GÉNÉTIQUES"),
        ("fr", "protégées protegees protégée protege"),
        ("es", "restauración restauracion restauraciones RESTAURACIÓN"),
        ("es", "áreas areas área"),
        ("ru", "биоразнообразие биоразнообразия биоразнообразием"),
        ("ru", "ещё еще ЕЩЁ"),
        ("ru", "морской морскои морская"),
        ("ar", "المحمية المحميات محمية محميه المحميه"),
        ("ar", "أنواع انواع الأنواع أَنْوَاع أنـــواع"),
        ("en", "species Species ＳＰＥＣＩＥＳ"),
        ("en", "naïve naive"),
        ("und", "coração coracao CORAÇÃO"),
    ],
)
def test_forms_and_spellings_of_a_word_are_one_token(lang, words):
    assert len({token for word in words.split() for token in ANALYZER.tokens(word, lang)}) == 1


@pytest.mark.parametrize("lang", ["en", "es", "fr", "ru"])
def test_every_real_word_is_found_when_it_is_typed_without_accents(lang):
    words = real_words()[lang]
    assert len(words) > 1000
    missed = {
        word for word in words if not {*ANALYZER.tokens(word, lang)} <= {*ANALYZER.variants(unaccented(word), "en")}
    }
    assert not missed


def test_nearly_every_arabic_word_is_found_without_its_hamzas():
    words = real_words()["ar"]
    missed = {
        word for word in words if not {*ANALYZER.tokens(word, "ar")} <= {*ANALYZER.variants(unaccented(word), "ar")}
    }
    assert len(missed) < len(words) / 200
    assert all(set(word) & set("ئؤ") for word in missed)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("L’eau d'une forêt", ["eau", "une", "foret"]),
        ("jusqu'à N'Djamena", ["a", "ndjamen"]),
        ("Côte d’Ivoire", ["cot", "ivoir"]),
        ("multi-niveaux_test", ["mult", "niveau", "test"]),
        ("CO2, PM2.5; ISO 17025", ["co2", "pm2", "5", "iso", "17025"]),
        ("CHM-BBN-KE-12", ["chm", "bbn", "ke", "12"]),
        ("œuvre", ["oeuvr"]),
    ],
)
def test_elided_articles_fall_away_and_identifiers_stay(text, tokens):
    assert ANALYZER.tokens(text, "fr") == tokens


def test_an_english_genitive_falls_away_and_other_apostrophes_join():
    assert ANALYZER.tokens("the country's don't O'Brien", "en") == ["the", "countri", "dont", "obrien"]


def test_digits_of_all_scripts_are_ascii():
    assert ANALYZER.tokens("٢٠٢٦ ２０２６ २०२६", "ar") == ["2026"] * 3


def test_chinese_is_pairs_of_characters_and_each_character_begins_one():
    assert ANALYZER.tokens("生物多样性", "zh") == ["生物", "物多", "多样", "样性", "性"]
    assert ANALYZER.tokens("DNA条形码2021", "zh") == ["dna", "条形", "形码", "码", "2021"]


def test_a_chinese_phrase_is_its_pairs_and_a_single_character_a_prefix():
    assert ANALYZER.phrases("生物多样性", "en") == (("生物", "物多", "多样", "样性"),)
    assert ANALYZER.phrases("DNA水", "zh")[0] == ("dna", "水*")
    assert ANALYZER.variants("水", "zh") == ("水*",)
    assert ANALYZER.variants("生物", "zh") == ("生物",)
    assert ANALYZER.variants("生物多", "zh") == ()


@pytest.mark.parametrize("part", ["生物", "物多样", "多样性保护", "护"])
def test_every_part_of_a_chinese_text_is_found_in_it(part):
    (asked,) = ANALYZER.phrases(part, "zh")
    text = ANALYZER.tokens("生物多样性保护", "zh")
    runs = [text[place : place + len(asked)] for place in range(len(text))]
    exact = [token for token in asked if not token.endswith("*")]
    assert any(run[: len(exact)] == exact and len(run) == len(asked) for run in runs)
    assert all(any(token.startswith(each[0]) for token in text) for each in asked)


def test_a_word_may_stand_as_the_stem_of_each_language_of_its_script():
    assert ANALYZER.variants("conservation", "fr") == ("conserv", "conservation")
    assert ANALYZER.variants("restaurations", "es")[0] == ANALYZER.tokens("restaurations", "es")[0]
    assert set(ANALYZER.variants("биоразнообразия", "en")) == {"биоразнообраз", "биоразнообразия"}


def test_stop_words_are_those_of_all_six_languages_but_for_what_means_something():
    assert all(map(ANALYZER.is_stop, ("The", "les", "de", "él", "él".upper(), "и", "في", "的", "et")))
    assert not any(map(ANALYZER.is_stop, ("sea", "soy", "forest", "estado", "水", "")))


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Formation des gardes à la surveillance des récifs", "fr"),
        ("Restaurar manglares y reducir el riesgo", "es"),
        ("Seed Conservation Techniques course", "en"),
        ("Avaliação da restauração de florestas", "pt"),
        ("Сохранение лесов", "ru"),
        ("حفظ الغابات", "ar"),
        ("GIS 培训与生物多样性监测", "zh"),
        ("さんごのしょう", "ja"),
        ("जैव विविधता", "und"),
        ("2026", "und"),
        ("", "und"),
    ],
)
def test_an_untagged_text_is_read_in_the_language_it_seems_to_be_in(text, lang):
    assert detected(text) == lang


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_tokens_hold_nothing_that_a_database_could_misread(text, lang):
    for token in ANALYZER.tokens(text, lang):
        assert 0 < len(token) <= LONGEST
        assert all(c.isalnum() or unicodedata.category(c) in {"Mn", "Mc"} for c in token)
        assert token.encode()


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_what_stands_at_a_span_is_the_word_of_its_token(text, lang):
    lang = ANALYZER.language(text, lang)
    spans = ANALYZER.spans(text, lang)
    assert [span.token for span in spans] == ANALYZER.tokens(text, lang)
    for span in spans:
        assert ANALYZER.tokens(text[span.start : span.end], lang)[:1] == [span.token]


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_a_phrase_is_found_in_the_text_it_was_copied_from(text, lang):
    lang = ANALYZER.language(text, lang)
    tokens = ANALYZER.tokens(text, lang)
    asked = ANALYZER.phrases(text, lang)
    assert bool(asked) == bool(tokens)
    if asked and lang in {"en", "es", "fr", "ru", "ar"}:
        assert any([token.rstrip("*") for token in one] == tokens[: len(one)] for one in asked)


def test_a_long_word_is_cut():
    assert [len(token) for token in ANALYZER.tokens("x" * 100_000, "en")] == [LONGEST]


def test_a_cache_is_emptied_when_it_is_full():
    lexicon = Lexicon("en")
    for number in range(CACHED + 10):
        lexicon.spaced(f"w{number}")
    assert len(lexicon) <= 10
    lexicon.spaced("水" * 1000)
    assert len(lexicon) <= 10


@pytest.mark.parametrize(
    "words",
    [
        "المحميات محميات محمية المحمية للمحميات والمحميات بالمحميات",
        "القادة قادة",
        "الموارد والموارد موارد وموارد للموارد",
        "المراعي والمراعي للمراعي",
        "وزارة الوزارة والوزارة",
        "وطنية الوطنية والوطني وطني",
        "إدارة الإدارة وإدارة والإدارة",
        "بيانات البيانات للبيانات وبيانات",
        "بناء البناء وبناء",
        "التزام الالتزام والالتزام",
        "آليات الآليات والآليات",
    ],
)
def test_an_arabic_word_is_one_token_with_article_and_conjunction_and_without(words):
    assert len({*ANALYZER.tokens(words, "ar")}) == 1


def test_a_letter_that_is_the_words_own_is_no_preposition():
    first, second = ANALYZER.tokens("بحرية حرية", "ar")
    assert first != second


def test_an_arabic_word_is_asked_for_behind_a_preposition_and_without_the_one_it_was_typed_with():
    (led,) = ANALYZER.tokens("لقادة", "ar")
    (leaders,) = ANALYZER.tokens("قادة", "ar")
    assert {led, leaders} <= {*ANALYZER.variants("قادة", "ar")}
    assert {led, leaders} <= {*ANALYZER.variants("لقادة", "ar")}
    assert tuple(ANALYZER.tokens("لحماية البيئة", "ar")) in ANALYZER.phrases("حماية البيئة", "ar")
    assert not {*ANALYZER.tokens("بحرية", "ar")} & {*ANALYZER.variants("حرية", "ar")}


@given(st.text(st.sampled_from("والفبكلتحميةات"), min_size=1, max_size=12))
def test_no_arabic_word_is_stemmed_to_nothing(word):
    assert len(ANALYZER.tokens(word, "ar")) == 1
