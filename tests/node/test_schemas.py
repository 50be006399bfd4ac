"""The schema files: annotations and bounds, agreement with records.md, with the vocabularies and with the context."""

import importlib.util
import json
import re
import shutil
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from chmnode.concepts.catalogue import Concepts
from chmnode.records.authoring import Imprint, complete
from chmnode.records.catalogue import ANNOTATIONS, Catalogue, SchemaError
from chmnode.records.validation import check, check_authored
from tests.node.strategies import CATALOGUE, SCHEMAS, TYPES

#: Of records.md: type, code, the Convention's schemas.
TABLE = {
    "Need": ("BBR", ("bbiRequest",)),
    "Offer": ("BBO", ("bbiOpportunity",)),
    "Provider": ("BBP", ("bbiProfile",)),
    "Organization": ("ORG", ("organization",)),
    "Resource": ("VLR", ("resource", "capacityBuildingResource", "nationalSupportTool")),
    "BestPractice": ("CST", ("caseStudy",)),
    "Event": ("EVT", ("event",)),
    "FocalPoint": ("FPT", ("focalPoint",)),
    "Endorsement": ("END", ()),
}
ENVELOPE = {
    *("@context", "id", "type", "schema", "identifier", "government", "countries", "regions", "languages", "title"),
    *("summary", "description", "translations", "issued", "modified", "validUntil", "license", "publisher"),
    *("revision", "contactPoint", "source", "relation", "proof"),
}
FILES = sorted(SCHEMAS.glob("*.schema.json"))
VOCABULARY = Concepts.load(SCHEMAS.parent / "vocab")
IMPRINT = Imprint(
    publisher="did:web:chm.example.org",
    node_code="CENTRAL",
    id="https://chm.example.org/records/1",
    number=1,
    revision=1,
    now="2026-11-20T12:00:00Z",
)


def fields():
    """Every member of every type, and those within."""

    def within(field):
        yield field
        for inner in field.fields:
            yield from within(inner)

    return [(name, each) for name in TYPES for field in CATALOGUE.types[name].fields for each in within(field)]


def subschemas(node):
    """Every schema within a schema document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from subschemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from subschemas(value)


def test_every_type_carries_the_code_and_the_schemas_of_the_convention():
    found = {name: (kind.code, kind.cbd) for name, kind in CATALOGUE.types.items()}
    assert {name: found.get(name) for name in TABLE} == TABLE


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_one_name_in_its_file_its_address_and_its_records(name):
    kind = CATALOGUE.types[name]
    document = json.loads((SCHEMAS / f"{kind.kebab}.schema.json").read_bytes())
    assert document["$id"] == f"https://w3id.org/chm/schemas/{kind.kebab}/{kind.version[0]}.{kind.version[1]}"
    assert document["properties"]["type"] == {"const": name}
    assert document["properties"]["identifier"] == {"pattern": f"^CHM-{kind.code}-"}
    assert kind.kebab == re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_the_envelope_of_records_md(name):
    assert set(CATALOGUE.types[name].by_name) >= ENVELOPE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_reference_validator_finds_every_file_a_sound_schema(path):
    Draft202012Validator.check_schema(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [("facets", True), ("scheme", "GBF Targets"), ("search", "fulltext"), ("term", "has space"), ("owner", "me")],
)
def test_the_meta_schema_refuses_a_misspelt_annotation(annotation, value):
    documents = [json.loads(path.read_bytes()) for path in FILES]
    registry = Registry().with_resources((d["$id"], Resource.from_contents(d)) for d in documents)
    meta = Draft202012Validator(next(d for d in documents if d["$id"] == ANNOTATIONS), registry=registry)
    need = json.loads((SCHEMAS / "need.schema.json").read_bytes())
    assert meta.is_valid(need)
    need["properties"]["problem"]["chm"][annotation] = value
    assert not meta.is_valid(need)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.name != "annotations.schema.json"], ids=lambda p: p.name
)
def test_every_text_and_every_list_has_an_end(path):
    """The first file is the meta-schema, which speaks about schemas and not about records."""
    for node in subschemas(json.loads(path.read_bytes())):
        if node.get("type") == "array":
            assert node["maxItems"] <= 250
        if node.get("type") == "string" and not {"const", "enum", "maxLength"} & node.keys():
            anchored = node["pattern"].startswith("^") and node["pattern"].endswith("$")
            assert anchored
            assert _parser.parse(node["pattern"]).getwidth()[1] < _constants.MAXREPEAT
        if "propertyNames" in node:
            assert node["maxProperties"] <= 100


@pytest.mark.parametrize("name", TYPES)
def test_what_a_type_says_of_its_members_names_members(name):
    kind = CATALOGUE.types[name]
    dates = [field.not_before for field in kind.fields if field.not_before]
    assert {*kind.gist, *kind.closes, *dates} <= set(kind.by_name)


def test_every_coded_member_draws_on_a_vocabulary_that_exists():
    schemes = {field.scheme for _, field in fields() if field.scheme}
    assert schemes
    assert {scheme for scheme in schemes if VOCABULARY.scheme(scheme) is None} == set()


def test_every_value_of_an_enumeration_has_a_label():
    choices = [field for _, field in fields() if field.kind == "choice"]
    assert choices
    assert all(value and label for field in choices for value, label in field.choices)


def test_no_type_has_a_place_for_the_private_data_of_a_person():
    private = re.compile(
        r"phone|fax|mobile|e-?mail|street|postal|addressLine|firstName|lastName|gender|birth", re.IGNORECASE
    )
    assert [(name, field.path) for name, field in fields() if private.search(field.name)] == []


def test_a_term_means_the_same_member_in_every_type():
    meanings = {}
    for _, field in fields():
        if len(field.path) == 1 and field.term:
            meaning = (field.term, field.translated, field.scheme, field.datatype)
            assert meanings.setdefault(field.name, meaning) == meaning


def test_the_published_context_is_what_the_annotations_say():
    spec = importlib.util.spec_from_file_location("make_context", SCHEMAS / "make_context.py")
    make_context = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_context)
    built = make_context.context(CATALOGUE.types.values(), make_context.named(VOCABULARY))
    assert CATALOGUE.context == built
    assert built["@context"]["@vocab"] == "https://w3id.org/chm/ns#"


@pytest.fixture
def folder(tmp_path):
    """A copy of the schema folder to write into."""
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def wish(version="1.0", **changes):
    """The schema of a type that this software does not have."""
    envelope = "https://w3id.org/chm/schemas/envelope/1.0"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://w3id.org/chm/schemas/long-wish/{version}",
        "title": "Wish",
        "description": "What somebody wishes for.",
        "chm": {"code": "WSH", "name": "LongWish", "plural": "Wishes", "cbd": [], "gist": ["longing"]},
        "allOf": [{"$ref": envelope}],
        "required": ["longing"],
        "properties": {
            "type": {"const": "LongWish"},
            "longing": {"$ref": f"{envelope}#/$defs/text", "title": "Longing", "chm": {"term": "longing"}},
            "gbfTargets": {"$ref": "../members/1.0#/$defs/gbfTargets"},
        },
        "unevaluatedProperties": False,
        **changes,
    }


def add(folder, document, name="long-wish"):
    (folder / f"{name}.schema.json").write_text(json.dumps(document), encoding="utf-8")


def test_a_schema_file_alone_adds_a_type(folder):
    """Completion, both checks and their hints work for a type that no Python knows."""
    add(folder, wish())
    catalogue = Catalogue.load(folder)
    draft = {"type": "LongWish", "languages": ["en"], "title": {"en": "Rain"}, "longing": {"en": "More of it."}}
    whole = complete({**draft, "gbfTargets": ["GBF-TARGET-06"]}, IMPRINT, catalogue)
    assert check_authored(whole, catalogue, VOCABULARY) == []
    assert whole["identifier"] == "CHM-WSH-CENTRAL-1"
    bad = {**whole, "gbfTargets": ["GBF-TARGET-60"], "longin": 1}
    del bad["longing"]
    found = {(problem.path, problem.code) for problem in check_authored(bad, catalogue, VOCABULARY)}
    assert found == {("$.longing", "missing"), ("$.longin", "unknown-member"), ("$.gbfTargets[0]", "unknown-code")}


def test_an_older_version_stays_valid_beside_a_newer_one(folder):
    """Records are checked by the version they name; new ones are written in the newest."""
    add(folder, wish())
    newer = wish("1.10")
    newer["properties"]["depth"] = {"type": "integer", "title": "Depth"}
    add(folder, newer, "long-wish-1.10")
    add(folder, wish("1.9"), "long-wish-1.9")
    catalogue = Catalogue.load(folder)
    assert catalogue.types["LongWish"].version == (1, 10)
    draft = {"type": "LongWish", "languages": ["en"], "title": {"en": "Rain"}, "longing": {"en": "x"}, "depth": 3}
    whole = complete(draft, IMPRINT, catalogue)
    assert check_authored(whole, catalogue, VOCABULARY) == []
    old = {**whole, "schema": wish()["$id"]}
    assert [problem.path for problem in check_authored(old, catalogue, VOCABULARY)] == ["$.depth"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"properties": {"longing": {"type": "string", "title": "x", "chm": {"fact": True}}}}, "fact"),
        ({"properties": {"longing": {"type": "string"}}}, "no title"),
        ({"properties": {"longing": {"$ref": "../nowhere/1.0"}}}, "nowhere"),
        ({"allOf": [{"$ref": "http://127.0.0.1:9/evil.json"}]}, "127.0.0.1"),
        ({"unevaluatedProperties": True}, "unevaluatedProperties"),
        ({"$id": "https://w3id.org/chm/schemas/need/1.0"}, "of its own"),
        ({"$id": "https://example.org/wish"}, "of its own"),
    ],
)
def test_a_schema_that_breaks_the_rules_is_refused_by_name(folder, changes, reason):
    add(folder, wish(**changes))
    with pytest.raises(SchemaError, match=reason):
        Catalogue.load(folder)


def test_a_reference_to_the_network_is_not_followed(folder, monkeypatch):
    """A schema that refers elsewhere deep inside is refused without a connection."""

    def refused(*_):
        pytest.fail("somebody opened a connection")

    monkeypatch.setattr("socket.socket.connect", refused)
    document = wish()
    document["properties"]["longing"] = {
        "title": "x",
        "type": "array",
        "items": {"anyOf": [{"$ref": "http://example.org/x"}]},
    }
    add(folder, document)
    with pytest.raises(SchemaError, match="do not fit together"):
        Catalogue.load(folder)


def test_a_folder_without_meta_schema_or_with_broken_json_is_refused(folder):
    (folder / "need.schema.json").write_text("{", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"need\.schema\.json"):
        Catalogue.load(folder)
    (folder / "need.schema.json").unlink()
    (folder / "annotations.schema.json").unlink()
    with pytest.raises(SchemaError, match="annotations"):
        Catalogue.load(folder)


def test_a_record_of_a_type_without_schema_file_is_no_problem_here():
    """Section 7: what this node does not know is kept and shown generically."""
    record = {"type": "LongWish", "schema": "https://w3id.org/chm/schemas/long-wish/1.0", "longing": 1}
    assert check(record, CATALOGUE) == []
    assert CATALOGUE.of(record) is None
