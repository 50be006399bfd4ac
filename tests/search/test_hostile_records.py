"""What a hostile record may cost a search, and what it may not gain: invented codes, endless words, dates to come.

Each test is an attack that once succeeded. The records are such as a harvest accepts: of a type or a schema version
that this node does not know, anything may stand in them. Bounds are written here as numbers, not taken from the code.
"""

import random
from difflib import SequenceMatcher

import pytest

from chmnode import resources
from chmnode.analysis import Analyzer
from chmnode.portal import changes as comparing
from chmnode.portal import history
from chmnode.records.catalogue import Catalogue
from chmnode.search import snippets as passages
from chmnode.search.model import Ask, Sort
from chmnode.search.query import Understanding
from chmnode.search.snippets import Snippets
from chmnode.storage import Documents
from tests.node.pages import teller
from tests.search.shelf import HOME, NOW, ORIGIN, Shelf, analyzer, concepts

DAY = 86_400
#: One ligature that folds to eighteen characters; four of them make a long word of a short one.
LIGATURE = "\ufdfa"
UNKNOWN = "https://w3id.org/chm/schemas/endorsement/9.0"
STEPS = 5


async def dictionary(shelf):
    """All values of facets that the database knows."""
    return {(facet, value) for _, facet, value in await Documents(shelf.database.read).values(0)}


def invented(count=200):
    """Codes that no vocabulary has."""
    return [f"Jane Doe {number}" for number in range(count)]


# Codes and languages.


async def test_codes_that_no_vocabulary_has_become_no_values_of_facets(shelf):
    real = next(iter(concepts().scheme("cbd-subjects").concepts))
    members = ("gbfTargets", "assistanceTypes", "assistanceTypesFree", "countries", "regions")
    codes = {name: invented() for name in members}
    await shelf.put("odd", type="Oddity", government="Jane", country="Doe", cbdSubjects=[*invented(), real], **codes)
    assert await shelf.counts("subject") == {real: 1}
    assert await dictionary(shelf) == {
        ("type", "Oddity"),
        ("node", ORIGIN),
        ("concept", f"cbd-subjects:{real}"),
        ("subject", real),
        ("concept", "languages:en"),
        ("language", "en"),
    }


async def test_an_invented_code_finds_nothing_and_comes_back_only_as_it_was_typed(shelf):
    await shelf.put("odd", type="Oddity", cbdSubjects=["Jane Doe HIV Positive"])
    assert await shelf.found() == ["odd"]
    typed = "jane doe hiv positive"
    assert await shelf.found(f'subject:"{typed}"') == []
    assert await shelf.found(chosen={"subject": ("Jane Doe HIV Positive",)}) == []
    assert await shelf.counts("subject", text=f'subject:"{typed}"') == {typed: 0}


async def test_what_has_not_the_form_of_a_language_tag_is_no_language(shelf):
    await shelf.put("odd", type="Oddity", languages=["Jane", "jane doe", "x", "q1", "12", "", "日本", "en\0", "-"])
    assert await shelf.counts("language") == {}
    assert await dictionary(shelf) == {("type", "Oddity"), ("node", ORIGIN)}


async def test_languages_are_known_by_their_primary_subtags_also_those_outside_the_vocabulary(shelf):
    await shelf.put("odd", type="Oddity", languages=["sw", "pt-BR", "gsw", "kok-Deva-IN"])
    assert await shelf.counts("language") == {"sw": 1, "pt": 1, "gsw": 1, "kok": 1}


# Words.

LONG = {
    "one word": " ".join([f"aaa{LIGATURE * 4}"] * 15_000),
    "many words": " ".join(f"{number:05}{LIGATURE * 3}" for number in range(15_000)),
}


@pytest.mark.parametrize("problem", LONG.values(), ids=LONG)
async def test_a_record_whose_letters_fold_to_many_is_stored_and_found_on_both_databases(shelf, problem):
    """A tsvector holds less than a megabyte; 240 KB of ligatures fold to two."""
    await shelf.put("before")
    await shelf.put("big", title={"en": "Glimmer"}, problem={"en": problem})
    await shelf.put("after")
    assert await shelf.found("glimmer") == await shelf.found("title:glimmer") == ["big"]
    assert await shelf.found(problem.split()[0]) == ["big"]
    assert sorted(await shelf.found()) == ["after", "before", "big"]


async def test_only_the_beginning_of_an_endless_title_counts_as_a_title(shelf):
    words = [f"quartz{number}" for number in range(2_000)]
    await shelf.put("endless", type="Oddity", title={"en": " ".join(words)}, modified="2026-11-19T00:00:00Z")
    await shelf.put("honest", title={"en": words[60]}, modified="2026-01-01T00:00:00Z")
    assert await shelf.found(f"title:{words[0]}") == await shelf.found(f"title:{words[59]}") == ["endless"]
    assert await shelf.found(f"title:{words[60]}") == ["honest"]
    assert await shelf.found(words[60]) == ["honest", "endless"]
    assert await shelf.found(words[1_999]) == ["endless"]


async def test_titles_in_six_languages_all_count_as_titles(shelf):
    title = {
        lang: " ".join(f"{lang}word{number}" for number in range(24)) for lang in ("ar", "en", "es", "fr", "ru", "zh")
    }
    await shelf.put("a", title=title)
    assert [await shelf.found(f"title:{lang}word23") for lang in title] == [["a"]] * 6


async def test_a_text_that_is_cut_for_its_bytes_answers_a_phrase_alike(shelf):
    many = "aaa" + LIGATURE * 4
    await shelf.put("big", problem={"en": " ".join([many] * 300 + [f"{many} kelp"] + [many] * 15_000)})
    assert await shelf.found(f'"{many} kelp"') == ["big"]  # what is beyond 250 of one is dropped, so that they touch


# Endorsements.


def endorsements(sha256):
    """What an endorsement of a version to come may name."""
    sound = {"id": HOME + "need", "revision": 1, "sha256": sha256}
    return {
        "nul in id": {**sound, "id": HOME + "need\0"},
        "nul in sha256": {**sound, "sha256": sha256[:-1] + "\0"},
        "true as revision": {**sound, "revision": True},
        "no revision at all": {**sound, "revision": 0},
        "revision too large": {**sound, "revision": 1 << 40},
        "endless id": {**sound, "id": HOME + "".join(random.Random(1).choices("abcdefgh123", k=9_000))},
        "endless sha256": {**sound, "sha256": "".join(random.Random(2).choices("0123456789abcdef", k=9_000))},
        "capitals in sha256": {**sound, "sha256": sha256.upper()},
        "space in id": {**sound, "id": HOME + "ne ed"},
    }


@pytest.mark.parametrize("what", endorsements("0" * 64))
async def test_an_endorsement_of_an_unknown_version_marks_nothing_and_stops_no_log(shelf, what):
    await shelf.put("need", title={"en": "Sponge"})
    named = endorsements(shelf.sha256("need"))[what]
    await shelf.put("odd", type="Endorsement", schema=UNKNOWN, government="KE", title={"en": "Quartz"}, endorsed=named)
    await shelf.put("after", title={"en": "Kelp"})
    assert await shelf.counts("endorsed") == {}
    assert await shelf.database.read.fetch_one("endorsement_any") is None
    assert await shelf.found("quartz", chosen={"type": ("Endorsement",)}) == ["odd"]
    assert await shelf.found("kelp") == ["after"]
    await shelf.put("odd", type="Endorsement", schema=UNKNOWN, government="KE", title={"en": "Silica"}, endorsed=named)
    await shelf.endorse("yes", "need", "KE")
    assert await shelf.counts("endorsed") == {"KE": 1, "yes": 1}


# Standing in a list.


async def test_records_that_claim_one_identifier_are_all_found_by_it(shelf):
    """Whoever is harvested first does not hide the one whose identifier it is."""
    other = Shelf(shelf.database, origin="chm.example.ug/log")
    await other.put("claims", government="UG", identifier="CHM-KEN-NEED-7")
    await shelf.put("owns", government="KE", identifier="CHM-KEN-NEED-7")
    await shelf.put("unlike", government="KE", identifier="CHM-KEN-NEED-77")
    for typed in ("CHM-KEN-NEED-7", "chm-ken-need-7", "id:CHM-KEN-NEED-7"):
        assert sorted(await shelf.found(typed)) == ["claims", "owns"]
    await other.withdraw("claims")
    assert await shelf.found("CHM-KEN-NEED-7") == ["owns"]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "2100-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59"])
async def test_a_date_to_come_makes_nobody_the_newest_for_more_than_a_day(shelf, moment):
    shelf.indexing.clock = lambda: shelf.now
    await shelf.put("late", modified=moment)
    (stored,) = await Documents(shelf.database.read).block(1, 100)
    assert stored.modified <= NOW + DAY
    assert await shelf.found(until="2026-11-21") == ["late"]
    shelf.now = NOW + 2 * DAY
    await shelf.put("honest", modified="2026-11-22T11:00:00Z")
    assert await shelf.found(sort=Sort.NEWEST) == ["honest", "late"]


async def test_clocks_that_differ_by_hours_are_no_date_to_come(shelf):
    shelf.indexing.clock = lambda: shelf.now
    await shelf.put("first", modified="2026-11-20T20:00:00Z")
    await shelf.put("second", modified="2026-11-20T22:00:00Z")
    assert await shelf.found(sort=Sort.NEWEST) == ["second", "first"]
    stored = await Documents(shelf.database.read).block(1, 100)
    assert [one.modified - NOW for one in stored] == [8 * 3_600, 10 * 3_600]


async def test_no_more_than_three_hundred_values_of_a_facet_are_listed_and_chosen_ones_always(shelf):
    kinds = [f"Kind{number:03}" for number in range(320)]
    await shelf.put_all({kind.lower(): {"type": kind} for kind in kinds})
    assert list(await shelf.counts("type")) == kinds[:300]
    chosen = {"type": ("Kind318", "Kind001", "Kind319")}
    assert list(await shelf.counts("type", chosen=chosen)) == [*kinds[:300], "Kind318", "Kind319"]
    assert sorted(await shelf.found(chosen=chosen)) == ["kind001", "kind318", "kind319"]


async def test_an_erased_record_leaves_neither_its_words_nor_values_of_its_making(shelf):
    secret = {"title": {"en": "Zirconium"}, "note": {"en": "quartz glimmer"}, "cbdSubjects": ["Jane Doe HIV Positive"]}
    await shelf.put("kept", type="Oddity")
    before = await dictionary(shelf)
    await shelf.put("secret", type="Oddity", languages=["en", "jane doe"], government="Jane", **secret)
    asked = ("zirconium", "title:zirconium", "glimmer", '"quartz glimmer"', 'subject:"jane doe hiv positive"')
    words = [analyzer().phrases(word, "en")[0] for word in ("zirconium", "quartz", "glimmer")]
    assert [await shelf.found(text) for text in asked] == [["secret"]] * 4 + [[]]
    assert [len(await Documents(shelf.database.read).holding([held])) for held in words] == [1, 1, 1]
    await shelf.erase("secret")
    for _ in range(STEPS):
        await shelf.upkeep.step()
    assert [(await shelf.search.find(Ask(text=text))).total for text in asked] == [0] * 5
    assert [len(await Documents(shelf.database.read).holding([held])) for held in words] == [0, 0, 0]
    assert await dictionary(shelf) == before
    assert await shelf.found() == ["kept"]


# Marks in a text.

HOSTILE = {
    "type": "Oddity",
    "title": {"en": "a " * 400},
    **{f"text{number:02}": {"en": "a a a a c " * 450} for number in range(24)},
}


def terms(query):
    """What a query was understood as."""
    return [clause.term for clause in Understanding(analyzer(), concepts()).query(Ask(text=query)).clauses]


class Looked(Analyzer):
    """The real analyzer, which tells how many characters it was given to mark."""

    def __init__(self):
        super().__init__(concepts())
        self.characters = 0

    def spans(self, text, lang):
        self.characters += len(text)
        return super().spans(text, lang)


def marking(looked):
    return Snippets(looked, Catalogue.load(resources.folder("schemas")), concepts())


SEVERAL = " ".join(f"a{number}" for number in range(23))


@pytest.mark.parametrize("query", ["a zebra", "mangrove a", f"a {SEVERAL}"], ids=["word", "concept", "24 terms"])
def test_a_passage_is_sought_in_no_more_than_some_texts_of_a_record(query):
    """What no text has all of is looked for in every one: there were 108,000 characters of them, for every hit."""
    looked = Looked()
    found = marking(looked).of(HOSTILE, terms(query), "en")
    assert 0 < looked.characters <= 20_000 + 6_000
    assert 0 < sum(len(text) for text, _ in found.parts) <= 260


def test_no_further_text_is_read_when_one_has_everything():
    looked = Looked()
    assert marking(looked).of(HOSTILE, terms("c"), "en").marked
    assert looked.characters == 4_000


def test_no_more_than_two_hundred_marks_are_weighed_against_each_other(monkeypatch):
    weighed, window = [], passages._window

    def counted(whole, marks):
        weighed.append(len(marks))
        return window(whole, marks)

    monkeypatch.setattr(passages, "_window", counted)
    assert marking(Looked()).of(HOSTILE, terms("c"), "en").marked
    assert weighed == [200]


def test_an_endless_title_is_cut_before_it_is_marked():
    looked = Looked()
    shown = marking(looked).title(HOSTILE, terms("a"), "en")
    assert "".join(text for text, _ in shown.parts) == "a " * 150
    assert looked.characters == 300


# Two revisions.


def revisions(count, words, members=170):
    """Texts of two words in no order, which are the slowest to compare."""
    some = random.Random(7)
    return [
        {"id": HOME + "x", "type": "Oddity"}
        | {f"m{one:03}": {"en": " ".join(some.choices("ab", k=words))} for one in range(members)}
        for _ in range(count)
    ]


@pytest.fixture
def compared(monkeypatch):
    """Products of the lengths of what was really compared word by word."""
    costs = []

    class Counting(SequenceMatcher):
        def __init__(self, isjunk, old, new, **options):
            costs.append(len(old) * len(new))
            super().__init__(isjunk, old, new, **options)

    monkeypatch.setattr(comparing, "SequenceMatcher", Counting)
    return costs


def word_by_word(change):
    """Whether a text is told by more than its common ends and what stands between them."""
    between = [piece for piece in change.pieces if piece.kind not in {comparing.Kind.SAME, comparing.Kind.LEFT_OUT}]
    return len(between) > 2


def test_texts_that_would_take_too_long_to_compare_are_replaced_as_a_whole(compared):
    steps = history._compared(revisions(4, words=700), teller())
    assert [step and len(step) for step in steps] == [None, 60, 60, 60]
    assert compared == []
    assert not any(word_by_word(change) for step in steps[1:] for change in step)


def test_all_comparisons_of_a_page_share_one_effort_which_the_newest_spend_first(compared):
    steps = history._compared(revisions(4, words=300), teller())
    assert 2_000_000 < sum(compared) <= 3_000_000
    assert [step and len(step) for step in steps] == [None, 60, 60, 60]
    told = [sum(map(word_by_word, step)) for step in steps[1:]]
    assert told == [0, 0, len(compared)]


def test_a_text_in_very_many_languages_is_compared_in_some_of_them(compared):
    before, after = ({"id": HOME + "x", "note": {f"aa-{at:03}": f"{word} {at}" for at in range(500)}} for word in "ab")
    assert len(comparing.changes(before, after, teller())) == 60
    assert len(compared) == 60
