"""What is asked of a search and what it answers: plain frozen values, shared with pages and interfaces.

Owns the words `Ask`, `Found`, `Hit`, `Term`, `Facet`. An `Ask` is the whole state of a search, as it stands in the
address of a page; the same `Ask` gives the same `Found` on both databases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chmnode.concepts import Concept
from chmnode.storage import StoredRecord

#: Facets in the order of a page. Values are codes: type names, country codes, M49 or CBD group identifiers, notations,
#: languages, origins of nodes, and those of `Endorsed` and `Open`.
FACETS: Final = (
    "type",
    "country",
    "region",
    "government",
    "target",
    "subject",
    "help",
    "language",
    "node",
    "endorsed",
    "open",
)
#: Vocabulary of a facet's values, where they have one.
SCHEMES: Final[Mapping[str, str]] = {
    "country": "countries",
    "region": "regions",
    "government": "countries",
    "target": "gbf-targets",
    "subject": "cbd-subjects",
    "help": "assistance-types",
    "language": "languages",
}


class Sort(StrEnum):
    """Orders of the hits."""

    RELEVANCE = "relevance"
    #: Last changed first.
    NEWEST = "newest"
    #: Soonest closing date first; what is closed or has no date comes last.
    CLOSING = "closing"


class Kind(StrEnum):
    """What a term of a query is."""

    WORD = "word"
    PHRASE = "phrase"
    CONCEPT = "concept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One search.

    Args:
        text: as typed: words, "phrases", -exclusions, `title:words`, an identifier or IRI.
        chosen: facet to values; several values of one facet mean any of them, several facets all of them.
        concepts: `scheme:notation` that must apply; they or something narrower.
        plain: terms of the text, folded, that are to be taken literally, not as concepts.
        wide: a chosen country is also reached by what covers a region or group that it belongs to.
        since, until: last changed from this day to that day inclusive, `YYYY-MM-DD`.
        sort: of the hits.
        after: the cursor of the page before.
        lang: the reader's language, `fr`.
        limit: hits on a page.
    """

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    concepts: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    wide: bool = False
    since: str | None = None
    until: str | None = None
    sort: Sort = Sort.RELEVANCE
    after: str | None = None
    lang: str = "en"
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of the query, and what it was understood as."""

    kind: Kind
    #: As typed.
    text: str
    #: The concepts that it may mean; several where a label is shared.
    concepts: tuple[Concept, ...] = ()
    #: Only in this field (`title`).
    within: str | None = None
    #: Records with this are left out.
    excluded: bool = False
    #: Records without this are left out.
    required: bool = False
    #: Records that have it, before facets.
    records: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """A concept by which a hit was found."""

    #: What was asked for.
    asked: Concept
    #: What the record has: the same, something narrower, or its equivalent in another vocabulary.
    has: Concept
    #: Whether the record's author chose it; otherwise it was found in the text.
    coded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One record found."""

    record: StoredRecord
    #: Concepts by which it was found, at most one for each term.
    through: Sequence[Through] = ()
    #: Governments that endorse this revision.
    endorsed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many of the hits have a value; `chosen` ones are listed also where none has it."""

    value: str
    records: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """Values of one facet, most records first; counted as if nothing were chosen in this very facet."""

    name: str
    values: Sequence[FacetValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to an `Ask`."""

    ask: Ask
    total: int
    hits: Sequence[Hit]
    facets: Sequence[Facet]
    terms: Sequence[Term]
    #: Cursor of the next page.
    more: str | None
    #: No record has all that was asked for; these have some of it.
    relaxed: bool = False
    #: Parameters that could not be read and were left out: `after`, `from`, `to`.
    ignored: Sequence[str] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A concept whose label begins like what is being typed."""

    #: The label that fits, in the reader's language where possible.
    label: str
    lang: str
    concept: Concept
    records: int
