"""Concepts in texts and queries, by the labels of all six languages."""

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmnode.analysis import TAGGED, Analyzer
from chmnode.analysis.equivalents import Equivalents
from chmnode.analysis.labels import folded
from chmnode.analysis.languages import SIX
from chmnode.concepts import Concept, Concepts, Label, Scheme, Status
from chmnode.resources import folder

CONCEPTS = Concepts.load(folder("vocab"))
ANALYZER = Analyzer(CONCEPTS)


def unaccented(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def scheme(name: str, **labels: str | Sequence[str]) -> Scheme:
    """A scheme of concepts by notation, each with English labels."""
    concepts = {}
    for notation, texts in labels.items():
        first, *others = [texts] if isinstance(texts, str) else texts
        concepts[notation] = Concept(
            iri=f"https://chm.example.org/{name}/{notation}",
            scheme=name,
            notation=notation,
            labels={"en": Label(first, Status.OFFICIAL, "en")},
            alternatives={"en": tuple(Label(each, Status.OFFICIAL, "en") for each in others)},
        )
    return Scheme(name, f"https://chm.example.org/{name}", {}, False, concepts=concepts)


def tags(text, lang, analyzer=ANALYZER):
    return analyzer.tags(analyzer.tokens(text, lang), lang)


def labels():
    for name in TAGGED:
        found = CONCEPTS.scheme(name)
        for concept in found.concepts.values() if found else ():
            for lang, label in concept.labels.items():
                if label.lang == lang:
                    yield lang, label.text, f"{name}:{concept.notation}"
            for lang, others in concept.alternatives.items():
                yield from ((lang, label.text, f"{name}:{concept.notation}") for label in others if label.lang == lang)


def covers(found, text, key, lang):
    spans = ANALYZER.spans(text, lang)
    return any(one.start <= spans[0].start and one.end >= spans[-1].end and key in one.keys for one in found)


def test_every_concept_is_offered_for_each_of_its_labels_as_printed_and_as_typed_without_accents():
    asked = [(lang, text, key) for lang, label, key in labels() if lang in SIX for text in (label, unaccented(label))]
    asked.remove(("ru", "того", "countries:TG"))  # typed so it is a pronoun
    assert len(asked) > 7000
    assert [each for each in asked if not covers(ANALYZER.found(each[1], each[0]), each[1], each[2], each[0])] == []


def test_a_label_is_understood_by_a_reader_of_any_other_language():
    missed = [
        (lang, text)
        for lang, text, key in labels()
        if lang in SIX and not covers(ANALYZER.found(text, "en" if lang != "en" else "fr"), text, key, lang)
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("lang", "text", "key"),
    [
        ("en", "We restore protected areas in Papua New Guinea.", "countries:PG"),
        ("en", "the monitoring of an invasive alien species", "cbd-subjects:CBD-SUBJECT-IAS"),
        ("fr", "Les espèces exotiques envahissantes au Cameroun", "cbd-subjects:CBD-SUBJECT-IAS"),
        ("fr", "en Côte d’Ivoire", "countries:CI"),
        ("es", "las areas protegidas de Costa Rica", "cbd-subjects:CBD-SUBJECT-PA"),
        ("ru", "в Республике Кении и Камеруне", "countries:CM"),
        ("ar", "الأنواع الغريبة الغازية في الكاميرون", "countries:CM"),
        ("zh", "喀麦隆的外来入侵物种", "countries:CM"),
        ("en", "Contributes to SDG 14 and Aichi Target 11", "sdg:SDG-GOAL-14"),
        ("en", "in line with GBF target 6", "gbf-targets:GBF-TARGET-06"),
    ],
)
def test_a_text_is_tagged_with_the_concepts_that_it_names(lang, text, key):
    assert key in tags(text, lang)
    assert any(key in found.keys for found in ANALYZER.tagged(text, lang))


@pytest.mark.parametrize(
    ("lang", "text", "key"),
    [
        ("en", "Papua New Guinea", "countries:GN"),
        ("en", "a student from Georgia", "countries:GE"),
        ("en", "wild turkey and jersey cows", "countries:TR"),
        ("en", "the target 6 of the plan", "gbf-targets:GBF-TARGET-06"),
        ("en", "guinea pigs", "countries:GN"),
        ("fr", "une réunion à Paris", "countries:RE"),
        ("fr", "la cible 6", "gbf-targets:GBF-TARGET-06"),
        ("ru", "малый бизнес", "countries:ML"),
        ("zh", "沿海地区", "countries:HT"),
        ("zh", "其中非政府组织", "regions:017"),
        ("zh", "湿地管理", "domain-concepts:gemet-11514"),
        ("en", "developing countries", "groups:BF64EC30-A6BE-4967-959F-FFE08A6A2D0A"),
        ("fr", "l’océan", "regions:009"),
        ("pt", "Cameroon", "countries:CM"),
    ],
)
def test_a_text_is_not_tagged_with_what_it_may_not_mean(lang, text, key):
    assert key not in tags(text, lang)
    assert not any(key in found.keys for found in ANALYZER.tagged(text, lang))


@pytest.mark.parametrize(
    "text", ["Target 6", "target 06", "Cible 6", "Meta 6", "Цель 6", "задача 6", "الهدف 6", "目标6", "行动目标 6"]
)
def test_a_query_for_a_target_by_its_number_is_understood_in_each_language(text):
    (found,) = ANALYZER.found(text.replace("06", "6"), "en")
    assert "gbf-targets:GBF-TARGET-06" in found.keys


def test_what_is_kept_out_of_texts_is_offered_in_queries():
    assert "countries:GE" in ANALYZER.found("georgia", "en")[0].keys
    assert "countries:RE" in ANALYZER.found("reunion", "fr")[0].keys


def test_a_label_that_several_concepts_share_offers_them_all_and_tags_nothing():
    analyzer = Analyzer(Concepts([scheme("domain-concepts", a="Spring", b=["Well", "Springs"], c="Source")]))
    assert analyzer.found("hot springs", "en") == [(4, 11, ("domain-concepts:b", "domain-concepts:a"))]
    assert tags("hot springs near the source", "en", analyzer) == {"domain-concepts:c"}


def test_a_label_that_two_schemes_share_tags_the_concepts_of_both():
    analyzer = Analyzer(Concepts([scheme("domain-concepts", a="Wetlands"), scheme("cbd-subjects", b="Wetland")]))
    assert tags("a wetland", "en", analyzer) == {"domain-concepts:a", "cbd-subjects:b"}


def test_labels_of_two_schemes_that_only_share_a_stem_tag_nothing_and_are_told_apart_in_queries():
    analyzer = Analyzer(Concepts([scheme("domain-concepts", a="fish"), scheme("cbd-subjects", b="fishing")]))
    assert tags("fishing", "en", analyzer) == set()
    assert analyzer.found("fishing", "en")[0].keys == ("cbd-subjects:b",)


def test_matched_concepts_of_one_scheme_are_no_two_meanings():
    first, second = CONCEPTS.get("domain-concepts", "gemet-6740"), CONCEPTS.get("cbd-subjects", "CBD-SUBJECT-PA")
    keys = [f"{each.scheme}:{each.notation}" for each in (first, second)]
    assert Equivalents(CONCEPTS).all(keys)
    assert not Equivalents(CONCEPTS).all([keys[0], "countries:KE"])
    assert set(keys) <= tags("protected areas", "en")


def test_stop_words_short_words_and_single_characters_tag_nothing():
    many = scheme("domain-concepts", a="The", b="EU", c="Reef")
    assert tags("the EU reef", "en", Analyzer(Concepts([many]))) == {"domain-concepts:c"}


def test_one_chinese_character_is_a_label_only_where_it_stands_alone():
    water = Concept(
        iri="https://chm.example.org/water",
        scheme="domain-concepts",
        notation="water",
        labels={"zh": Label("水", Status.OFFICIAL, "zh")},
    )
    analyzer = Analyzer(Concepts([Scheme("domain-concepts", "x", {}, False, concepts={"water": water})]))
    assert [found.keys for found in analyzer.found("水", "en")] == [("domain-concepts:water",)]
    assert analyzer.found("海水", "zh") == []
    assert tags("水", "zh", analyzer) == set()


def test_a_word_that_is_a_label_in_two_languages_offers_both_the_reader_first():
    ache, bread = (
        Concept(
            iri=f"https://chm.example.org/{name}",
            scheme="domain-concepts",
            notation=name,
            labels={lang: Label("Pain", Status.OFFICIAL, lang)},
        )
        for name, lang in (("ache", "en"), ("bread", "fr"))
    )
    both = Scheme("domain-concepts", "x", {}, provisional=False, concepts={"ache": ache, "bread": bread})
    analyzer = Analyzer(Concepts([both]))
    assert analyzer.found("pain", "fr")[0].keys == ("domain-concepts:bread", "domain-concepts:ache")
    assert analyzer.found("pains", "en")[0].keys == ("domain-concepts:ache",)


def test_places_are_those_of_the_text_as_typed():
    text = "«Les ESPÈCES exotiques envahissantes» (Cameroun)"
    first, second = ANALYZER.tagged(text, "fr")
    assert (text[first.start : first.end], text[second.start : second.end]) == (
        "ESPÈCES exotiques envahissantes",
        "Cameroun",
    )


WORDS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(" ".join)


@given(st.lists(WORDS, unique=True, min_size=1, max_size=12), st.lists(st.sampled_from("abcd"), max_size=30))
def test_labels_are_found_leftmost_and_longest(names, words):
    concepts = {f"n{place}": f"x{name.replace(' ', ' x')}y" for place, name in enumerate(names)}
    analyzer = Analyzer(Concepts([scheme("domain-concepts", **concepts)]))
    text = " ".join(f"x{word}{'y' if place % 2 else ''}" for place, word in enumerate(words))
    tokens = analyzer.tokens(text, "en")
    known = {tuple(analyzer.tokens(label, "en")) for label in concepts.values()}
    expected, place = [], 0
    while place < len(tokens):
        long = max((n for n in range(1, 6) if tuple(tokens[place : place + n]) in known), default=0)
        if long:
            expected.append(text.split()[place : place + long])
        place += long or 1
    assert [text[found.start : found.end].split() for found in analyzer.found(text, "en")] == expected


@given(st.text(max_size=60), st.sampled_from([*SIX, "pt", "", "und", "x"]))
def test_no_text_is_too_odd_to_look_for_concepts_in(text, lang):
    for found in (*ANALYZER.found(text, lang), *ANALYZER.tagged(text, lang)):
        assert text[found.start : found.end].strip()
        assert found.keys


def test_the_version_changes_with_the_labels_and_with_nothing_else():
    one, same = Analyzer(Concepts.load(folder("vocab"))), Analyzer(Concepts.load(folder("vocab")))
    other = Analyzer(Concepts([scheme("countries", KE="Kenya")]))
    assert one.version == same.version != other.version


@pytest.mark.parametrize(
    ("lang", "typed"),
    [("en", "can"), ("en", "but"), ("es", "sea"), ("es", "seas"), ("ru", "того"), ("en", "того"), ("fr", "but")],
)
def test_a_stop_word_is_no_label(lang, typed):
    assert ANALYZER.found(typed, lang) == []


def test_a_stop_word_of_another_language_is_a_label_where_it_is_spelt_like_one_of_the_readers():
    assert [found.keys for found in ANALYZER.found("sea", "en")] == [("domain-concepts:gemet-7495",)]
    assert "countries:TG" in ANALYZER.found("Того", "ru")[0].keys


def test_a_short_word_is_not_taken_for_an_inflected_one_of_another_language():
    spanish = Concept(
        iri="https://chm.example.org/canada",
        scheme="countries",
        notation="CA",
        labels={"es": Label("Cañas", Status.OFFICIAL, "es")},
    )
    analyzer = Analyzer(Concepts([Scheme("countries", "x", {}, provisional=False, concepts={"CA": spanish})]))
    assert analyzer.found("caña", "en") == []
    assert analyzer.found("caña", "es")[0].keys == analyzer.found("cañas", "en")[0].keys == ("countries:CA",)


@pytest.mark.parametrize(
    ("lang", "typed", "key"),
    [
        ("es", "manglares manglar mangle", "domain-concepts:gemet-4998"),
        ("fr", "mangrove mangroves", "domain-concepts:gemet-4998"),
        ("en", "LMO LMOs", "domain-concepts:living-modified-organism"),
        ("en", "genebank genebanks", "domain-concepts:gemet-3613"),
        ("fr", "animal animaux", "domain-concepts:x"),
        ("ru", "лес леса лесу лесом лесов лесами", "domain-concepts:gemet-3406"),
        ("ar", "المحميات محميات محمية للمحميات والمحميات", "domain-concepts:gemet-6740"),
        ("ar", "تصحر التصحر والتصحر للتصحر بالتصحر", "domain-concepts:gemet-2105"),
    ],
)
def test_a_label_is_understood_in_its_plural_and_its_singular(lang, typed, key):
    concepts = CONCEPTS
    if key.endswith(":x"):
        label = Label("animal", Status.OFFICIAL, "fr")
        beast = Concept(iri="https://chm.example.org/x", scheme="domain-concepts", notation="x", labels={"fr": label})
        concepts = Concepts([Scheme("domain-concepts", "x", {}, provisional=False, concepts={"x": beast})])
    analyzer = Analyzer(concepts) if concepts is not CONCEPTS else ANALYZER
    for word in typed.split():
        assert key in analyzer.found(word, lang)[0].keys, word


def test_a_text_with_the_other_number_of_a_label_is_tagged():
    assert "domain-concepts:gemet-4998" in tags("restauramos los manglares de la costa", "es")
    assert "domain-concepts:living-modified-organism" in tags("detection of LMOs", "en")
    assert "domain-concepts:gemet-3613" in tags("national genebanks", "en")


def test_a_form_of_one_label_that_is_a_label_of_another_concept_means_the_other_alone():
    analyzer = Analyzer(Concepts([scheme("domain-concepts", a="LMO", b="LMOs")]))
    assert analyzer.found("LMOs", "en")[0].keys == ("domain-concepts:b",)


def test_an_arabic_label_is_read_behind_a_preposition():
    assert "domain-concepts:climate-change" in tags("تدريب لتغير المناخ", "ar")


@pytest.mark.parametrize(
    ("lang", "text", "key"),
    [
        ("en", "an endangered and introduced marine plant", "domain-concepts:iucn-endangered"),
        ("en", "an endangered and introduced marine plant", "domain-concepts:establishment-introduced"),
        ("en", "an endangered and introduced marine plant", "domain-concepts:gbif-topic-marine"),
        ("es", "una planta en peligro", "domain-concepts:iucn-endangered"),
        ("en", "the ecosystems of our mountains", "regions:38126DBD-8B41-4355-B0E5-643655CBC06E"),
        ("en", "the ecosystems of our mountains", "regions:1C1B2D57-0F0F-423D-99C8-A048051B508C"),
        ("ru", "течения и Тихий океан", "regions:9DB40F52-ADCC-490C-9945-235CBD45CFAC"),
    ],
)
def test_everyday_adjectives_and_chapters_of_places_tag_nothing_but_are_understood(lang, text, key):
    assert key not in tags(text, lang)
    concept = CONCEPTS.by_key(key)
    assert any(key in found.keys for found in ANALYZER.found(concept.labels[lang].text, lang))


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        (
            "assistance-types:CHM-ASSIST-TRAINING",
            "en:training fr:formation es:formación es:entrenamiento es:capacitación",
        ),
        (
            "assistance-types:CHM-ASSIST-TRAINING",
            "ru:обучение ru:тренинг ar:تدريب ar:التدريب zh:培训 zh:培训班 fr:ateliers",
        ),
        ("assistance-types:CHM-ASSIST-FINANCE", "en:funding fr:financement es:financiación es:financiamiento"),
        ("assistance-types:CHM-ASSIST-FINANCE", "ru:финансирование ar:تمويل ar:التمويل zh:资金 zh:供资"),
        ("assistance-types:CHM-ASSIST-EQUIPMENT", "en:equipment fr:équipements es:equipamiento ru:оборудования"),
        ("assistance-types:CHM-ASSIST-EQUIPMENT", "ar:معدات ar:المعدات zh:设备"),
        ("assistance-types:CHM-ASSIST-SCHOLARSHIPS", "en:scholarships fr:bourses es:beca ru:стипендии zh:奖学金"),
        ("regions:9DB40F52-ADCC-490C-9945-235CBD45CFAC", "en:Pacific fr:Pacifique es:Pacífico zh:太平洋 zh:太平洋岛屿"),
        ("domain-concepts:gemet-2105", "zh:荒漠化 zh:沙漠化 en:desertification ru:опустыниванием"),
        ("domain-concepts:gemet-8313", "fr:taxonomistes es:taxónomos ru:таксономисты zh:分类学家 en:taxonomists"),
        ("domain-concepts:nbsap", "en:NBSAPs fr:SPANB es:EPANB ru:НСПДСБ"),
        ("domain-concepts:living-modified-organism", "fr:OVM es:OVM ru:ОВМ"),
    ],
)
def test_what_people_type_is_understood_in_their_language(key, typed):
    for lang, word in (each.split(":") for each in typed.split()):
        assert any(key in found.keys for found in ANALYZER.found(word, lang)), (lang, word)


def test_no_alternative_of_ours_makes_the_name_of_another_concept_of_its_scheme_ambiguous():
    """A name shared by concepts that are not matched would be read in no text at all."""
    ours, holders = set(), {}
    for name in TAGGED:
        for concept in CONCEPTS.scheme(name).concepts.values():
            for lang in SIX:
                others = [label for label in concept.alternatives.get(lang, ()) if label.lang == lang]
                ours |= {
                    (name, lang, folded(label.text))
                    for label in others
                    if label.status in {Status.DRAFTED, Status.MACHINE_TRANSLATED}
                }
                for label in (concept.labels[lang], *others):
                    holders.setdefault((name, lang, folded(label.text)), set()).add(concept.key)
    same = Equivalents(CONCEPTS)
    assert len(ours) > 700
    assert {each: holders[each] for each in ours if not same.all(sorted(holders[each]))} == {}
