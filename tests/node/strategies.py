"""Hypothesis strategies for valid records of every type, read from the schema files.

`records(CATALOGUE, "Need")` gives whole records, good sense included: texts are in the languages named, lists that have
to be sorted are, dates follow one another. Codes have the right form; give `codes` to draw them from a vocabulary.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from chmnode.records.catalogue import Catalogue, RecordType
from chmnode.records.fields import Reader, Schema
from chmnode.records.validation import check

SCHEMAS = Path(__file__).parents[2] / "schemas"
CATALOGUE = Catalogue.load(SCHEMAS)
TYPES = sorted(CATALOGUE.types)

#: Members that the strategy sets by what it knows of the type.
SET_BELOW = {"schema", "identifier", "languages", "title"}

Values = st.SearchStrategy[Any]
Codes = Callable[[str], Values]


def texts(schema: Schema) -> Values:
    """Texts of the form that a schema asks for."""
    if schema.get("format") == "date":
        return st.dates().map(str)
    if schema.get("format") == "date-time":
        return st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1)).map(lambda d: f"{d:%Y-%m-%dT%H:%M:%SZ}")  # noqa: DTZ001
    pattern = schema["pattern"].removesuffix("$") + (r"\Z" if schema["pattern"].endswith("$") else "")
    drawn = st.from_regex(re.compile(pattern))
    return drawn.filter(lambda text: schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 2048))


class Maker:
    """Strategies for the parts of a schema; language maps are in `languages`."""

    def __init__(self, catalogue: Catalogue, languages: list[str], codes: Codes | None) -> None:
        self.reader = Reader(catalogue.documents)
        self.languages = languages
        self.codes = codes

    def values(self, schema: Schema, scheme: str | None = None) -> Values:
        """Values that a schema accepts."""
        node = self.reader.resolved(schema)
        scheme = node.get("chm", {}).get("scheme", scheme)
        if "const" in node:
            return st.just(node["const"])
        if "enum" in node:
            return st.sampled_from(node["enum"])
        match node["type"]:
            case "string":
                return self.codes(scheme) if scheme and self.codes else texts(node)
            case "boolean":
                return st.booleans()
            case "integer":
                return st.integers(node["minimum"], node["maximum"])
            case "array":
                least, most = node.get("minItems", 0), min(3, node["maxItems"])
                return self._in_order(node, st.lists(self.values(node["items"], scheme), min_size=least, max_size=most))
        return self._language_map(node) if "propertyNames" in node else self._object(node)

    def _in_order(self, node: Schema, lists: Values) -> Values:
        kept = lists.map(lambda items: [item for i, item in enumerate(items) if item not in items[:i]])
        return kept.map(sorted) if node.get("chm", {}).get("sorted") else kept

    def _language_map(self, node: Schema) -> Values:
        within = self.values(node["additionalProperties"])
        if node.get("minProperties"):
            return st.dictionaries(st.sampled_from(self.languages), within, min_size=1)
        others = self.languages[1:]
        return st.dictionaries(st.sampled_from(others), within) if others else st.just({})

    def _object(self, node: Schema) -> Values:
        if "anyOf" in node:
            return st.one_of([self._object(self._branch(node, branch)) for branch in node["anyOf"]])
        members = {name: self.values(member) for name, member in node["properties"].items()}
        required = {name: members.pop(name) for name in node.get("required", ())}
        return st.fixed_dictionaries(required, optional=members)

    def _branch(self, node: Schema, branch: Schema) -> Schema:
        deeper = {
            name: {**self.reader.resolved(node["properties"][name]), **member}
            for name, member in branch.get("properties", {}).items()
        }
        whole = {**node, "required": branch["required"], "properties": {**node["properties"], **deeper}}
        return {key: value for key, value in whole.items() if key != "anyOf"}


@st.composite
def records(draw: st.DrawFn, catalogue: Catalogue, name: str, codes: Codes | None = None) -> dict[str, Any]:
    """Valid records of one type, with a handful of the members that may be left out."""
    kind = catalogue.types[name]
    spoken = codes("languages") if codes else st.sampled_from(["ar", "en", "es", "fr", "id", "pt-BR", "ru", "zh-Hans"])
    languages = draw(st.lists(spoken, min_size=1, max_size=3, unique=True))
    maker = Maker(catalogue, languages, codes)
    document = catalogue.documents[kind.schema_id]
    members = maker.reader.members(document)
    optional = sorted(set(members) - set(kind.required))
    chosen = [*kind.required, *draw(st.lists(st.sampled_from(optional), max_size=8, unique=True))]
    record = {
        member: draw(maker.values(members[member])) for member in chosen if member not in {"schema", "identifier"}
    }
    record |= {
        "schema": kind.schema_id,
        "identifier": f"CHM-{kind.code}-KE-{draw(st.integers(1, 999999))}",
        "languages": languages,
        "title": {lang: draw(texts(members["title"]["additionalProperties"])) for lang in languages},
    }
    _mended(draw, record, maker, members, catalogue)
    return _in_time(record, kind)


def _mended(
    draw: st.DrawFn, record: dict[str, Any], maker: Maker, members: Mapping[str, Schema], catalogue: Catalogue
) -> None:
    """Give the members that the rules of the type still miss."""
    for problem in check(record, catalogue):
        member = problem.path.split(".")[1]
        record[member] = draw(maker.values({**members[member], "minItems": 1}))
    assert not check(record, catalogue)


def _in_time(record: dict[str, Any], kind: RecordType) -> dict[str, Any]:
    """Put the dates that follow one another in order."""
    record["issued"], record["modified"] = sorted([record["issued"], record["modified"]])
    for field in kind.fields:
        first = record.get(field.not_before or "")
        if field.name in record and first and record[field.name][:10] < first[:10]:
            record[field.name] = first[: len(record[field.name])]
    return record


def any_records(catalogue: Catalogue = CATALOGUE) -> Values:
    """Valid records of all types."""
    return st.sampled_from(sorted(catalogue.types)).flatmap(lambda name: records(catalogue, name))
