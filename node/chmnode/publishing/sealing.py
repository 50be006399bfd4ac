"""What may be published, and the signed entry that it becomes (CHM-Sync 1 sections 4 to 6).

Owns the decisions between a draft and its entry: whose record it is, for which government, which revision, with which
identifier. Refuses with every problem found, in words for the author. No clock, no database: the caller says what time
it is, how the record stands, and which number it gets.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast
from uuid import uuid4

from chmnode.config import Config
from chmnode.identity import Identity
from chmnode.publishing.drafts import Draft, Refused
from chmnode.publishing.standing import Standing
from chmnode.records.authoring import DraftRefused, Imprint, complete
from chmnode.records.catalogue import Catalogue
from chmnode.records.validation import Problem, Vocabulary, check_authored
from chmnode.storage import NewEntry
from chmsync.canonical import JsonValue, encode
from chmsync.entry import ERASE, PUT, Entry, below
from chmsync.errors import FormatError, RecordRefused
from chmsync.limits import RECORD_BYTES

Document: TypeAlias = Mapping[str, JsonValue]

_LEAVE_OUT_ID = "Leave `id` out for a new record: the node gives it its address."
#: Stands for a number until the record is known to be good.
_UNNUMBERED = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that is complete and checked, but for its number and its proof."""

    line: int
    #: `CHM-BBR-KE`, the series that its number will be of; None if it has its identifier already.
    series: str | None
    record: Document

    def identifier(self, number: int | None) -> str:
        """The identifier of the record once it has its number."""
        return str(self.record["identifier"]) if number is None else f"{self.series}-{number}"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Makes entries of this node."""

    config: Config
    identity: Identity
    catalogue: Catalogue = field(repr=False)
    concepts: Vocabulary = field(repr=False)
    #: A proof of ours: with it a good record passes the schema at once, and needs no list of what it lacks.
    _specimen: JsonValue = field(init=False, repr=False)

    def __post_init__(self) -> None:
        signed = self.identity.record_key.sign({}, "2000-01-01T00:00:00Z")
        object.__setattr__(self, "_specimen", signed["proof"])

    def prepare(self, draft: Draft, standing: Standing | None, now: str) -> Prepared | Refused:
        """Complete a draft and check it.

        Args:
            draft: what the author gives.
            standing: of the record that its `id` names, if there is one.
            now: RFC 3339 in UTC.
        """
        misdirected = list(self._misdirected(draft.document, standing))
        if misdirected:
            return Refused(draft.line, misdirected)
        document = self._with_contact(draft.document)
        imprint = self._imprint(document, standing, now)
        problems = list(self._presumed(document))
        try:
            record = complete(document, imprint, self.catalogue)
        except DraftRefused as refused:
            return Refused(draft.line, [*problems, *refused.problems])
        problems += check_authored({**record, "proof": self._specimen}, self.catalogue, self.concepts)
        if problems:
            return Refused(draft.line, problems)
        series = None if imprint.identifier else str(record["identifier"]).rpartition("-")[0]
        return Prepared(draft.line, series, record)

    def seal(self, prepared: Prepared, number: int | None) -> NewEntry | Refused:
        """Give a record its number, if it has none yet, and its proof, and make its entry."""
        record = prepared.record
        if number is not None:
            record = {**record, "identifier": prepared.identifier(number)}
        try:
            body = encode(self.identity.record_key.sign(record, str(record["modified"])))
            sha256 = hashlib.sha256(body).hexdigest()
            entry = _put(record, sha256, len(body))
            return NewEntry(entry.id, PUT, entry.rev, entry.encode(), sha256, body)
        except FormatError as error:
            problem = Problem("$", "form", str(error))
        except RecordRefused as refused:
            problem = _oversized(len(body), refused)
        return Refused(prepared.line, [problem])

    def end(self, op: str, standing: Standing, reason: str, now: str) -> NewEntry:
        """Make the entry that takes a record out of force, or erases it for good."""
        newest = standing.entry
        entry = Entry(
            op=op,
            id=newest.id,
            type=newest.type,
            rev=newest.rev + 1,
            at=now,
            government=newest.government,
            countries=newest.countries,
            regions=newest.regions,
            reason=reason,
        )
        return NewEntry(entry.id, op, entry.rev, entry.encode())

    def _misdirected(self, document: Document, standing: Standing | None) -> Iterator[Problem]:
        """Refuse an `id` of which this node cannot publish another revision."""
        iri = document.get("id")
        if iri is None:
            return
        if not isinstance(iri, str) or not below(self.identity.member.id_prefixes, iri):
            yield Problem("$.id", "not-allowed", "is no address of a record of this node", _LEAVE_OUT_ID)
        elif standing is None:
            yield Problem("$.id", "not-allowed", "is the address of no record yet", _LEAVE_OUT_ID)
        elif standing.op == ERASE:
            yield Problem("$.id", "not-allowed", "is the address of a record that was erased for good", _LEAVE_OUT_ID)
        elif document.get("type") != standing.entry.type:
            hint = f"Write {standing.entry.type}, or leave `id` out for a new record."
            yield Problem("$.type", "not-allowed", "is not the type that the record has", hint)

    def _presumed(self, document: Document) -> Iterator[Problem]:
        """Refuse what harvesters would refuse with `AUTHORITY`."""
        authority = self.identity.member.authority
        government = document.get("government")
        if government is not None and government not in authority.governments:
            spoken = ", ".join(authority.governments) or "no government"
            hint = f"Leave it out for a reference record; this node speaks for {spoken}."
            yield Problem("$.government", "not-allowed", "is not a government for which this node speaks", hint)
        if authority.types and document.get("type") not in authority.types:
            hint = f"Allowed are {', '.join(authority.types)}."
            yield Problem("$.type", "not-allowed", "is not a type that this node may publish", hint)

    def _with_contact(self, document: Document) -> Document:
        """The draft of a national record with the relay of this node as its contact, if it names none."""
        if document.get("government") is None or document.get("contactPoint") is not None:
            return document
        return {**document, "contactPoint": f"{self.config.base_url}/contact"}

    def _imprint(self, document: Document, standing: Standing | None, now: str) -> Imprint:
        member = self.identity.member
        return Imprint(
            publisher=member.did,
            node_code=self.config.code,
            id=str(document.get("id") or f"{member.id_prefixes[0]}/{uuid4().hex}"),
            number=_UNNUMBERED,
            revision=standing.rev + 1 if standing else 1,
            now=now,
            issued=standing.kept("issued") if standing else None,
            identifier=standing.kept("identifier") if standing else None,
        )


def _put(record: Document, sha256: str, size: int) -> Entry:
    """The entry that publishes a record; what it repeats was checked with the record."""
    government = record.get("government")
    return Entry(
        op=PUT,
        id=str(record["id"]),
        type=str(record["type"]),
        rev=cast("int", record["revision"]),
        at=str(record["modified"]),
        government=None if government is None else str(government),
        countries=tuple(cast("list[str]", record["countries"])),
        regions=tuple(cast("list[str]", record["regions"])),
        sha256=sha256,
        size=size,
    )


def _oversized(size: int, refused: RecordRefused) -> Problem:
    """Only two things are left that an entry of a checked record can be refused for: its record's size, and its own."""
    if size > RECORD_BYTES:
        return Problem("$", "too-long", f"has {size} bytes, more than {RECORD_BYTES}", "Link to what is so long.")
    return Problem("$.countries", "too-many", refused.detail, "Name fewer countries and regions.")
