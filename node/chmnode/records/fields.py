"""Members of a record type, as the schema files describe them.

Owns the reading of JSON Schema and its `chm` annotations into frozen values that forms, pages, search and exports work
from. Refuses nothing: `catalogue` has checked the files against `annotations.schema.json` before they come here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Schema = dict[str, Any]

#: Where the named shapes of members stand (text, date, link ...).
SHAPES = "https://w3id.org/chm/schemas/envelope/1.0#/$defs/"
#: Kinds whose value is a language map.
LANGUAGE_MAPS = frozenset({"line", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One member of a record type, or of an object within it."""

    name: str
    #: Names from the record down to this member.
    path: tuple[str, ...]
    #: English message ids; translations come from the catalogues.
    label: str
    help: str
    #: Name of the shape in the envelope schema, or `code`, `choice`, `group`, `constant`, or the JSON type.
    kind: str
    many: bool
    required: bool
    #: JSON-LD term, and how JSON-LD reads the value where the kind does not say it.
    term: str | None
    datatype: str | None
    #: Vocabulary whose notations are the values.
    scheme: str | None
    #: Values beyond the vocabulary are welcome, as with languages.
    open: bool
    facet: bool
    search: Literal["title", "text", "concept"] | None
    #: Field of the Convention's own schema, as stored there.
    cbd: str | None
    owner: Literal["node", "author"]
    sorted: bool
    #: Member with the date that this one may not precede.
    not_before: str | None
    #: Section of the form.
    group: str | None
    mend: str | None
    #: Values of an enumeration with their labels.
    choices: tuple[tuple[str, str], ...]
    max_items: int | None
    max_length: int | None
    #: Members of an object.
    fields: tuple["Field", ...]

    @property
    def translated(self) -> bool:
        """Whether the value is a language map."""
        return self.kind in LANGUAGE_MAPS

    @property
    def watched(self) -> bool:
        """Whether something in it is to be checked that a schema cannot say: codes, order, dates, languages."""
        own = self.scheme or self.sorted or self.not_before or self.translated
        return bool(own) or any(field.watched for field in self.fields)

    def located(self, holder: Mapping[str, Any], at: str = "$") -> Iterator[tuple["Field", str, Any]]:
        """This member and those within it, each with its JSON path and value, as far as `holder` has them."""
        if self.name not in holder:
            return
        value, here = holder[self.name], f"{at}.{self.name}"
        yield self, here, value
        many = self.many and isinstance(value, list)
        for place, item in [(f"{here}[{i}]", v) for i, v in enumerate(value)] if many else [(here, value)]:
            if isinstance(item, Mapping):
                for field in self.fields:
                    yield from field.located(item, place)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads members out of schema documents whose references are absolute."""

    documents: Mapping[str, Schema]

    def target(self, reference: str) -> Schema:
        """The part of a document that a reference names."""
        address, _, pointer = reference.partition("#")
        node: Any = self.documents[address]
        for step in pointer.split("/")[1:]:
            node = node[step]
        return dict(node)

    def resolved(self, node: Schema) -> Schema:
        """A schema with what it refers to laid under it."""
        if "$ref" not in node:
            return node
        under = self.resolved(self.target(node["$ref"]))
        return overlaid(under, {key: value for key, value in node.items() if key != "$ref"})

    def members(self, schema: Schema) -> dict[str, Schema]:
        """Properties of an object schema, those of its `allOf` first."""
        found: dict[str, Schema] = {}
        for node in [*schema.get("allOf", ()), {"properties": schema.get("properties", {})}]:
            for name, member in self.resolved(node).get("properties", {}).items():
                shape = self._shape(member)
                found[name] = overlaid(
                    found.get(name, {}), {**self.resolved(member), **({"shape": shape} if shape else {})}
                )
        return found

    def required(self, schema: Schema) -> frozenset[str]:
        """Members that an object schema asks for, those of its `allOf` included."""
        parts = [self.resolved(node) for node in schema.get("allOf", ())]
        return frozenset(name for part in [*parts, schema] for name in part.get("required", ()))

    def fields(self, schema: Schema, path: tuple[str, ...] = ()) -> tuple[Field, ...]:
        """Members of an object schema in the order of the file, which is the order of the form."""
        required = self.required(schema)
        members = self.members(schema).items()
        return tuple(self._field(name, node, (*path, name), required=name in required) for name, node in members)

    def _field(self, name: str, node: Schema, path: tuple[str, ...], *, required: bool) -> Field:
        notes = node.get("chm", {})
        item = self.resolved(node["items"]) if "items" in node else node
        kind = "code" if "scheme" in notes else self._shape(node) or _kind(item)
        return Field(
            name=name,
            path=path,
            label=node.get("title", ""),
            help=node.get("description", ""),
            kind=kind,
            many="items" in node,
            required=required,
            term=notes.get("term"),
            datatype=notes.get("datatype"),
            scheme=notes.get("scheme"),
            open=notes.get("open", False),
            facet=notes.get("facet", False),
            search=notes.get("search"),
            cbd=notes.get("cbd"),
            owner=notes.get("owner", "author"),
            sorted=notes.get("sorted", False),
            not_before=notes.get("notBefore"),
            group=notes.get("group"),
            mend=notes.get("mend") or item.get("chm", {}).get("mend"),
            choices=tuple((value, notes["labels"][value]) for value in node.get("enum", ())),
            max_items=node.get("maxItems"),
            max_length=_longest(item),
            fields=self.fields(item, path) if "properties" in item else (),
        )

    def _shape(self, node: Schema) -> str | None:
        """Name of the shape of a member, or of its items, as far as it has one."""
        if "shape" in node:
            return str(node["shape"])
        reference = node.get("$ref", "")
        if reference.startswith(SHAPES):
            return str(reference.removeprefix(SHAPES))
        if reference:
            return self._shape(self.target(reference))
        return self._shape(node["items"]) if "items" in node else None


def overlaid(under: Schema, over: Schema) -> Schema:
    """Two descriptions of one member as one: the later speaks last, annotation by annotation."""
    notes = {**under.get("chm", {}), **over.get("chm", {})}
    return {**under, **over, **({"chm": notes} if notes else {})}


def _kind(node: Schema) -> str:
    """Kind of a member that takes none of the named shapes."""
    if "enum" in node:
        return "choice"
    if "const" in node:
        return "constant"
    return "group" if "properties" in node else str(node.get("type", "any"))


def _longest(node: Schema) -> int | None:
    """Characters that a text may have, in each language where it is a language map."""
    within = node.get("additionalProperties")
    longest = node.get("maxLength") or (within.get("maxLength") if isinstance(within, Mapping) else None)
    return longest if isinstance(longest, int) else None
