"""Completion of a draft into a record that is ready for checking and signing.

Owns the members that only the publishing node may set (annotation `owner`), and the order of sorted lists. Refuses a
draft that contradicts them or is of no known type. Pure: the same draft and imprint give the same record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from chmnode.errors import NodeError
from chmnode.records.catalogue import Catalogue, RecordType
from chmnode.records.fields import Field
from chmnode.records.validation import Problem

CONTEXT = "https://w3id.org/chm/context/v1"


class DraftRefused(NodeError):
    """A draft that cannot become a record; its author has to change it.

    Attributes:
        problems: what is wrong, and where.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.detail}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What the publishing node adds to a draft."""

    #: DID of the node.
    publisher: str
    #: Short name of the node in identifiers of records that speak for no government: capitals and digits.
    node_code: str
    #: IRI of the record.
    id: str
    #: Running number in the identifier.
    number: int
    revision: int
    #: The time, RFC 3339 in UTC.
    now: str
    #: When the first revision was issued; None for the first.
    issued: str | None = None
    #: Identifier that the record already has; None for the first revision.
    identifier: str | None = None


def complete(draft: Mapping[str, Any], imprint: Imprint, catalogue: Catalogue) -> dict[str, Any]:
    """The whole record but for its `proof`; members that are null count as absent."""
    kind = catalogue.types.get(str(draft.get("type")))
    if kind is None:
        raise DraftRefused([_unknown_type(draft, catalogue)])
    body = {name: value for name, value in draft.items() if value is not None}
    owned = _owned(body, imprint, kind)
    problems = [
        Problem(f"$.{field.name}", "node-owned", "is set by the publishing node", "Leave it out.")
        for field in kind.fields
        if field.owner == "node" and field.name in body and body[field.name] != owned.get(field.name)
    ]
    if problems:
        raise DraftRefused(problems)
    whole = {"schema": kind.schema_id, "countries": [], "regions": [], **body, **owned}
    return _arranged(whole, kind.fields)


def identifier(kind: RecordType, government: Any, imprint: Imprint) -> str:
    """The human identifier in the Convention's manner, `CHM-BBR-KE-12`."""
    place = government if isinstance(government, str) else imprint.node_code
    return f"CHM-{kind.code}-{place}-{imprint.number}"


def _owned(body: Mapping[str, Any], imprint: Imprint, kind: RecordType) -> dict[str, Any]:
    """The members that the node sets."""
    return {
        "@context": CONTEXT,
        "id": imprint.id,
        "identifier": imprint.identifier or identifier(kind, body.get("government"), imprint),
        "issued": imprint.issued or imprint.now,
        "modified": imprint.now,
        "publisher": imprint.publisher,
        "revision": imprint.revision,
    }


def _unknown_type(draft: Mapping[str, Any], catalogue: Catalogue) -> Problem:
    """What to say about a draft of no known type."""
    if "type" not in draft:
        return Problem("$.type", "missing", "`type` is missing", f"Known types: {', '.join(sorted(catalogue.types))}.")
    near = get_close_matches(str(draft["type"]), catalogue.types, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known types: {', '.join(sorted(catalogue.types))}."
    return Problem("$.type", "unknown-type", "is no type this node knows", hint)


def _arranged(holder: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """An object with its sorted lists in order, each code once."""
    arranged = dict(holder)
    for field in fields:
        value = holder.get(field.name)
        if field.sorted and isinstance(value, list) and all(isinstance(code, str) for code in value):
            arranged[field.name] = sorted(set(value))
        elif field.kind == "group" and isinstance(value, Mapping):
            arranged[field.name] = _arranged(value, field.fields)
    return arranged
