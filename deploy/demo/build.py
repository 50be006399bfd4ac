"""Builds the import files of the demo from `source/real_records.jsonl` by the tables of `mapping`.

`python deploy/demo/build.py [FOLDER]` writes one file of drafts for each node, as `chm import` takes them,
`index.json`, which says in what file and line each source record went, and `endorsements.json`, which says what
`chm demo` endorses and in what words; FOLDER is `import` beside this script unless given. Standard library only, no
clock and no network, the same bytes each time. It refuses a word that no table knows, so that nothing is dropped in
silence. What is mapped how and why: `README.md`.
"""

import csv
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent
REST = "region"  # publishes what no row of nodes.csv gives to a national node

Source = Mapping[str, Any]
Draft = dict[str, Any]
Row = Mapping[str, str]


class Unmapped(Exception):
    """A word of the source that no table has; whoever adds records has to add it there."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file of `mapping`, by their first column."""

    name: str
    rows: Mapping[str, Row]

    @classmethod
    def read(cls, name: str) -> Self:
        """The table `mapping/<name>.csv`."""
        with (HERE / "mapping" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        return cls(name, {next(iter(row.values())): row for row in rows})

    def __getitem__(self, key: str) -> Row:
        if key not in self.rows:
            raise Unmapped(f"mapping/{self.name}.csv has no row for {key!r}; add one.")
        return self.rows[key]

    def codes(self, keys: Iterable[str], column: str = "notations") -> list[str]:
        """The codes of several rows, in their order, each once; a row may hold several or none."""
        return list(dict.fromkeys(code for key in keys for code in self[key][column].split()))


SUBJECTS, SUPPORT_TYPES, REGIONS = (Table.read(name) for name in ("subjects", "support_types", "regions"))
KINDS, NODES, ELIGIBILITY = (Table.read(name) for name in ("kinds", "nodes", "eligibility"))
EVENTS, RESOURCES, ORGANIZATIONS = (Table.read(name) for name in ("events", "resources", "organizations"))
ENDORSEMENTS = Table.read("endorsements")
PHRASES: Mapping[str, Any] = tomllib.loads((HERE / "mapping" / "phrases.toml").read_text(encoding="utf-8"))


def draft(record: Source) -> Draft:
    """The draft of one source record; what only the publishing node may set is not in it."""
    kind, lang = KINDS[record["kind"]], record["lang"]
    members = {
        "type": kind["type"],
        "title": {lang: record["title"]},
        kind["text"]: {lang: record["summary"]},
        "languages": [lang],
        "countries": sorted(record["countries"]),
        "regions": sorted(REGIONS.codes(record["regions"])),
        kind["subjects"]: SUBJECTS.codes(record["subjects"]),
        "gbfTargets": [f"GBF-TARGET-{number:02}" for number in record["gbf_targets"]],
        kind["help"]: SUPPORT_TYPES.codes(record["support_types"]) if kind["help"] else [],
        **(SPECIAL[record["kind"]](record) if record["kind"] in SPECIAL else {}),
        kind["remarks"]: {lang: " ".join(text)} if (text := list(remarks(record))) else {},
        "source": {"url": record["source_url"], "date": str(record["as_of"])},
    }
    return {name: value for name, value in members.items() if value or name in {"countries", "regions"}}


def offer(record: Source) -> Draft:
    """Who may ask: the countries where the source names some, else its regions; exceptions are in a table."""
    usual = {"open_to": "countries" if record["countries"] else "regions", "groups": ""}
    row = ELIGIBILITY.rows.get(record["id"], usual)
    places = {
        "countries": sorted(record["countries"]),
        "regions": sorted(REGIONS.codes(record["regions"])),
        "groups": row["groups"].split(),
    }
    return {"eligibility": {name: places[name] for name in row["open_to"].split()}}


def resource(record: Source) -> Draft:
    """What it is and where to get it."""
    return {
        "resourceTypes": RESOURCES[record["id"]]["resource_types"].split(),
        "resourceLinks": [{"url": record["source_url"], "language": record["source_lang"]}],
        "publisherName": {record["lang"]: record["provider"]},
    }


def event(record: Source) -> Draft:
    """Kind, days and place; the source records have the year alone."""
    row = EVENTS[record["id"]]
    return {
        "eventType": row["event_type"],
        "startDate": row["start"],
        "endDate": row["end"],
        "country": row["country"],
        "city": {record["lang"]: row["city"]} if row["city"] else {},
    }


def organisation(record: Source) -> Draft:
    """All are support centres and serve the regions they apply to."""
    row = ORGANIZATIONS[record["id"]]
    return {
        "acronym": {record["lang"]: row["acronym"]} if row["acronym"] else {},
        "organizationType": row["organization_type"],
        "roles": ["CHM-ROLE-SUPPORT-CENTRE"],
        "country": record["provider_countries"][0],
        "operationalRegions": sorted(REGIONS.codes(record["regions"])),
    }


#: Members that only one kind has.
SPECIAL = {"offer": offer, "resource": resource, "event": event, "organisation": organisation}


def remarks(record: Source) -> Iterable[str]:
    """What the schemas have no member for, in sentences of the record's language."""
    lang = record["lang"]
    if "origin" in record:
        yield phrase("origin", record["origin"], lang)
    if KINDS[record["kind"]]["provider"] == "remarks":
        provider = f"{record['provider']} ({', '.join(record['provider_countries'])})"
        yield phrase("organisation", "named", lang).format(provider)
    if record["source_quality"] != "primary":
        yield phrase("quality", record["source_quality"], lang)
    if record["source_lang"] != lang:
        yield phrase("written-in", record["source_lang"], lang)
    if "note" in record:
        yield phrase("note", record["note"], lang)


def phrase(group: str, key: str, lang: str) -> str:
    """A sentence of ours in a language."""
    try:
        return str(PHRASES[group][key][lang])
    except KeyError as missing:
        raise Unmapped(f"mapping/phrases.toml has no {group}.{key!r} in {lang!r}; add it.") from missing


def files(records: Sequence[Source]) -> dict[str, str]:
    """Name and content of every file; records keep the order of the source."""
    lines: dict[str, list[str]] = {}
    index: dict[str, Mapping[str, str | int]] = {}
    for record in records:
        node = NODES.rows[record["id"]]["node"] if record["id"] in NODES.rows else REST
        mine = lines.setdefault(f"{node}.jsonl", [])
        mine.append(json.dumps(draft(record), ensure_ascii=False) + "\n")
        index[record["id"]] = {"file": f"{node}.jsonl", "line": len(mine)}
    entries = ",\n".join(f"  {json.dumps(key)}: {json.dumps(place)}" for key, place in index.items())
    endorsed = [{**index[record["id"]], **words} for record in records if (words := endorsement(record))]
    return {name: "".join(text) for name, text in lines.items()} | {
        "index.json": f"{{\n{entries}\n}}\n",
        "endorsements.json": json.dumps(endorsed, ensure_ascii=False, indent=2) + "\n",
    }


def endorsement(record: Source) -> Mapping[str, Any]:
    """For whom a record is endorsed and in what words, both of which say that it is a demonstration; or nothing."""
    if record["id"] not in ENDORSEMENTS.rows:
        return {}
    lang = record["lang"]
    return {
        "government": ENDORSEMENTS[record["id"]]["government"],
        "title": {lang: phrase("endorsement", "title", lang).format(record["title"])},
        "statement": {lang: phrase("endorsement", "statement", lang)},
    }


def main(folder: Path) -> None:
    """Write every file into a folder and say what was written."""
    text = (HERE / "source" / "real_records.jsonl").read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in sorted(files([json.loads(line) for line in text.splitlines()]).items()):
        (folder / name).write_text(content, encoding="utf-8", newline="\n")
        print(f"{name}: {len(content.encode())} bytes")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "import")
    except Unmapped as lack:
        sys.exit(str(lack))
