"""The search engine: from an `Ask` to a `Found`.

Owns the order of the work. The query is understood (`query`); the database says which documents hold its words
(`storage.documents`); everything else is arithmetic over the columns of all documents (`columns`, `ranking`, `facets`,
`order`), in a thread, so that other requests go on; at last the records of one page are read. A committed change is in
the next answer. Refuses nothing that was asked: what cannot be read of a search is named in `Found.ignored`.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Final

import numpy as np

from chmnode.analysis import Analyzer
from chmnode.concepts import Concept, Concepts
from chmnode.concepts.catalogue import COUNTRY_SETS
from chmnode.search import facets, order, ranking
from chmnode.search.columns import Columns, Mask, follow
from chmnode.search.model import Ask, Facet, Found, Hit, Kind, Sort, Suggestion, Term, Through
from chmnode.search.order import Cursor
from chmnode.search.query import Clause, Query, Understanding
from chmnode.search.ranking import Looked
from chmnode.search.suggesting import Labels
from chmnode.storage import Database, Documents, Records
from chmnode.storage.documents import Docs

#: Hits on a page, at most.
MOST_HITS: Final = 500
_DAY: Final = 86_400
_NONE: Final[Docs] = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of the answer, by document number."""

    docs: list[int]
    total: int
    facets: tuple[Facet, ...]
    #: Documents that each clause finds.
    found: tuple[int, ...]
    relaxed: bool
    more: str | None
    ignored: tuple[str, ...]


class Search:
    """Finds records of one node.

    Args:
        database: of the node.
        analyzer: of words.
        concepts: of all schemes.
        clock: POSIX seconds.
    """

    def __init__(
        self, database: Database, analyzer: Analyzer, concepts: Concepts, clock: Callable[[], float] = time.time
    ) -> None:
        self._documents = Documents(database.read)
        self._records = Records(database.read)
        self._understanding = Understanding(analyzer, concepts)
        self._concepts = concepts
        self._clock = clock
        self._columns = Columns()
        self._turn = asyncio.Lock()
        self._labels = Labels(concepts)

    async def find(self, ask: Ask) -> Found:
        """Search."""
        started = time.perf_counter()
        query = self._understanding.query(ask)
        columns = await self.current()
        looked = await asyncio.gather(*(self._look(clause) for clause in query.clauses))
        named = await self._named(query)
        page = await asyncio.to_thread(self._answer, ask, query, columns, looked, named)
        terms = [replace(one.clause.term, records=count) for one, count in zip(looked, page.found, strict=True)]
        return Found(
            ask=ask,
            total=page.total,
            hits=await self._hits(columns, page.docs, looked),
            facets=page.facets,
            terms=terms,
            more=page.more,
            relaxed=page.relaxed,
            ignored=page.ignored,
            seconds=time.perf_counter() - started,
        )

    async def suggest(self, typed: str, lang: str, limit: int = 8) -> list[Suggestion]:
        """Concepts whose labels begin like what is being typed, those of the reader's language first."""
        found = self._labels.beginning(typed, lang, limit)
        columns = await self.current()
        counts = await asyncio.to_thread(lambda: [self._about(columns, concept) for _, concept in found])
        return [
            Suggestion(label=label.text, lang=label.lang, concept=concept, records=count)
            for (label, concept), count in zip(found, counts, strict=True)
        ]

    async def prepare(self) -> None:
        """Do once what the first search would have to wait for: read the index, make ready the labels."""
        await self.current()
        await asyncio.to_thread(self._understanding.query, Ask(text="prepare"))

    async def current(self) -> Columns:
        """The snapshot of all documents, brought up to date."""
        async with self._turn:
            self._columns = await follow(self._columns, self._documents)
            return self._columns

    def _about(self, columns: Columns, concept: Concept) -> int:
        keys = [one.key for one in self._concepts.reach(concept)]
        mask = columns.having("concept", keys) | columns.having("text", keys)
        if concept.scheme in COUNTRY_SETS:
            mask |= columns.having("region", [concept.notation])
        return int(np.count_nonzero(mask & columns.alive))

    async def _look(self, clause: Clause) -> Looked:
        """Ask the database for the words of a clause."""
        anywhere = in_titles = apart = _NONE
        if clause.literal:
            in_titles = await self._documents.holding(clause.in_titles)
            if clause.term.within:
                anywhere = in_titles
            elif not clause.words:  # a text with the whole label of a concept has the concept
                anywhere = await self._documents.holding(clause.literal)
        if clause.words:
            each = [await self._documents.holding(word) for word in clause.words if word]
            apart = reduce(partial(np.intersect1d, assume_unique=True), each)
        reached = (one.key for concept in clause.term.concepts for one in self._concepts.reach(concept))
        within = [(("region", one.notation)) for one in clause.term.concepts if one.scheme in COUNTRY_SETS]
        covering = (pair for concept in clause.term.concepts for pair in self._covering(concept))
        keys = tuple(dict.fromkeys(reached))
        return Looked(
            clause, anywhere, in_titles, apart, keys, tuple(within), tuple(dict.fromkeys((*within, *covering)))
        )

    def _covering(self, concept: Concept) -> Iterator[tuple[str, str]]:
        """Facets by which a country is reached: what is for a whole region of its, and what is open to it."""
        if concept.scheme == "countries":
            areas = sorted(facets.areas_of(self._concepts, concept.notation))
            yield from (("area", area) for area in areas)
            yield from (("eligible", code) for code in (*areas, concept.notation))

    async def _named(self, query: Query) -> list[int] | None:
        """The documents that the query names by an identifier or IRI; None if it names none."""
        if query.named is None:
            return None
        if not query.named.startswith(("https://", "http://")):
            return await self._documents.identified(query.named)
        record = await self._records.get(query.named)
        return list((await self._documents.places([(record.log, record.index)])).values()) if record else []

    def _answer(
        self, ask: Ask, query: Query, columns: Columns, looked: Sequence[Looked], named: list[int] | None
    ) -> _Page:
        """Everything that is arithmetic; nothing here waits."""
        terms = [one.clause.term for one in looked]
        sort = ask.sort if terms or ask.sort is not Sort.RELEVANCE else Sort.NEWEST
        cursor, ignored = _cursor(ask, sort, terms)
        day = cursor.day if cursor else int(self._clock()) // _DAY
        scored = ranking.score(columns, looked, cursor, columns.having("language", (ask.lang,)))
        dated, undated = facets.between(columns, ask)
        narrower = facets.Narrower(self._concepts, day, ask.wide)
        within = dated & _only(columns, named) & _not_barred(columns, query, narrower)
        chosen = facets.choose(columns, self._choice(ask, query, columns), narrower)
        if "type" not in chosen.values:
            within &= ~columns.having("type", facets.ASIDE)
        matched = ranking.match(scored, looked, within & chosen.mask, cursor)
        found = matched.mask & within
        mask = found & chosen.mask
        by = order.keys(sort, columns, scored.scores, day)
        limit = max(1, min(ask.limit, MOST_HITS))
        docs = order.page(mask, by, columns, cursor, limit + 1)
        more = None
        if len(docs) > limit:
            last = docs[limit - 1]
            place = int(by[last]), int(columns.ranking[last])
            more = str(Cursor(sort, *place, scored.weights, matched.least, matched.relaxed, day))
        return _Page(
            docs=docs[:limit],
            total=int(np.count_nonzero(mask)),
            facets=chosen.counted(found),
            found=scored.found,
            relaxed=matched.relaxed,
            more=more,
            ignored=(*ignored, *undated),
        )

    @staticmethod
    def _choice(ask: Ask, query: Query, columns: Columns) -> dict[str, tuple[str, ...]]:
        """Facets that were chosen, beside the text or in it."""
        chosen = {**ask.chosen}
        for facet, values in query.chosen.items():
            chosen[facet] = (*chosen.get(facet, ()), *columns.dictionary.meant(facet, values))
        return chosen

    async def _hits(self, columns: Columns, docs: Sequence[int], looked: Sequence[Looked]) -> list[Hit]:
        """The records of a page, and through what each was found."""
        records = await self._documents.records(docs)
        facets_of = await self._documents.facets(docs)
        hits = []
        for doc in docs:
            if doc not in records:
                continue  # it left after the snapshot
            pairs = columns.dictionary.pairs(facets_of.get(doc, b""))
            through = [found for one in looked if (found := self._through(one, pairs))]
            endorsed = sorted(value for facet, value in pairs if facet == "endorsed" and value != "yes")
            hits.append(Hit(record=records[doc], through=through, endorsed=endorsed))
        return hits

    def _through(self, one: Looked, pairs: frozenset[tuple[str, str]]) -> Through | None:
        """The concept of a record that made it fit a term: one that its author chose, if there is one."""
        if one.clause.term.kind is not Kind.CONCEPT or one.clause.term.excluded:
            return None
        for facet in ("concept", "text"):
            for concept in one.clause.term.concepts:
                for reached in self._concepts.reach(concept):
                    if (facet, reached.key) in pairs:
                        return Through(asked=concept, has=reached, coded=facet == "concept")
        return None


def _cursor(ask: Ask, sort: Sort, terms: Sequence[Term]) -> tuple[Cursor | None, tuple[str, ...]]:
    try:
        return order.parse(ask.after, sort, terms), ()
    except (ValueError, TypeError):
        return None, ("after",)


def _not_barred(columns: Columns, query: Query, narrower: facets.Narrower) -> Mask:
    """What the facets with a minus sign leave."""
    mask = np.ones(columns.documents, np.bool_)
    for facet, values in query.barred.items():
        mask &= ~narrower.mask(columns, facet, columns.dictionary.meant(facet, values))
    return mask


def _only(columns: Columns, named: list[int] | None) -> Mask:
    """Everything, or the documents that were named."""
    if named is None:
        return columns.alive
    mask = np.zeros(columns.documents, np.bool_)
    mask[[doc for doc in named if doc < columns.documents]] = True
    return mask & columns.alive
