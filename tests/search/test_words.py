"""What a typed text asks for: words, phrases, exclusions, fields, and signs that mean nothing."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chmnode.search.model import Ask, Kind

SEARCHED_ALIKE = pytest.mark.asyncio(loop_scope="session")
#: What is an operator for FTS5, for a tsquery, for our own field, or for a shell.
SIGNS = """* " "" ' \\ ( ) AND OR NOT NEAR NEAR( & | ! <-> <2> :* :A : - + -" title: id: type:
    country: -type: open:soon node: % _ ; -- $1 { } ¦ ˙coral""".split()  # noqa: SIM905 - reads better than sixty quotation marks
#: Words that are in the records, and characters that nobody sees.
WORDS = (
    "coral",
    "taxonomy",
    "DNA",
    "wetland*",
    "湿地",
    "培训",
    "المحميات",
    "мониторинг",
    "l’eau",
    "𠀀",
    "CHM-BBR-DEMO-1",
)
UNSEEN = ("\u0640", "\u200f", "\u00ad", "\x00", "\n", "\ud800", "https://", "https://demo.chm.example.org/records/\x00")
PIECES = (*SIGNS, *WORDS, *UNSEEN)
TYPED = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
LANGUAGES = st.sampled_from(("ar", "en", "es", "fr", "ru", "zh", "pt", "", "xx-YY"))


@SEARCHED_ALIKE
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=TYPED, lang=LANGUAGES)
async def test_whatever_is_typed_has_an_answer_the_same_on_both_databases(demonstration, text, lang):
    found = await demonstration.sqlite.search.find(Ask(text=text, lang=lang))
    theirs = await demonstration.postgres.search.find(Ask(text=text, lang=lang))
    assert replace(found, seconds=0.0) == replace(theirs, seconds=0.0)


@SEARCHED_ALIKE
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=TYPED, lang=LANGUAGES)
async def test_whatever_is_typed_has_suggestions_the_same_on_both_databases(demonstration, text, lang):
    ours = await demonstration.sqlite.search.suggest(text, lang)
    assert await demonstration.postgres.search.suggest(text, lang) == ours


async def test_a_star_is_no_prefix(shelf):
    await shelf.put("a", title={"en": "Coralline"})
    assert await shelf.found("coral*") == []
    assert await shelf.found("corall*") == []
    assert await shelf.found('"coral*"') == []


async def test_operators_are_words(shelf):
    await shelf.put("a", title={"en": "Sponge"})
    await shelf.put("b", title={"en": "Kelp"})
    for text in ("sponge OR kelp", "sponge | kelp", "sponge AND kelp", "sponge & kelp", "NEAR(sponge kelp, 5)"):
        assert set(await shelf.found(text)) <= {"a", "b"}
        assert (await shelf.search.find(Ask(text=text))).relaxed
    assert await shelf.found("NOT sponge") == ["a"]
    assert await shelf.found("!sponge") == ["a"]


async def test_every_word_of_a_short_query_must_be_there(shelf):
    await shelf.put("both", title={"en": "Sponge and kelp"})
    await shelf.put("one", title={"en": "Sponge"})
    assert await shelf.found("sponge kelp") == ["both"]


async def test_a_question_finds_what_is_worth_two_fifths_of_the_best_answer(shelf):
    await shelf.put("four", title={"en": "alpha bravo charlie delta"})
    await shelf.put("three", title={"en": "alpha bravo charlie"})
    await shelf.put("one", title={"en": "alpha"})
    assert await shelf.found("alpha bravo charlie delta echo hotel") == ["four", "three"]


async def test_when_nothing_has_all_that_is_wanted_what_has_some_of_it_is_shown_and_said_to_be_so(shelf):
    await shelf.put("one", title={"en": "Sponge"})
    answer = await shelf.search.find(Ask(text="sponge zeppelin"))
    assert (answer.total, answer.relaxed) == (1, True)
    answer = await shelf.search.find(Ask(text="zeppelin"))
    assert (answer.total, answer.relaxed) == (0, False)


async def test_an_excluded_word_leaves_out_whatever_has_it_anywhere(shelf):
    await shelf.put("a", title={"en": "Sponge"}, problem={"en": "There is kelp."})
    await shelf.put("b", title={"en": "Sponge"})
    assert await shelf.found("sponge -kelp") == ["b"]
    assert await shelf.found("-kelp") == ["b"]
    assert await shelf.found("-kelp -sponge") == []


async def test_an_excluded_phrase_leaves_out_only_the_phrase(shelf):
    await shelf.put("a", title={"en": "Old sponge"})
    await shelf.put("b", title={"en": "Sponge, old"})
    assert await shelf.found('-"old sponge"') == ["b"]


async def test_an_exclusion_is_kept_when_the_rest_is_relaxed(shelf):
    await shelf.put("a", title={"en": "Sponge kelp"})
    await shelf.put("b", title={"en": "Sponge"})
    assert await shelf.found("sponge zeppelin -kelp") == ["b"]


async def test_a_required_word_must_be_there_among_many(shelf):
    await shelf.put("a", title={"en": "alpha bravo charlie delta"})
    await shelf.put("b", title={"en": "alpha bravo charlie echo"})
    assert set(await shelf.found("alpha bravo charlie foxtrot")) == {"a", "b"}
    assert await shelf.found("alpha bravo charlie foxtrot +echo") == ["b"]
    assert await shelf.found("alpha +zeppelin") == []


async def test_a_phrase_has_its_words_in_order_and_together(shelf):
    await shelf.put("a", title={"en": "The old grey sponge"})
    assert await shelf.found('"old grey sponge"') == ["a"]
    assert await shelf.found('"grey old"') == []
    assert await shelf.found('"old sponge"') == []


async def test_a_phrase_does_not_cross_texts(shelf):
    """Neither from a title to a text, nor between languages, nor between two members."""
    await shelf.put(
        "a",
        languages=["en", "fr"],
        title={"en": "Old sponge", "fr": "Vieille algue"},
        problem={"en": "Kelp grows"},
        expectedOutcome={"en": "Reefs heal"},
    )
    for crossing in ('"sponge kelp"', '"sponge vieille"', '"algue kelp"', '"grows reefs"', '"sponge grows"'):
        assert await shelf.found(crossing) == [], crossing
    assert await shelf.found('"kelp grows"') == ["a"]


async def test_a_field_looks_at_titles_alone(shelf):
    await shelf.put("title", title={"en": "Sponge"})
    await shelf.put("text", title={"en": "Kelp"}, problem={"en": "A sponge."})
    assert await shelf.found("title:sponge") == ["title"]
    assert await shelf.found('title:"sponge"') == ["title"]
    assert await shelf.found("-title:sponge sponge") == ["text"]


async def test_a_word_in_the_title_counts_for_more(shelf):
    await shelf.put("title", title={"en": "Sponge"}, modified="2026-01-01T00:00:00Z")
    await shelf.put("text", title={"en": "Kelp"}, problem={"en": "A sponge."}, modified="2026-10-01T00:00:00Z")
    assert await shelf.found("sponge") == ["title", "text"]


async def test_the_rarer_word_counts_for_more(shelf):
    for number in range(30):
        await shelf.put(f"common-{number}", title={"en": "alpha"}, modified="2026-10-01T00:00:00Z")
    await shelf.put("rare", title={"en": "bravo"}, modified="2026-01-01T00:00:00Z")
    assert (await shelf.found("alpha bravo"))[0] == "rare"


async def test_a_word_finds_its_other_forms_in_the_language_of_the_text(shelf):
    await shelf.put("fr", languages=["fr"], title={"fr": "Régénérations naturelles des forêts sèches"})
    await shelf.put("ru", languages=["ru"], title={"ru": "Обучение лесников"})
    await shelf.put("es", languages=["es"], title={"es": "Curso para guardaparques"})
    assert await shelf.found("regeneration naturelle", lang="fr") == ["fr"]
    assert await shelf.found("лесник", lang="ru") == ["ru"]
    assert await shelf.found("лесники", lang="en") == ["ru"]
    assert await shelf.found("cursos guardaparque", lang="es") == ["es"]


async def test_chinese_is_found_by_any_part_of_a_run(shelf):
    await shelf.put("a", languages=["zh"], title={"zh": "热带亚洲植物保护培训班"})
    for part in ("热带", "亚洲植物", "植物保护", "培训班", "班", "热带亚洲植物保护培训班"):
        assert await shelf.found(part, lang="zh") == ["a"], part
    assert await shelf.found("亚热", lang="zh") == []


@pytest.mark.parametrize("sign", ["-", "+", "--", '"', '""', '-""', "title:", "-title:", "id:", "()", "!", "¡¿", "—"])
async def test_a_sign_alone_asks_for_nothing(shelf, sign):
    await shelf.put("a")
    answer = await shelf.search.find(Ask(text=sign))
    assert all(not term.text.strip(sign) or term.kind is Kind.WORD for term in answer.terms)


async def test_facets_are_chosen_and_left_out_in_the_text(shelf):
    await shelf.put("need", countries=["KE"])
    await shelf.put("offer", type="Offer", countries=["KE", "UG"])
    assert await shelf.found("type:Offer") == ["offer"]
    assert await shelf.found("type:offer country:ke") == ["offer"]
    assert set(await shelf.found("country:KE")) == {"need", "offer"}
    assert await shelf.found("-country:UG") == ["need"]
    assert await shelf.found("-type:Need country:KE") == ["offer"]


async def test_a_record_is_named_by_its_identifier_or_address_in_any_case(shelf):
    await shelf.put("a", identifier="CHM-BBR-KE-7")
    await shelf.put("b", identifier="CHM-BBR-KE-8")
    for text in (
        "CHM-BBR-KE-7",
        "chm-bbr-ke-7",
        "id:CHM-BBR-KE-7",
        "https://chm.example.ke/records/a",
        " CHM-BBR-KE-7 ",
    ):
        assert await shelf.found(text) == ["a"], text
    assert await shelf.found("CHM-BBR-KE-9") == []
    assert await shelf.found("https://chm.example.ke/records/zzz") == []
    assert await shelf.found("CHM-BBR-KE-7", chosen={"type": ("Offer",)}) == []


async def test_a_very_long_query_is_cut_and_answered(shelf):
    await shelf.put("a", title={"en": "alpha"})
    answer = await shelf.search.find(Ask(text="alpha " * 10_000))
    assert len(answer.terms) <= 24
    assert answer.total == 1
