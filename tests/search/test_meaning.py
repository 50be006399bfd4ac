"""Concepts: what they reach, what a hit says it came through, and what is offered while typing."""

import pytest

from chmnode.search.model import Ask, Kind
from tests.search.shelf import concepts, names

INVASIVE = "CBD-SUBJECT-IAS"


def through(answer):
    """What each hit was found by: name to what it has and whether its author chose it."""
    return {
        name: [(one.has.key, one.coded) for one in hit.through]
        for name, hit in zip(names(answer), answer.hits, strict=True)
    }


async def test_a_concept_reaches_what_is_narrower(shelf):
    """An Offer for Eastern Africa answers who asks for Africa; the other way it does not."""
    await shelf.put("eastern", regions=["014"])
    await shelf.put("africa", regions=["002"])
    await shelf.put("asia", regions=["142"])
    assert set(await shelf.found("Africa")) == {"eastern", "africa"}
    assert await shelf.found("Eastern Africa") == ["eastern"]


async def test_a_subject_reaches_the_subjects_below_it(shelf):
    await shelf.put("forest", cbdSubjects=["CBD-SUBJECT-FOR"])
    await shelf.put("marine", cbdSubjects=["CBD-SUBJECT-MAR"])
    await shelf.put("trade", cbdSubjects=["CBD-SUBJECT-ETI"])
    below = {one.notation for one in concepts().narrower_closure(concepts().get("cbd-subjects", "CBD-SUBJECT-BIOMES"))}
    assert {"CBD-SUBJECT-FOR", "CBD-SUBJECT-MAR"} <= below
    assert set(await shelf.found("Biomes")) == {"forest", "marine"}


async def test_a_concept_reaches_its_equal_in_another_vocabulary(shelf):
    await shelf.put("coded", cbdSubjects=[INVASIVE])
    await shelf.put("named", languages=["zh"], title={"zh": "外来入侵物种"})
    for label, lang in (("Espèces exotiques envahissantes", "fr"), ("Инвазивные чужеродные виды", "ru")):
        assert set(await shelf.found(label, lang=lang)) == {"coded", "named"}


async def test_what_is_only_alike_is_not_reached(shelf):
    """Close and related matches lead nowhere."""
    await shelf.put("wetland", title={"en": "Wetlands"})
    await shelf.put("water", cbdSubjects=["CBD-SUBJECT-WTR"])
    assert await shelf.found("wetlands") == ["wetland"]


async def test_a_hit_says_which_concept_it_has_and_whether_its_author_chose_it(shelf):
    await shelf.put("coded", cbdSubjects=[INVASIVE])
    await shelf.put("text", languages=["es"], title={"es": "Especies exóticas invasoras"})
    await shelf.put("word", languages=["pt"], title={"pt": "As espécies exóticas invasoras"})
    answer = await shelf.search.find(Ask(text="invasive alien species"))
    found = through(answer)
    assert found["coded"] == [(f"cbd-subjects:{INVASIVE}", True)]
    assert found["text"][0][0] in {"domain-concepts:invasive-alien-species", f"cbd-subjects:{INVASIVE}"}
    assert found["text"][0][1] is False


async def test_a_hit_that_came_through_something_narrower_says_so(shelf):
    await shelf.put("kenya", regions=["014"])
    (hit,) = (await shelf.search.find(Ask(text="Africa"))).hits
    (one,) = hit.through
    assert (one.asked.key, one.has.key, one.coded) == ("regions:002", "regions:014", True)


async def test_what_its_author_chose_is_told_rather_than_what_stands_in_the_text(shelf):
    await shelf.put("both", title={"en": "Invasive alien species"}, cbdSubjects=[INVASIVE])
    assert through(await shelf.search.find(Ask(text="invasive alien species")))["both"] == [
        (f"cbd-subjects:{INVASIVE}", True)
    ]


async def test_a_hit_that_has_the_word_and_not_the_concept_says_nothing(shelf):
    """A word alone, in a language that has no labels."""
    await shelf.put("word", languages=["pt"], title={"pt": "Taxonomy"})
    assert through(await shelf.search.find(Ask(text="taxonomy")))["word"] == []


async def test_what_its_author_chose_counts_for_more_than_the_text(shelf):
    await shelf.put("coded", cbdSubjects=["CBD-SUBJECT-TAXONOMY"], modified="2026-01-01T00:00:00Z")
    await shelf.put("text", problem={"en": "Some taxonomy."}, modified="2026-10-01T00:00:00Z")
    assert await shelf.found("taxonomy") == ["coded", "text"]


async def test_two_concepts_must_both_be_there_and_of_three_two(shelf):
    await shelf.put("both", cbdSubjects=[INVASIVE], countries=["KE"])
    await shelf.put("one", cbdSubjects=[INVASIVE])
    assert await shelf.found("invasive alien species Kenya") == ["both"]
    assert await shelf.found("invasive alien species Kenya taxonomy") == ["both"]


async def test_words_beside_a_concept_only_raise(shelf):
    """A text in another language has the concept and not the words."""
    await shelf.put("words", title={"en": "Zeppelin"}, cbdSubjects=[INVASIVE], modified="2026-01-01T00:00:00Z")
    await shelf.put("concept", languages=["zh"], title={"zh": "外来入侵物种"}, modified="2026-10-01T00:00:00Z")
    await shelf.put("neither", title={"en": "Zeppelin"})
    assert await shelf.found("invasive alien species zeppelin") == ["words", "concept"]


async def test_a_term_taken_literally_is_only_its_words(shelf):
    await shelf.put("coded", cbdSubjects=["CBD-SUBJECT-TAXONOMY"])
    await shelf.put("word", title={"en": "Taxonomy"})
    answer = await shelf.search.find(Ask(text="Taxonomy", plain=("taxonomy",)))
    assert names(answer) == ["word"]
    assert [term.kind for term in answer.terms] == [Kind.WORD]


async def test_a_concept_that_is_chosen_is_required(shelf):
    await shelf.put("coded", countries=["KE"], title={"en": "Sponge"})
    await shelf.put("other", title={"en": "Sponge"})
    answer = await shelf.search.find(Ask(text="sponge", concepts=("countries:KE",)))
    assert names(answer) == ["coded"]
    assert [(term.kind, term.required) for term in answer.terms] == [(Kind.CONCEPT, True), (Kind.WORD, False)]


async def test_a_concept_that_there_is_not_asks_for_nothing(shelf):
    await shelf.put("a")
    for key in ("nonsense", "countries:", ":", "countries:XX", ""):
        assert await shelf.found(concepts=(key,)) == ["a"]


async def test_a_term_says_how_many_records_have_it(shelf):
    await shelf.put("a", title={"en": "Sponge"}, countries=["KE"])
    await shelf.put("b", title={"en": "Sponge"})
    answer = await shelf.search.find(Ask(text="Kenya sponge", chosen={"type": ("Offer",)}))
    assert [(term.text, term.records) for term in answer.terms] == [("Kenya", 1), ("sponge", 2)]
    assert answer.total == 0


async def test_a_stop_word_is_no_concept(shelf):
    """`can` is no Canada, `but` no Bhutan, `того` no Togo."""
    for text, lang in (("who can help", "en"), ("but not this", "en"), ("для того", "ru")):
        answer = await shelf.search.find(Ask(text=text, lang=lang))
        assert [term for term in answer.terms if term.kind is Kind.CONCEPT] == []


async def test_a_recognised_label_also_finds_records_that_have_all_its_words_apart(shelf):
    await shelf.put("apart", title={"en": "Medicinal and agroforestry plants"})
    assert await shelf.found("medicinal plants") == ["apart"]


async def test_suggestions_are_concepts_whose_labels_begin_like_what_is_typed(shelf):
    await shelf.put("a", cbdSubjects=[INVASIVE])
    found = await shelf.search.suggest("invasive ali", "en")
    assert [(one.label, one.lang) for one in found][:1] == [("Invasive Alien Species", "en")]
    assert all("invasive" in one.label.lower() for one in found)
    assert found[0].records == 1


@pytest.mark.parametrize(
    ("typed", "lang", "label"),
    [
        ("espèces exo", "fr", "Espèces exotiques envahissantes"),
        ("especes exo", "fr", "Espèces exotiques envahissantes"),
        ("инвазивные ин", "ru", "Инвазивные инородные виды"),
        ("外来入", "zh", "外来入侵物种"),
        ("الأنواع الغر", "ar", "الأنواع الغريبة الغازية"),
        ("الانواع الغر", "ar", "الأنواع الغريبة الغازية"),
        ("exóticas", "es", "Especies exóticas invasoras"),
    ],
)
async def test_suggestions_are_in_the_language_of_the_reader(shelf, typed, lang, label):
    found = await shelf.search.suggest(typed, lang)
    assert label in {one.label for one in found}
    assert {one.lang for one in found if one.label == label} == {lang}


async def test_suggestions_are_each_concept_once_and_at_most_as_many_as_wanted(shelf):
    found = await shelf.search.suggest("e", "fr", limit=5)
    assert len(found) == 5
    assert len({one.concept.key for one in found}) == 5


async def test_english_labels_help_a_reader_of_another_language(shelf):
    assert "Kenya" in {one.label for one in await shelf.search.suggest("keny", "zh")}


async def test_nothing_typed_suggests_nothing(shelf):
    for typed in ("", "   ", "zzzzqqq", "\x00", "\ud800", "*"):
        assert await shelf.search.suggest(typed, "en") == []


async def test_a_suggestion_counts_what_its_concept_reaches(shelf):
    await shelf.put("eastern", regions=["014"])
    await shelf.put("kenya", countries=["KE"])
    counts = {one.label: one.records for one in await shelf.search.suggest("Africa", "en")}
    assert counts["Africa"] == len(await shelf.found("Africa"))


async def test_of_equals_what_is_in_the_readers_language_comes_first(shelf):
    await shelf.put(
        "french", cbdSubjects=[INVASIVE], languages=["fr"], title={"fr": "Un"}, modified="2026-01-01T00:00:00Z"
    )
    await shelf.put(
        "english", cbdSubjects=[INVASIVE], languages=["en"], title={"en": "One"}, modified="2026-01-02T00:00:00Z"
    )
    for lang, order in (("fr", ["french", "english"]), ("en", ["english", "french"])):
        assert await shelf.found("invasive alien species", lang=lang) == order
