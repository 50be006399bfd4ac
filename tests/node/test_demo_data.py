"""The demo's import files: a node takes them all, no table loses a word, and the script still makes them."""

import csv
import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from chmnode.concepts import Concepts
from chmnode.records.authoring import Imprint, complete
from chmnode.records.catalogue import Catalogue
from chmnode.records.validation import check_authored

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "deploy" / "demo"
INDEX = json.loads((DEMO / "import" / "index.json").read_text(encoding="utf-8"))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rows(name):
    with (DEMO / "mapping" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


PHRASES = tomllib.loads((DEMO / "mapping" / "phrases.toml").read_text(encoding="utf-8"))
SOURCES = {record["id"]: record for record in lines(DEMO / "source" / "real_records.jsonl")}
ENDORSEMENTS = json.loads((DEMO / "import" / "endorsements.json").read_text(encoding="utf-8"))
#: How each language of an endorsement says that it is for show.
FOR_SHOW = {"es": "demostración", "fr": "démonstration"}
FILES = {name: lines(DEMO / "import" / name) for name in sorted({place["file"] for place in INDEX.values()})}
DRAFTS = {key: FILES[place["file"]][place["line"] - 1] for key, place in INDEX.items()}


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load(ROOT / "schemas")


@pytest.fixture(scope="module")
def concepts():
    return Concepts.load(ROOT / "vocab")


def build(folder):
    # The locale must not matter: the script runs where nobody has set one.
    script = [sys.executable, "-W", "error", str(DEMO / "build.py"), str(folder)]
    return subprocess.run(script, env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0"}, capture_output=True, check=False)


def test_the_script_makes_exactly_the_committed_files(tmp_path):
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    committed = {path.name: path.read_bytes() for path in (DEMO / "import").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed


def test_every_source_record_is_in_one_file_once_and_the_index_finds_it():
    assert set(INDEX) == set(SOURCES)
    assert len(SOURCES) == 145 == sum(len(drafts) for drafts in FILES.values())
    assert len({(place["file"], place["line"]) for place in INDEX.values()}) == 145
    assert all(DRAFTS[key]["title"] == {record["lang"]: record["title"]} for key, record in SOURCES.items())


@pytest.mark.parametrize("key", SOURCES)
def test_a_node_has_nothing_against_the_draft(key, catalogue, concepts):
    imprint = Imprint(
        publisher="did:web:node.example",
        node_code="DEMO",
        id="https://node.example/records/1",
        number=1,
        revision=1,
        now="2026-01-01T00:00:00Z",
    )
    assert check_authored(complete(DRAFTS[key], imprint, catalogue), catalogue, concepts) == []


@pytest.mark.parametrize("key", SOURCES)
def test_the_draft_keeps_abstract_place_targets_and_source(key):
    record, draft = SOURCES[key], DRAFTS[key]
    abstract = draft["problem" if record["kind"] == "need" else "summary"]
    assert abstract == {record["lang"]: record["summary"]}
    assert draft["countries"] == sorted(record["countries"])
    assert len(draft["regions"]) == len(record["regions"])
    assert [int(code[-2:]) for code in draft["gbfTargets"]] == record["gbf_targets"]
    assert draft["source"] == {"url": record["source_url"], "date": str(record["as_of"])}


def test_no_draft_speaks_for_a_government():
    assert not any("government" in draft for draft in DRAFTS.values())


def test_each_country_endorses_a_record_of_its_own_node():
    places = {"CR": "costa-rica.jsonl", "CM": "cameroon.jsonl"}
    assert {one["government"]: one["file"] for one in ENDORSEMENTS} == places
    assert len(ENDORSEMENTS) == len(places)
    for one in ENDORSEMENTS:
        assert FILES[one["file"]][one["line"] - 1]["countries"] == [one["government"]]


@pytest.mark.parametrize("one", ENDORSEMENTS, ids=[one["government"] for one in ENDORSEMENTS])
def test_an_endorsement_says_in_the_language_of_its_record_that_no_government_made_it(one):
    """Its title stands in lists without the statement, so both have to say it."""
    endorsed = FILES[one["file"]][one["line"] - 1]
    [lang] = endorsed["languages"]
    assert set(one["title"]) == set(one["statement"]) == {lang}
    assert FOR_SHOW[lang] in one["title"][lang].lower()
    assert FOR_SHOW[lang] in one["statement"][lang].lower()
    assert one["statement"][lang] == PHRASES["endorsement"]["statement"][lang]
    assert endorsed["title"][lang] in one["title"][lang]


def test_needs_and_offers_keep_every_kind_of_help_in_order():
    asked = {key: record["support_types"] for key, record in SOURCES.items() if record["kind"] in {"need", "offer"}}
    named = {row["support_type"]: row["notations"] for row in rows("support_types")}
    assert {key: DRAFTS[key]["assistanceTypes"] for key in asked} == {
        key: [named[word] for word in words] for key, words in asked.items()
    }


def test_the_tables_have_the_words_of_the_source_and_no_others():
    tables = {"subjects": "subjects", "support_types": "support_types", "regions": "regions"}
    for member, name in tables.items():
        words = Counter(word for record in SOURCES.values() for word in record[member])
        assert sorted(next(iter(row.values())) for row in rows(name)) == sorted(words)


def test_a_subject_without_a_concept_says_why():
    for row in rows("subjects"):
        assert (row["match"] == "none") == (not row["notations"])
        assert row["notations"] or row["remark"], row["subject"]
        assert row["match"] in {"exact", "close", "broader", "related", "none"}


def test_an_offer_is_open_to_someone_a_matcher_can_find(concepts):
    for draft in (draft for draft in DRAFTS.values() if draft["type"] == "Offer"):
        open_to = draft["eligibility"]
        sets = [*open_to.get("regions", []), *open_to.get("groups", [])]
        assert open_to.get("countries") or all(concepts.countries_in(code) for code in sets)


@pytest.mark.parametrize("key", SOURCES)
def test_what_no_member_holds_is_said_in_words_of_the_records_language(key):
    record = SOURCES[key]
    lang, text = (
        record["lang"],
        DRAFTS[key].get("description" if record["kind"] == "event" else "relevantInformation", {}),
    )
    said = [PHRASES["origin"][record["origin"]][lang]] if "origin" in record else []
    said += [record["provider"]] if record["kind"] in {"offer", "practice", "event"} else []
    said += [PHRASES["quality"][record["source_quality"]][lang]] if record["source_quality"] != "primary" else []
    said += [PHRASES["written-in"][record["source_lang"]][lang]] if record["source_lang"] != lang else []
    said += [PHRASES["note"][record["note"]][lang]] if "note" in record else []
    assert set(text) == ({lang} if said else set())
    assert all(sentence in text[lang] for sentence in said)


def test_judgements_name_records_that_the_index_finds():
    judgements = lines(DEMO / "source" / "judgements.jsonl")
    named = {item["id"] for judged in judgements for item in judged["relevant"]}
    named |= {key for judged in judgements for key in (*judged["hard_negatives"], *judged["regional_centres"])}
    assert named | {judged["need_id"] for judged in judgements} <= set(INDEX)


def test_each_national_node_has_a_need_and_an_offer_of_its_own():
    for name in ("cameroon.jsonl", "costa-rica.jsonl"):
        assert {"Need", "Offer"} <= {draft["type"] for draft in FILES[name]}


def test_a_word_without_a_row_stops_the_script_with_the_mend(tmp_path):
    copy = tmp_path / "demo"
    for path in (path for path in DEMO.rglob("*") if path.suffix in {".py", ".csv", ".toml", ".jsonl"}):
        target = copy / path.relative_to(DEMO)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    table = copy / "mapping" / "subjects.csv"
    kept = [line for line in table.read_text(encoding="utf-8").splitlines(keepends=True) if "wetlands" not in line]
    table.write_text("".join(kept), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(copy / "build.py"), str(tmp_path / "out")], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.decode().strip() == "mapping/subjects.csv has no row for 'wetlands'; add one."
