"""The catalogue of record types: every `*.schema.json` of one folder, read and compiled once.

Owns which types and schema versions this node knows. Refuses a folder whose files break `annotations.schema.json` or
refer to what is not in the folder; nothing is ever fetched. A type is a file: adding one touches no Python.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jsonschema_rs

from chmnode.errors import NodeError
from chmnode.records.fields import Field, Reader, Schema

PREFIX = "https://w3id.org/chm/schemas/"
ANNOTATIONS = f"{PREFIX}annotations/1.0"
#: Form of the member `schema` (records.md): type in kebab case, major and minor version.
SCHEMA_ID = re.compile(rf"{re.escape(PREFIX)}([a-z0-9]+(?:-[a-z0-9]+)*)/(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


class SchemaError(NodeError):
    """A schema file that breaks the rules; whoever wrote it has to mend it."""


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """One version of one record type."""

    name: str
    #: Three letters in identifiers.
    code: str
    kebab: str
    schema_id: str
    version: tuple[int, int]
    #: English message ids.
    label: str
    plural: str
    description: str
    #: Schemas of the Convention's clearing-house; the first is written.
    cbd: tuple[str, ...]
    #: Members that tell the record in three lines, and those that say until when; the first present counts.
    gist: tuple[str, ...]
    closes: tuple[str, ...]
    #: The envelope's members first, then the type's own, in form order.
    fields: tuple[Field, ...] = field(repr=False)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The members by name."""
        return {member.name: member for member in self.fields}

    @cached_property
    def watched(self) -> tuple[Field, ...]:
        """The members that have more to be checked in them than a schema can say."""
        return tuple(member for member in self.fields if member.watched)

    def field(self, name: str) -> Field | None:
        """The member of that name, if the type has it."""
        return self.by_name.get(name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the members without which there is no record."""
        return tuple(member.name for member in self.fields if member.required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What this node knows of record types."""

    #: Newest version of each type, by name.
    types: Mapping[str, RecordType] = field(repr=False)
    #: Every version, by `$id`.
    schemas: Mapping[str, RecordType] = field(repr=False)
    #: The published JSON-LD context document.
    context: Mapping[str, Any] = field(repr=False)
    validators: Mapping[str, jsonschema_rs.Draft202012Validator] = field(repr=False)
    documents: Mapping[str, Schema] = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> "Catalogue":
        """Read a folder of schema files with its `context.jsonld`."""
        documents = _documents(folder)
        known = {key: _record_type(document, documents) for key, document in documents.items() if "chm" in document}
        return cls(
            types={kind.name: kind for kind in sorted(known.values(), key=lambda kind: kind.version)},
            schemas=known,
            context=_read(folder / "context.jsonld"),
            validators=_compiled(documents, known),
            documents=documents,
        )

    def of(self, record: Mapping[str, Any]) -> RecordType | None:
        """The type of a record in the version it was written against; None if this node does not know it."""
        schema = record.get("schema")
        return self.schemas.get(schema) if isinstance(schema, str) else None


def _read(path: Path) -> dict[str, Any]:
    """One JSON object from a file."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SchemaError(f"{path.name}: {error}") from error
    if not isinstance(document, dict):
        raise SchemaError(f"{path.name}: is not a JSON object")
    return document


def _documents(folder: Path) -> dict[str, Schema]:
    """Every schema of a folder by `$id`, checked against the meta-schema, references made absolute."""
    found = {path.name: _read(path) for path in sorted(folder.glob("*.schema.json"))}
    documents: dict[str, Schema] = {}
    for name, document in found.items():
        key = document.get("$id")
        if not isinstance(key, str) or not SCHEMA_ID.fullmatch(key) or key in documents:
            raise SchemaError(f"{name}: `$id` is not a schema identifier of its own")
        documents[key] = _absolute(document, key)
    if ANNOTATIONS not in documents:
        raise SchemaError(f"{folder}: has no annotations.schema.json")
    annotations = jsonschema_rs.validator_for(documents[ANNOTATIONS], offline=True)
    for name, document in found.items():
        if document["$id"] != ANNOTATIONS:
            for error in annotations.iter_errors(document):
                where = "/".join(str(step) for step in error.instance_path)
                raise SchemaError(f"{name}: {where}: {error.message}")
    return documents


def _absolute(node: Any, address: str) -> Any:
    """A schema whose references say their whole address, so that its parts can be read apart."""
    if isinstance(node, list):
        return [_absolute(item, address) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: urljoin(address, value) if key == "$ref" and isinstance(value, str) else _absolute(value, address)
        for key, value in node.items()
    }


def _record_type(document: Schema, documents: Mapping[str, Schema]) -> RecordType:
    """The type that a schema document describes."""
    notes, parts = document["chm"], SCHEMA_ID.fullmatch(document["$id"])
    assert parts is not None
    try:
        fields = Reader(documents).fields(document)
    except (KeyError, RecursionError) as error:
        raise SchemaError(f"{document['$id']}: a reference leads nowhere: {error}") from error
    for member in fields:
        if not member.label:
            raise SchemaError(f"{document['$id']}: {member.name} has no title")
    return RecordType(
        name=notes["name"],
        code=notes["code"],
        kebab=parts[1],
        schema_id=document["$id"],
        version=(int(parts[2]), int(parts[3])),
        label=document["title"],
        plural=notes["plural"],
        description=document["description"],
        cbd=tuple(notes["cbd"]),
        gist=tuple(notes["gist"]),
        closes=tuple(notes.get("closes", ())),
        fields=fields,
    )


def _compiled(
    documents: Mapping[str, Schema], known: Mapping[str, RecordType]
) -> dict[str, jsonschema_rs.Draft202012Validator]:
    """A validator for each type; a reference out of the folder is refused, never followed."""
    try:
        registry = jsonschema_rs.Registry([*documents.items()])
        return {
            key: jsonschema_rs.Draft202012Validator(
                documents[key], registry=registry, offline=True, validate_formats=True
            )
            for key in known
        }
    except (jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError, ValueError) as error:
        raise SchemaError(f"the schemas do not fit together: {error}") from error
