"""What is asked of a search in a benchmark: words, phrases, concepts with few hits and with many, in six languages.

They are chosen from what the filled database really finds, so that hits spread from 10 to 50,000; each is asked alone
and with one to three facets chosen.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np

from chmnode.search.engine import Search
from chmnode.search.model import Ask, Found, Kind
from chmnode.search.query import Understanding
from chmnode.storage import Database, Documents
from tests.bench import corpus
from tests.bench.searcher import searching

#: Hits wanted of a word, at 200,000 records.
LEVELS = (10, 100, 1_000, 10_000, 30_000, 50_000)
FULL = 200_000
MOST = 50_000
#: Facets that are chosen, in turn; each with the value that most hits have but one: the first region is the world.
CHOSEN = ("type", "subject", "region", "help", "target", "language", "country")
CANDIDATES = 48
CONCEPTS = 120


@dataclass(frozen=True, slots=True)
class Asked:
    """One search, and how many it found when it was chosen."""

    kind: str
    text: str
    lang: str
    chosen: dict[str, list[str]]
    hits: int

    @property
    def apart(self) -> bool:
        """Whether words are written apart, so that a plain full text search finds the same."""
        return self.lang != "zh"


async def queries(database: Database, size: int) -> list[Asked]:
    """All of them, alone; those with facets follow from each (`with_facets`)."""
    choice = _Choice(searching(database), Documents(database.read), min(1.0, size / FULL))
    words = {lang: [one async for one in choice.words(lang)] for lang in corpus.LANGUAGES}
    concepts = await choice.concepts()
    several = [*choice.two_words(words), *choice.mixed(words, concepts), *choice.phrases()]
    found = [*(one for some in words.values() for one in some), *concepts]
    found += [one for text in several if (one := await choice.asked(*text)) is not None]
    return list({(one.text, one.lang): one for one in found}.values())


@dataclass(frozen=True, slots=True)
class _Choice:
    """Looks for queries with as many hits as are wanted."""

    search: Search
    documents: Documents
    scale: float

    @property
    def understanding(self) -> Understanding:
        return self.search._understanding

    async def asked(self, kind: str, text: str, lang: str) -> Asked | None:
        """A query, if it finds some records and not too many."""
        found = await self.search.find(Ask(text=text, lang=lang))
        return Asked(kind, text, lang, {}, found.total) if 0 < found.total <= MOST and not found.relaxed else None

    async def words(self, lang: str) -> Iterator[Asked]:
        """For each level the word that comes nearest."""
        things = corpus.world().speeches[lang].words.things
        hits = {}
        for rank in np.unique(np.geomspace(1, len(things), CANDIDATES).astype(int)) - 1:
            clauses = self.understanding.query(Ask(text=things[rank], lang=lang)).clauses
            if len(clauses) == 1 and clauses[0].term.kind is Kind.WORD:
                hits[things[rank]] = len(await self.documents.holding(clauses[0].literal))
        for level in LEVELS:
            if word := _nearest(hits, level * self.scale):
                del hits[word]
                if one := await self.asked("word", word, lang):
                    yield one

    async def concepts(self) -> list[Asked]:
        """Two for each level, in any language."""
        hits: dict[tuple[str, str], int] = {}
        for at, lang in zip(range(CONCEPTS), corpus.LANGUAGES * CONCEPTS, strict=False):
            labels = corpus.world().speeches[lang].labels.things
            text = labels[min(len(labels) - 1, int(1.09**at / 40) + at)]
            clauses = self.understanding.query(Ask(text=text, lang=lang)).clauses
            if len(clauses) == 1 and clauses[0].term.kind is Kind.CONCEPT:
                found = await self.search.find(Ask(text=text, lang=lang))
                hits[text, lang] = found.total
        return [
            Asked("concept", *text, {}, hits.pop(text))
            for level in LEVELS * 2
            if (text := _nearest(hits, level * self.scale))
        ]

    @staticmethod
    def two_words(words: dict[str, list[Asked]]) -> Iterator[tuple[str, str, str]]:
        """A frequent one with one less frequent, the most frequent two."""
        for lang in ("en", "es", "fr", "ru", "ar"):
            *_, third, second, first = words[lang]
            yield "two words", f"{second.text} {first.text}", lang
            yield "two words", f"{third.text} {first.text}", lang

    @staticmethod
    def mixed(words: dict[str, list[Asked]], concepts: Sequence[Asked]) -> Iterator[tuple[str, str, str]]:
        """A concept and a word."""
        for concept in concepts:
            yield "concept, word", f"{concept.text} {words[concept.lang][-2].text}", concept.lang

    @staticmethod
    def phrases() -> Iterator[tuple[str, str, str]]:
        """Runs of words that come often and less often, and two frequent words that stand together by chance."""
        for lang in ("en", "es", "fr", "ru", "ar", "zh"):
            speech = corpus.world().speeches[lang]
            yield "phrase", f'"{speech.phrases.things[0]}"', lang
            yield "phrase", f'"{speech.phrases.things[60]}"', lang
            yield "phrase", f'"{speech.space.join(speech.words.things[4:6])}"', lang


async def with_facets(database: Database, alone: Sequence[Asked]) -> list[Asked]:
    """Each query, alone and with one to three facets chosen."""
    search, found = searching(database), []
    for number, one in enumerate(alone):
        answer = await search.find(Ask(text=one.text, lang=one.lang))
        names = [CHOSEN[(number + step) % len(CHOSEN)] for step in range(number % 3 + 1)]
        found += [one, Asked(one.kind, one.text, one.lang, _chosen(answer, names), one.hits)]
    return found


def _chosen(answer: Found, names: Iterable[str]) -> dict[str, list[str]]:
    values = {facet.name: facet.values for facet in answer.facets}
    return {name: [values[name][:2][-1].value] for name in names if values[name]}


def _nearest(hits: dict, level: float):
    """Of what has hits, not too many, that which has nearest to so many."""
    few = {thing: count for thing, count in hits.items() if 0 < count <= MOST}
    return min(few, key=lambda thing: abs(log(few[thing] / level)), default=None)


def write(file: Path, asked: Sequence[Asked]) -> None:
    """For the process that asks them."""
    lines = [{"text": one.text, "lang": one.lang, "chosen": one.chosen} for one in asked]
    file.write_text(json.dumps(lines, ensure_ascii=False), "utf-8")


def summary(asked: Sequence[Asked]) -> str:
    """What they are, in one line."""
    kinds = dict.fromkeys(one.kind for one in asked)
    alone = [one for one in asked if not one.chosen]
    counts = ", ".join(f"{sum(one.kind == kind for one in alone)} {kind}" for kind in kinds)
    spread = np.percentile([one.hits for one in alone], [0, 25, 50, 75, 100]).astype(int)
    return f"{len(alone)} queries ({counts}); hits {', '.join(f'{one:,}' for one in spread)} (quartiles)"
