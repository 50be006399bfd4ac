"""What a search found, as its page shows it: each hit as a row, and what the words of the query were understood as.

Owns how a hit says why it was found. Texts of records come marked from `chmnode.search.snippets`; a template escapes
each part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chmnode.concepts import Concept
from chmnode.portal.choices import Choices
from chmnode.portal.facts import Value
from chmnode.portal.frame import Frame
from chmnode.portal.here import Here
from chmnode.portal.i18n import N_, Reader, direction
from chmnode.search import asking
from chmnode.search.model import Ask, Found, Hit, Kind, Term, Through
from chmnode.search.snippets import Snippet, Snippets

_FOUND_AS, _NARROWER, _ELSEWHERE = (
    N_("Found through: %(has)s"),
    N_("Found through: %(has)s (narrower than %(asked)s)"),
    N_("Found through: %(has)s (belongs to %(asked)s)"),
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with the words that were searched for."""

    parts: Sequence[tuple[str, bool]]
    #: Its language, where it is not the reader's.
    lang: str | None

    @property
    def dir(self) -> str | None:
        """How the language is written, where it is not the reader's."""
        return direction(self.lang) if self.lang else None

    @property
    def evident(self) -> bool:
        """Whether it shows a reader of this language by itself why it was found."""
        return self.lang is None and any(marked for _, marked in self.parts)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One concept that a term may mean."""

    label: Value
    scheme: str
    #: The search with the term replaced by this concept.
    only: str


@dataclass(frozen=True, slots=True)
class Understood:
    """A term that deserves a remark."""

    term: Term
    meanings: Sequence[Meaning]
    #: The search with the term taken literally.
    literal: str


class Hits:
    """Tells what was found to one reader.

    Args:
        frame: of the pages.
        here: where the reader is.
        choices: for the labels of codes.
        snippets: marks texts.
    """

    def __init__(self, frame: Frame, here: Here, choices: Choices, snippets: Snippets) -> None:
        self._frame = frame
        self._here = here
        self._choices = choices
        self._snippets = snippets

    async def rows(self, found: Found) -> list[dict[str, Any]]:
        """The hits of a page: the rows of any list (`Frame.rows`), and what a search adds."""
        rows = await self._frame.rows(self._here, [hit.record for hit in found.hits])
        return [{**row, **self._added(hit, found)} for row, hit in zip(rows, found.hits, strict=True)]

    def understood(self, found: Found) -> list[Understood]:
        """Terms that were understood as more, or as less, than plain words; chosen concepts are told as chips."""
        ask, concepts = found.ask, self._frame.node.concepts
        given = sum(concepts.by_key(key) is not None for key in ask.concepts)
        return [self._understood(ask, term) for term in list(found.terms)[given:] if _remarkable(term)]

    def _understood(self, ask: Ask, term: Term) -> Understood:
        literal = self._to(asking.literally(ask, term.text))
        return Understood(term, [self._meaning(ask, term, concept) for concept in term.concepts], literal)

    def _meaning(self, ask: Ask, term: Term, concept: Concept) -> Meaning:
        teller, concepts = self._choices.teller, self._frame.node.concepts
        scheme = concepts.scheme(concept.scheme)
        title = scheme.labels.get(self._here.reader.lang) if scheme else None
        only = self._to(asking.meaning(ask, term.text, concept.key))
        label = teller.code(concept.scheme, concept.notation)
        return Meaning(label, title.text if title else concept.scheme, only)

    def _added(self, hit: Hit, found: Found) -> dict[str, Any]:
        """What a search says of a hit beyond what any list does."""
        record, reader = hit.record, self._here.reader
        document = record.document() if record.intact else {"id": record.iri, "type": record.type}
        title = self._snippets.title(document, found.terms, reader.lang)
        snippet = self._snippets.of(document, found.terms, reader.lang)
        teller, now = self._choices.teller, self._frame.node.clock()
        shown = [_marked(one, reader) if one else None for one in (title, snippet)]
        plain = any(one and one.evident for one in shown)
        return {
            "marked": shown[0],
            "snippet": shown[1],
            "through": [self._through(one) for one in hit.through if not (plain and self._alike(one))],
            "endorsed": [teller.code("countries", code).text for code in hit.endorsed],
            "age": reader.age(record.modified, now),
            "closed": self._closed(document, now),
        }

    def _through(self, through: Through) -> tuple[str, bool]:
        """By which concept a hit was found, and whether it stands in the text only."""
        say, code = self._here.reader.say, self._choices.teller.code
        asked, has = through.asked, through.has
        names = {name: code(one.scheme, one.notation).text for name, one in (("asked", asked), ("has", has))}
        said = _FOUND_AS if self._alike(through) else _NARROWER if asked.scheme == has.scheme else _ELSEWHERE
        return say(said, **names), not through.coded

    def _alike(self, through: Through) -> bool:
        """Whether a reader takes what was asked for and what the record has for the same."""
        if through.has in self._frame.node.concepts.same(through.asked):
            return True
        names = (self._choices.teller.code(one.scheme, one.notation) for one in (through.asked, through.has))
        return len({name.text.casefold() for name in names}) == 1

    def _closed(self, document: Mapping[str, Any], now: float) -> bool:
        """Whether the day until which it was open has passed."""
        known = self._frame.node.catalogue.of(document)
        days = (document.get(member) for member in (known.closes if known else ()))
        last = next((day for day in days if isinstance(day, str)), None)
        return last is not None and last[:10] < datetime.fromtimestamp(now, UTC).date().isoformat()

    def _to(self, ask: Ask) -> str:
        return self._here.to("/search", asking.write(ask))


def _remarkable(term: Term) -> bool:
    return term.kind is not Kind.WORD or bool(term.excluded or term.within or term.required) or not term.records


def _marked(snippet: Snippet, reader: Reader) -> Marked:
    foreign = snippet.lang.partition("-")[0] != reader.lang
    before, after = (() if snippet.begins else (("… ", False),)), (() if snippet.ends else ((" …", False),))
    return Marked((*before, *snippet.parts, *after), snippet.lang if foreign else None)
