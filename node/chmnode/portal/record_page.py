"""The page of one record: what it says, where it comes from, and what became of it.

Owns the panel "Where this comes from": who published it, how old it is and when that was last looked at, which
governments endorse it, the languages, the proof. Refuses to show a text that is not the one in the publisher's log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from chmnode.portal import network, words
from chmnode.portal.facts import Fact, Value, linked, web_address
from chmnode.portal.frame import Frame
from chmnode.portal.here import Here
from chmnode.records.text import is_machine
from chmnode.storage import Endorsed, StoredEntry, StoredRecord
from chmsync.entry import PUT, Entry


@dataclass(frozen=True, slots=True)
class Translation:
    """A language that a record is in."""

    lang: str
    name: str
    #: This page in that language, if the portal has it.
    href: str | None
    original: bool
    machine: bool


@dataclass(frozen=True, slots=True)
class Backing:
    """A government that endorses the record."""

    government: Value
    date: str
    href: str
    #: It read this very text; otherwise it endorsed an earlier one.
    current: bool


class RecordPages:
    """The pages that share an address with a record.

    Args:
        frame: of the pages.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def record(self, request: web.Request, record: StoredRecord) -> web.Response:
        """One record."""
        frame, here, document = self._frame, self._frame.here(request), record.document()
        known = frame.node.catalogue.of(document)
        teller = frame.teller(here, await frame.links(here, linked(document, known)))
        source, now = document.get("source"), frame.node.clock()
        dated = record.modified or Entry.known(record.leaf).at
        facts, place = teller.facts(document), teller.place(document)
        return frame.render(
            request,
            "record.html",
            here,
            record=record,
            document=document,
            teller=teller,
            known=known,
            facts=facts,
            place=place,
            starred=any(value.machine for value in _values(facts)),
            source=source if isinstance(source, Mapping) and web_address(source.get("url")) else None,
            licence=web_address(document.get("license")),
            translations=_translations(here, document),
            publisher=await network.publisher(frame.node, record.origin),
            issued=document.get("issued") or dated,
            dated=dated,
            endorsements=self._backings(here, record, await frame.endorsements(record.iri)),
            now=now,
            home=web_address(record.iri),
        )

    async def absence(self, request: web.Request, iri: str, entry: StoredEntry | None) -> web.Response:
        """Why there is no such record."""
        frame, here = self._frame, self._frame.here(request)
        said = Entry.parse(entry.leaf) if entry else None
        gone = said is not None and said.op != PUT
        reason = frame.teller(here, {}).code("removal-reasons", said.reason) if said and gone and said.reason else None
        return frame.render(
            request,
            "absence.html",
            here,
            status=HTTPStatus.GONE if gone else HTTPStatus.NOT_FOUND,
            iri=iri,
            entry=entry,
            said=said,
            reason=reason,
            publisher=(await network.publisher(frame.node, entry.origin)).name if entry else None,
        )

    async def damaged(self, request: web.Request) -> web.Response:
        """Why a record in force cannot be shown."""
        title, advice = words.DAMAGED
        status, here = HTTPStatus.SERVICE_UNAVAILABLE, self._frame.here(request)
        return self._frame.render(request, "error.html", here, status=status, heading=title, advice=advice)

    def _backings(self, here: Here, record: StoredRecord, found: Iterable[Endorsed]) -> list[Backing]:
        teller = self._frame.teller(here, {})
        return [
            Backing(
                teller.code("countries", each.government),
                here.reader.day(each.modified),
                here.record(each.iri),
                each.rev == record.rev and each.sha256 == record.sha256,
            )
            for each in found
        ]


def _translations(here: Here, document: Mapping[str, Any]) -> list[Translation]:
    """The languages of the texts, that of the author first."""
    held = document.get("languages")
    languages = [str(lang) for lang in held] if isinstance(held, list) else []
    found = []
    for place, lang in enumerate(dict.fromkeys(languages)):
        ours = lang.partition("-")[0]
        href = here.in_language(ours) if ours in here.languages and ours != here.reader.lang else None
        found.append(Translation(lang, here.reader.language(lang), href, place == 0, is_machine(document, lang)))
    return found


def _values(facts: Iterable[Fact]) -> list[Value]:
    """Every value of some facts, also within objects."""
    facts = list(facts)
    return [value for fact in facts for value in (*fact.values, *(v for part in fact.parts for v in _values(part)))]
