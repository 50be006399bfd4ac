"""What a search found, as its page shows it: each hit as a row, and what the words of the query were understood as.

Owns how a hit says why it was found. Texts of records come marked from `chmnode.search.snippets`; a template escapes
each part.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chmnode.concepts import Concept
from chmnode.concepts.equals import meanings
from chmnode.portal.choices import Choices
from chmnode.portal.facts import Value
from chmnode.portal.frame import Frame
from chmnode.portal.here import Here
from chmnode.portal.i18n import N_, Reader, direction
from chmnode.search import asking
from chmnode.search.model import Ask, Found, Hit, Kind, Term, Through
from chmnode.search.snippets import Snippet, Snippets

#: By which concept a hit was found: the one that was asked for, a narrower one, one of another vocabulary.
_SAME, _NARROWER, _ELSEWHERE = "%(has)s", N_("%(has)s (narrower than %(asked)s)"), N_("%(has)s (belongs to %(asked)s)")
_UNSAID: Final = N_("%(has)s, named in its text")
#: How old the text of a hit is.
_PUBLISHED, _CHANGED = N_("published %(age)s"), N_("changed %(age)s")


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
    #: Those that a reader can tell apart.
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
        # Marking long texts takes its time, which others need not wait for.
        added = await asyncio.to_thread(lambda: [self._added(hit, found) for hit in found.hits])
        return [{**row, **more} for row, more in zip(rows, added, strict=True)]

    def understood(self, found: Found) -> list[Understood]:
        """Terms that were understood as more, or as less, than plain words; chosen concepts are told as chips."""
        ask, concepts = found.ask, self._frame.node.concepts
        given = sum(concepts.by_key(key) is not None for key in ask.concepts)
        return [self._understood(ask, term) for term in list(found.terms)[given:] if _remarkable(term)]

    def _understood(self, ask: Ask, term: Term) -> Understood:
        literal = self._to(asking.literally(ask, term.text))
        told = [self._meaning(ask, term, one) for one in meanings(self._frame.node.concepts, term.concepts)]
        apart = {(one.label.text.casefold(), one.scheme): one for one in reversed(told)}
        return Understood(term, list(reversed(apart.values())), literal)

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
        say, age = reader.say, reader.age(record.modified, now)
        return {
            "marked": shown[0],
            "snippet": shown[1],
            "through": [self._through(one) for one in hit.through if not (plain and self._alike(one))],
            "endorsed": [teller.code("countries", code).text for code in hit.endorsed],
            "age": say(_PUBLISHED if record.rev == 1 else _CHANGED, age=age) if age else None,
        }

    def _through(self, through: Through) -> str:
        """By which concept a hit was found, and whether it stands in the text only."""
        say, code = self._here.reader.say, self._choices.teller.code
        asked, has = through.asked, through.has
        names = {name: code(one.scheme, one.notation).text for name, one in (("asked", asked), ("has", has))}
        said = _SAME if self._alike(through) else _NARROWER if asked.scheme == has.scheme else _ELSEWHERE
        told = say(said, **names)
        return told if through.coded else say(_UNSAID, has=told)

    def _alike(self, through: Through) -> bool:
        """Whether a reader takes what was asked for and what the record has for the same."""
        if through.has in self._frame.node.concepts.same(through.asked):
            return True
        names = (self._choices.teller.code(one.scheme, one.notation) for one in (through.asked, through.has))
        return len({name.text.casefold() for name in names}) == 1

    def _to(self, ask: Ask) -> str:
        return self._here.to("/search", asking.write(ask))


def _remarkable(term: Term) -> bool:
    return term.kind is not Kind.WORD or bool(term.excluded or term.within or term.required) or not term.records


def _marked(snippet: Snippet, reader: Reader) -> Marked:
    foreign = snippet.lang.partition("-")[0] != reader.lang
    before, after = (() if snippet.begins else (("… ", False),)), (() if snippet.ends else ((" …", False),))
    return Marked((*before, *snippet.parts, *after), snippet.lang if foreign else None)
