"""The pages of vocabularies: all schemes, one scheme, one concept with what there is about it.

Owns how a concept is told: how far its label may be trusted, what is above, below and beside it, needs against offers.
Refuses to show a machine's label as if somebody had checked it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from chmnode.concepts import Concept, Label, Scheme
from chmnode.portal import words
from chmnode.portal.alphabet import lettered
from chmnode.portal.facts import Value
from chmnode.portal.frame import Frame
from chmnode.portal.here import Here
from chmnode.portal.i18n import NAMES, direction
from chmnode.portal.vocabularies import ORDERED, OUTSIDE, PARTS, RELATIONS, SENTENCES, STATUSES
from chmnode.search import asking
from chmnode.search.model import Ask, Sort
from chmnode.storage import Peers
from chmsync.member import Member

#: Records on the page of a concept.
NEWEST: Final = 5
#: A longer list stands under letters.
PLAIN: Final = 40
#: A deeper list is not shown as a tree.
DEEPEST: Final = 12
_OURS: Final = "https://w3id.org/chm/vocab/"
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Branch:
    """A concept and what is below it."""

    label: Value
    below: Sequence["Branch"] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A label in one language."""

    lang: str
    language: str
    text: str
    status: str
    machine: bool
    others: Sequence[str]

    @property
    def dir(self) -> str:
        """How the language is written."""
        return direction(self.lang)


@dataclass(frozen=True, slots=True)
class Counted:
    """Records about a concept, and the searches that list them."""

    total: int
    needs: int
    offers: int
    every: str
    of_needs: str
    of_offers: str


class ConceptPages:
    """The pages of vocabularies.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._concepts = frame.node.concepts

    async def schemes(self, request: web.Request) -> web.Response:
        """All schemes."""
        here = self._frame.here(request)
        placed = {name for _, names in PARTS for name in names}
        rest = [scheme.name for scheme in self._concepts.schemes if scheme.name not in placed]
        last, names = PARTS[-1]
        parts = [
            (title, [scheme for name in names if (scheme := self._concepts.scheme(name))])
            for title, names in (*PARTS[:-1], (last, (*names, *rest)))
        ]
        return self._frame.render(
            request,
            "schemes.html",
            here,
            parts_of=[
                (title, [(self._title(here, one), one) for one in schemes]) for title, schemes in parts if schemes
            ],
            sentences=SENTENCES,
        )

    async def scheme(self, request: web.Request, scheme: Scheme) -> web.Response:
        """One scheme."""
        here = self._frame.here(request)
        nested = any(concept.narrower for concept in scheme.concepts.values())
        by_letter = len(scheme.concepts) > (PLAIN * 4 if nested else PLAIN) and scheme.name not in ORDERED
        everything = [(concept, self._label(here, concept)) for concept in scheme.concepts.values()]
        letters = lettered(everything, here.reader.lang, lambda pair: pair[1].text) if by_letter else []
        tops = [Branch(self._label(here, concept)) for concept in scheme.tops] if nested and by_letter else []
        return self._frame.render(
            request,
            "scheme.html",
            here,
            scheme=scheme,
            title=self._title(here, scheme),
            sentence=SENTENCES.get(scheme.name),
            letters=letters,
            tops=tops,
            tree=[] if by_letter else self._tree(here, scheme),
            starred=any(label.machine for _, label in everything),
        )

    async def concept(self, request: web.Request, scheme: Scheme, concept: Concept) -> web.Response:
        """One concept."""
        frame, here, concepts = self._frame, self._frame.here(request), self._concepts
        ask = _about(concept, here.reader.lang)
        found = await frame.node.search.find(ask)
        wide = (await frame.node.search.find(replace(ask, wide=True, limit=1))).total if ask.chosen else 0
        label = concepts.label(concept, here.reader.lang)
        definition = concepts.definition(concept, here.reader.lang)
        return frame.render(
            request,
            "concept.html",
            here,
            scheme=scheme,
            title=self._title(here, scheme),
            concept=concept,
            told=self._label(here, concept),
            unsure=STATUSES[label.status] if label.machine else None,
            definition=self._passage(here, definition),
            official=scheme.name in ORDERED,
            broader=self._linked(here, concept.scheme, concept.broader),
            narrower=self._linked(here, concept.scheme, concept.narrower),
            members=self._linked(here, "countries", concept.members),
            within=[self._label(here, one) for one in concepts.sets_of(concept.notation)]
            if concept.scheme == "countries"
            else [],
            beside=self._beside(here, concept),
            outside=_outside(concept, concepts.by_iri),
            names=self._names(here, concept),
            counted=_counted(here, ask, found.total, {f.name: f.values for f in found.facets}.get("type", ())),
            wider=(wide - found.total, here.to("/search", asking.write(_listed(replace(ask, wide=True))))),
            rows=await frame.rows(here, [hit.record for hit in found.hits]),
            nodes=await self._nodes(here, concept) if concept.scheme == "countries" else [],
        )

    async def unknown(self, request: web.Request, scheme: Scheme | None, notation: str) -> web.Response:
        """Why there is no such scheme or concept, and what may have been meant."""
        here = self._frame.here(request)
        meant = self._linked(here, scheme.name, self._concepts.closest(scheme.name, notation)) if scheme else []
        title, advice = words.ERRORS[HTTPStatus.NOT_FOUND]
        return self._frame.render(
            request,
            "unknown.html",
            here,
            status=HTTPStatus.NOT_FOUND,
            heading=title,
            advice=advice,
            scheme=scheme,
            title=self._title(here, scheme) if scheme else None,
            meant=meant,
        )

    def _title(self, here: Here, scheme: Scheme) -> Value:
        label = scheme.labels.get(here.reader.lang) or scheme.labels.get("en")
        href = here.to(f"/concepts/{scheme.name}")
        return (
            Value(label.text, None if label.lang == here.reader.lang else label.lang, href)
            if label
            else Value(scheme.name, href=href)
        )

    def _label(self, here: Here, concept: Concept) -> Value:
        return self._frame.teller(here, {}).code(concept.scheme, concept.notation)

    def _linked(self, here: Here, scheme: str, notations: Iterable[str]) -> list[Value]:
        """Concepts of a scheme, by their labels."""
        found = [one for notation in notations if (one := self._concepts.get(scheme, notation))]
        if scheme in ORDERED:
            return [self._label(here, one) for one in sorted(found, key=lambda one: _natural(one.notation))]
        return [
            one
            for _, group in lettered(
                [self._label(here, one) for one in found], here.reader.lang, lambda value: value.text
            )
            for one in group
        ]

    def _tree(self, here: Here, scheme: Scheme) -> list[Branch]:
        if scheme.name in ORDERED:
            ordered = sorted(scheme.concepts.values(), key=lambda one: _natural(one.notation))
            return [Branch(self._label(here, concept)) for concept in ordered]
        return self._branches(here, scheme, [concept.notation for concept in scheme.tops], frozenset())

    def _branches(self, here: Here, scheme: Scheme, notations: Iterable[str], above: frozenset[str]) -> list[Branch]:
        found = []
        for notation in notations:
            concept = scheme.concepts.get(notation)
            if concept is not None and notation not in above and len(above) < DEEPEST:
                below = self._branches(here, scheme, concept.narrower, above | {notation})
                found.append(Branch(self._label(here, concept), below))
        return [one for _, group in lettered(found, here.reader.lang, lambda one: one.label.text) for one in group]

    def _beside(self, here: Here, concept: Concept) -> list[tuple[str, Value, list[Value]]]:
        """Concepts of our other schemes that it is mapped to: for each relation and scheme, the concepts."""
        found: dict[tuple[str, str], tuple[str, Value, list[Value]]] = {}
        for relation, said in RELATIONS.items():
            for iri in concept.matches.get(relation, ()):
                other = self._concepts.by_iri(iri)
                scheme = self._concepts.scheme(other.scheme) if other else None
                if other is not None and scheme is not None and other.key != concept.key:
                    place = found.setdefault((relation, scheme.name), (said, self._title(here, scheme), []))
                    place[2].append(self._label(here, other))
        return list(found.values())

    def _names(self, here: Here, concept: Concept) -> list[Named]:
        """Its names in all languages, the reader's first."""
        order = dict.fromkeys((here.reader.lang, *NAMES, *sorted(concept.labels)))
        return [
            Named(
                lang,
                here.reader.language(lang),
                label.text,
                STATUSES[label.status],
                label.machine,
                [other.text for other in concept.alternatives.get(lang, ())],
            )
            for lang in order
            if (label := concept.labels.get(lang))
        ]

    @staticmethod
    def _passage(here: Here, label: Label | None) -> tuple[Value, str | None] | None:
        if label is None:
            return None
        lang = None if label.lang == here.reader.lang else label.lang
        return Value(label.text, lang, machine=label.machine), STATUSES[label.status] if label.machine else None

    async def _nodes(self, here: Here, concept: Concept) -> list[tuple[str, str]]:
        """Nodes that speak for the government of a country: name and address."""
        node, found = self._frame.node, list[tuple[str, str]]()
        if concept.notation in node.config.governments:
            found.append((node.config.name, here.to("/about")))
        for peer in await Peers(node.database.read).list():
            if concept.notation in peer.governments:
                member = Member.parse(peer.descriptor)
                found.append((member.name, member.base_url))
        return found


def _about(concept: Concept, lang: str) -> Ask:
    """The search for the newest records about a concept."""
    if concept.scheme == "countries":
        return Ask(chosen={"country": (concept.notation,)}, sort=Sort.NEWEST, lang=lang, limit=NEWEST)
    return Ask(concepts=(concept.key,), sort=Sort.NEWEST, lang=lang, limit=NEWEST)


def _listed(ask: Ask) -> Ask:
    """The same search as its page has it."""
    return replace(ask, sort=Sort.RELEVANCE, limit=asking.LIMIT)


def _counted(here: Here, ask: Ask, total: int, kinds: Iterable[Any]) -> Counted:
    held: Mapping[str, int] = {one.value: one.records for one in kinds}
    every = _listed(ask)
    links = [here.to("/search", asking.write(asking.choosing(every, "type", kind))) for kind in ("Need", "Offer")]
    return Counted(total, held.get("Need", 0), held.get("Offer", 0), here.to("/search", asking.write(every)), *links)


def _outside(concept: Concept, known: Any) -> list[tuple[str, str, str]]:
    """Addresses of the same thing, or nearly, in vocabularies of others: the relation, whose it is, the address."""
    found = []
    for relation, said in RELATIONS.items():
        for iri in concept.matches.get(relation, ()):
            if known(iri) is None and not iri.startswith(_OURS):
                name = next((name for start, name in OUTSIDE.items() if start in iri), iri.split("/")[2])
                found.append((said, name, iri))
    return found


def _natural(notation: str) -> tuple[tuple[int, str], ...]:
    """Numbers within a notation in the order of their values."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in _DIGITS.split(notation) if part)
