"""Drafts of needs and offers as a bulk import brings them: some 3 kB once signed, in six languages, from one seed.

The words are made up for this purpose and mean nothing in their order. What differs between records is what differs
in life: languages, places, subjects, text that compresses about as well as that of the records of the demonstration.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

SEED = 20_221_219
#: Bytes of text in a draft; what the node adds brings the record to some 3 kB.
TEXT_BYTES = 1_750

TITLES = {
    "ar": "تدريب على رصد الشعاب المرجانية",
    "en": "Training in the monitoring of coral reefs",
    "es": "Formación en el seguimiento de los arrecifes",
    "fr": "Formation à la surveillance des récifs",
    "ru": "Обучение наблюдению за коралловыми рифами",
    "zh": "珊瑚礁监测培训",
}
SENTENCES = {
    "ar": (
        "لا يوجد في البلد من يستطيع تحديد الأنواع الغازية في الموانئ.",
        "تحتاج المحميات الساحلية إلى معدات بسيطة وإلى من يدرّب الحراس عليها.",
        "تشارك المجتمعات المحلية في جمع البيانات منذ ثلاث سنوات.",
        "ستُنشر النتائج باللغة العربية ليستفيد منها الصيادون.",
    ),
    "en": (
        "Nobody in the ministry can identify the invasive species that arrive with ballast water.",
        "The protected areas on the coast need simple equipment, and somebody who trains the rangers in its use.",
        "Local communities have been collecting data for three years, on paper, in two languages.",
        "A course of two weeks for twenty people, half of them women, would close the gap.",
    ),
    "es": (
        "Nadie en el ministerio puede identificar las especies invasoras que llegan con el agua de lastre.",
        "Las áreas protegidas de la costa necesitan equipo sencillo y alguien que enseñe a usarlo.",
        "Las comunidades locales recogen datos desde hace tres años, en papel y en dos lenguas.",
        "Un curso de dos semanas para veinte personas cubriría la carencia.",
    ),
    "fr": (
        "Personne au ministère ne sait reconnaître les espèces envahissantes qui arrivent avec l’eau de ballast.",
        "Les aires protégées du littoral ont besoin d’un équipement simple et de quelqu’un qui forme les gardes.",
        "Les communautés locales recueillent des données depuis trois ans, sur papier, en deux langues.",
        "Un cours de deux semaines pour vingt personnes comblerait cette lacune.",
    ),
    "ru": (
        "Никто в министерстве не может определить инвазивные виды, прибывающие с балластными водами.",
        "Прибрежным заповедникам нужно простое оборудование и тот, кто обучит инспекторов.",
        "Местные общины собирают данные уже три года, на бумаге и на двух языках.",
        "Двухнедельный курс для двадцати человек закрыл бы этот пробел.",
    ),
    "zh": (
        "部里没有人能够识别随压舱水而来的外来入侵物种。",
        "沿海保护区需要简单的设备，也需要有人培训护林员使用这些设备。",
        "当地社区三年来一直用两种语言在纸上收集数据。",
        "为二十人举办为期两周的课程就可以弥补这一差距。",
    ),
}
#: What takes the place of sentences that nobody has to read.
WORDS = {
    language: sorted({word for line in lines for word in (line if language == "zh" else line.split())})
    for language, lines in SENTENCES.items()
}
#: What makes them as various as words are in life.
ENDINGS = ("", "", "", ",", ".", *(f" {year}" for year in range(1992, 2027)))
ASSISTANCE = ("CHM-ASSIST-DATA-INFORMATION", "CHM-ASSIST-EQUIPMENT", "CHM-ASSIST-MENTORING", "CHM-ASSIST-TRAINING")
SUBJECTS = ("CBD-SUBJECT-ECORES", "CBD-SUBJECT-FOR", "CBD-SUBJECT-IAS", "CBD-SUBJECT-PA", "CBD-SUBJECT-TAXONOMY")
TARGETS = tuple(f"GBF-TARGET-{number:02}" for number in range(1, 24))
COUNTRIES = ("CM", "CR", "FJ", "KE", "KG", "TV", "VU")


def drafts(government: str) -> Iterator[dict[str, object]]:
    """Needs and offers in turn, without end, the same ones every time."""
    chance = Random(SEED)
    number = 0
    while True:
        yield _draft(chance, number := number + 1, government)


def _draft(chance: Random, number: int, government: str) -> dict[str, object]:
    languages = chance.sample(sorted(SENTENCES), chance.randint(1, 3))
    text = _text(chance, languages)
    common = {
        "languages": languages,
        "title": {language: f"{TITLES[language]} {number}" for language in languages},
        "government": government,
        "assistanceTypes": _some(chance, ASSISTANCE, 3),
        "cbdSubjects": _some(chance, SUBJECTS, 3),
        "gbfTargets": _some(chance, TARGETS, 4),
        "source": {"url": f"https://archive.example.org/requests/{number}", "date": "2025-11"},
    }
    if number % 2:
        return {**common, "type": "Need", "countries": [government], "problem": text}
    eligibility = {"countries": _some(chance, COUNTRIES, 5), "regions": ["002"]}
    return {**common, "type": "Offer", "countries": [], "regions": ["002"], "summary": text, "eligibility": eligibility}


def _text(chance: Random, languages: list[str]) -> dict[str, str]:
    """Words of these languages, until there are enough bytes; whole sentences repeated would compress to nothing."""
    parts: dict[str, list[str]] = {language: [] for language in languages}
    size = 0
    while size < TEXT_BYTES:
        language = min(languages, key=lambda one: len(parts[one]))
        word = f"{chance.choice(WORDS[language])}{chance.choice(ENDINGS)}"
        parts[language].append(word)
        size += len(word.encode()) + 1
    return {language: " ".join(words) for language, words in parts.items()}


def _some(chance: Random, codes: tuple[str, ...], most: int) -> list[str]:
    return sorted(chance.sample(codes, chance.randint(1, most)))


def write(file: Path, count: int, government: str) -> Path:
    """Write so many drafts as JSON Lines."""
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(draft, ensure_ascii=False) + "\n" for draft in islice(drafts(government), count))
    return file
