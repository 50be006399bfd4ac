"""Checks of a record: by schema alone on harvest, against vocabularies and good sense before it is signed.

Owns what is said to people about a wrong record: where, what, and how to mend it. On harvest only the JSON Schema of
the record's own version counts (CHM-Sync 1 section 7, `SCHEMA`), so that a vocabulary newer than ours quarantines
nothing; a version this node does not know has no problems here and is shown generically.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from jsonschema_rs import ValidationError

from chmnode.records.catalogue import SCHEMA_ID, Catalogue, RecordType
from chmnode.records.fields import Field

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a record.

    Attributes:
        path: where, `$.title.fr` or `$.countries[0]`; for a member that is missing, where it should be.
        code: what, in a word for programs.
        detail: what, in a sentence without the value.
        hint: how to mend it, if we know.
    """

    path: str
    code: str
    detail: str
    hint: str | None = None


class Vocabulary(Protocol):
    """What the checks ask of the concepts."""

    def get(self, scheme: str, notation: str, /) -> object | None:
        """The concept with that notation, any case; None if the scheme has none."""

    def closest(self, scheme: str, code: str, /) -> Sequence[str]:
        """Notations that somebody who wrote `code` may have meant, the likeliest first."""


#: Our code and sentence for each kind of error of jsonschema-rs.
SENTENCES = {
    "Required": ("missing", "`{property}` is missing"),
    "Type": ("type", "is not of the type {types}"),
    "MinLength": ("too-short", "has fewer than {limit} characters"),
    "MaxLength": ("too-long", "has more than {limit} characters"),
    "MinItems": ("too-few", "has fewer than {limit} items"),
    "MaxItems": ("too-many", "has more than {limit} items"),
    "MinProperties": ("too-few", "has fewer than {limit} members"),
    "MaxProperties": ("too-many", "has more than {limit} members"),
    "UniqueItems": ("repeated", "holds the same item twice"),
    "Pattern": ("form", "does not have the form asked for"),
    "Format": ("form", "is not a {format} that exists"),
    "Enum": ("not-allowed", "is not one of the values allowed"),
    "Constant": ("not-allowed", "is not the only value allowed"),
    "Minimum": ("range", "is smaller than {limit}"),
    "Maximum": ("range", "is larger than {limit}"),
}
UNKNOWN_MEMBER = "is not a member of this kind of record"
BROKEN_RULE = ("rule", "breaks a rule of this kind of record")


def check(record: Record, catalogue: Catalogue) -> list[Problem]:
    """Problems by the schema the record names; none also for a type or version that this node does not know."""
    schema = record.get("schema")
    validator = catalogue.validators.get(schema) if isinstance(schema, str) else None
    if validator is None:
        return _misnamed(record, catalogue)
    if validator.is_valid(record):
        return []
    kind = catalogue.schemas[str(schema)]
    found = {
        (problem.path, problem.code): problem
        for error in validator.iter_errors(record)
        for problem in _problems(error, kind, catalogue)
    }
    return sorted(found.values(), key=lambda problem: (problem.path, problem.code))


def check_authored(record: Record, catalogue: Catalogue, concepts: Vocabulary) -> list[Problem]:
    """Problems of a record that is about to be signed; its `proof` may still be missing."""
    kind = catalogue.of(record)
    if kind is None:
        return [_unknown_schema(record, catalogue)]
    unsigned = [problem for problem in check(record, catalogue) if problem.path != "$.proof" or "proof" in record]
    located = [place for field in kind.watched for place in field.located(record)]
    return [
        *unsigned,
        *(problem for place in located for problem in _unknown_codes(*place, concepts)),
        *(problem for place in located for problem in _unsorted(*place)),
        *(problem for place in located for problem in _too_early(*place, record)),
        *_languages(record, located),
    ]


def _misnamed(record: Record, catalogue: Catalogue) -> list[Problem]:
    """A schema may be unknown here, but it has to be one, and a known type's has to carry the type's name."""
    schema, known = record.get("schema"), catalogue.types.get(str(record.get("type")))
    parts = SCHEMA_ID.fullmatch(schema) if isinstance(schema, str) else None
    if parts is None:
        code = "form" if "schema" in record else "missing"
        hint = f"Write {known.schema_id}." if known else None
        return [Problem("$.schema", code, "names no version of a schema", hint)]
    if known is not None and parts[1] != known.kebab:
        return [Problem("$.schema", "not-allowed", "is the schema of another type", f"Write {known.schema_id}.")]
    return []


def _unknown_schema(record: Record, catalogue: Catalogue) -> Problem:
    """Why nothing can be written against the schema that a record names."""
    known = catalogue.types.get(str(record.get("type")))
    hint = f"Write {known.schema_id}." if known else f"Known types: {', '.join(sorted(catalogue.types))}."
    return Problem("$.schema" if known else "$.type", "unknown-schema", "is not known to this node", hint)


def _problems(error: ValidationError, kind: RecordType, catalogue: Catalogue) -> Iterator[Problem]:
    """What one error of the validator means to the author."""
    name, at = type(error.kind).__name__, _path(error.instance_path)
    facts = error.kind.as_dict()
    notes = _notes(error, catalogue)
    mend = notes.get("mend")
    match name:
        case "AdditionalProperties" | "UnevaluatedProperties":
            # Where a part of the schema failed, its members count as unevaluated though the type has them.
            names = kind.by_name if name == "UnevaluatedProperties" else {}
            for member in facts["unexpected"]:
                if member not in names:
                    yield Problem(f"{at}.{member}", "unknown-member", UNKNOWN_MEMBER, _meant(member, names))
        case "PropertyNames":
            yield Problem(f"{at}.{facts['error'].instance}", "form", SENTENCES["Pattern"][1], mend)
        case "Required":
            member = facts["property"]
            field = kind.field(member) if at == "$" else None
            hint = mend or (field.help if field else None) or None
            yield Problem(f"{at}.{member}", *_said(name, facts), hint)
        case _ if name not in SENTENCES and "member" in notes:
            member = notes["member"]
            yield Problem(f"{at}.{member}", *_said("Required", {"property": member}), mend)
        case _:
            yield Problem(at, *_said(name, facts), mend)


def _said(name: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Our code and sentence for a kind of error."""
    code, sentence = SENTENCES.get(name, BROKEN_RULE)
    return code, sentence.format_map({**facts, "types": " or ".join(facts.get("types", ()))})


def _path(steps: Sequence[str | int]) -> str:
    """A JSON path."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def _notes(error: ValidationError, catalogue: Catalogue) -> dict[str, Any]:
    """The annotations along the way to the keyword that failed; the innermost speaks last."""
    address, _, pointer = str(error.absolute_keyword_location).partition("#")
    node: Any = catalogue.documents[address]
    notes: dict[str, Any] = {}
    for step in pointer.split("/")[1:]:
        if isinstance(node, list) and step.isdecimal():
            node = node[int(step)]
        elif isinstance(node, dict):
            node = node.get(step.replace("~1", "/").replace("~0", "~"))
        # The last steps of a place may name what stands in no file, as within `dependentRequired`.
        if isinstance(node, dict) and isinstance(node.get("chm"), dict):
            notes |= node["chm"]
    return notes


def _meant(member: str, names: Mapping[str, Field]) -> str | None:
    """A guess at the member somebody meant."""
    near = get_close_matches(member, names, n=1)
    return f"Did you mean {near[0]}?" if near else None


def _items(field: Field, path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The texts of a member with their paths, one or many."""
    many = field.many and isinstance(value, list)
    for place, item in [(f"{path}[{i}]", v) for i, v in enumerate(value)] if many else [(path, value)]:
        if isinstance(item, str):
            yield place, item


def _unknown_codes(field: Field, path: str, value: Any, concepts: Vocabulary) -> Iterator[Problem]:
    """Codes that their vocabulary does not have."""
    if field.scheme is None or field.open:
        return
    for place, code in _items(field, path, value):
        if concepts.get(field.scheme, code) is None:
            near = concepts.closest(field.scheme, code)
            hint = f"Did you mean {' or '.join(near)}?" if near else None
            yield Problem(place, "unknown-code", f"is not in the vocabulary {field.scheme}", hint)


def _unsorted(field: Field, path: str, value: Any) -> Iterator[Problem]:
    """Lists that have to be sorted, since the log entry repeats them so."""
    codes = [code for _, code in _items(field, path, value)]
    if field.sorted and codes != sorted(codes):
        yield Problem(path, "unsorted", "is not sorted by code point", f"Write {', '.join(sorted(codes))}.")


def _too_early(field: Field, path: str, value: Any, record: Record) -> Iterator[Problem]:
    """Dates before the date that they follow."""
    first = record.get(field.not_before) if field.not_before else None
    if isinstance(first, str) and isinstance(value, str):
        # A date is compared with a time by its day; fractions of a second decide nothing.
        length = min(len(first), len(value), 19)
        if value[:length] < first[:length]:
            yield Problem(path, "order", f"is before {field.not_before}", f"{field.not_before} is {first}.")


def _languages(record: Record, located: Sequence[tuple[Field, str, Any]]) -> Iterator[Problem]:
    """Differences between the languages a record names and those of its texts."""
    languages = [lang for lang in _list(record.get("languages")) if isinstance(lang, str)]
    maps = [(path, value) for field, path, value in located if field.translated and isinstance(value, Mapping)]
    for path, value in maps:
        for lang in value:
            if lang not in languages:
                hint = f"Add {lang} to languages, or take the text out."
                yield Problem(f"{path}.{lang}", "language", "is in a language that `languages` does not name", hint)
    for place, lang in enumerate(languages):
        if not any(lang in value for _, value in maps):
            yield Problem(f"$.languages[{place}]", "language", "no text is in this language", "Take it out.")
    title = record.get("title")
    if languages and isinstance(title, Mapping) and languages[0] not in title:
        hint = f"Give the title in {languages[0]}, or name its language first."
        yield Problem("$.title", "language", "is not in the language the record was written in", hint)
    for lang in record["translations"] if isinstance(record.get("translations"), Mapping) else ():
        if lang not in languages[1:]:
            hint = "Only languages after the first one are translations."
            yield Problem(f"$.translations.{lang}", "language", "is no language this record was translated into", hint)


def _list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
