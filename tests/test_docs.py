"""The pages tell the truth: links lead somewhere, settings and commands are those of the code, the example is real."""

import re
import tomllib
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path

import click
import pytest

from chmnode.cli import main
from chmnode.config import LANGUAGES, Config
from chmsync import tiles
from chmsync.entry import Entry
from chmsync.errors import LogCode, RecordCode
from chmsync.limits import Limits
from chmsync.merkle import leaf_hash
from chmsync.simulator import Peer
from chmsync.tlog_proof import TlogProof, verify

ROOT = Path(__file__).parents[1]
SKIPPED = {"node_modules", "vectors", "build", "dist"}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part in SKIPPED or part.startswith(".") for part in path.relative_to(ROOT).parts)
)
SOURCES = sorted(path for package in ("sync/chmsync", "node/chmnode") for path in (ROOT / package).rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

README = ROOT / "README.md"
NODE = ROOT / "node" / "README.md"
SYNC = ROOT / "sync" / "README.md"

#: Pages whose code marks name paths from the root, from a package, or from the storage.
OURS = [README, NODE, SYNC, *sorted(ROOT.glob("*/adr/*.md"))]

FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
#: A path of the repository in code marks; what has a variable part, or is of a node's folder, is none.
PATH = re.compile(r"`((?:node|sync|schemas|vocab|deploy|tests)/[\w./-]+|\.ci/run|sql/[\w./-]+|chmnode/[\w./-]+)`")
ADVICE = re.compile(r"`(?:\.venv/bin/)?chm ((?:-C \S+ )?[a-z][^`]*)`|^ +\.venv/bin/chm (.+)$", re.MULTILINE)


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@cache
def text(page):
    return page.read_text("utf-8")


def prose(page):
    return FENCE.sub("", text(page))


def anchors(page):
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(page, title):
    """What stands under a heading, up to the next one of its rank."""
    return re.search(rf"^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", text(page), re.MULTILINE | re.DOTALL)[1]


def rows(part, head):
    """The cells of the table whose first heading cell is that one."""
    lines = part.partition(f"| {head} |")[2].splitlines()[2:]
    table = lines[: next((at for at, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_link_leads_to_a_file_and_its_heading(page):
    for target in LINK.findall(prose(page)):
        if target.startswith(("https://", "http://")):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_page_begins_with_a_title_and_closes_what_it_opens(page):
    assert text(page).startswith("# ")
    assert text(page).count("```") % 2 == 0
    assert text(page).endswith("\n")


@pytest.mark.parametrize("page", OURS, ids=names(OURS))
def test_every_path_named_in_a_page_exists(page):
    roots = [ROOT, ROOT / "node", ROOT / "sync", ROOT / "node" / "chmnode" / "storage"]
    for path in set(PATH.findall(prose(page))):
        assert any((root / path).exists() for root in roots), path


def test_the_first_page_is_one_screen():
    assert len(text(README).splitlines()) <= 60


def test_every_make_target_named_exists():
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
    for page in (README, NODE):
        for name in re.findall(r"(?:`|^ +)make (\w+)", text(page), re.MULTILINE):
            assert name in targets, name


def test_the_version_and_the_python_are_those_of_the_project():
    version, python = PROJECT["project"]["version"], PROJECT["project"]["requires-python"].removeprefix(">=")
    assert re.search(rf"^## {re.escape(version)}\b", text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert f"Python {python} or later" in text(README)
    short = ".".join(version.split(".")[:2])
    assert f"Version {short} " in text(README)
    assert f"What version {short} of this software does not do" in text(SYNC)


def test_the_table_of_layers_is_the_contract():
    [contract] = PROJECT["tool"]["importlinter"]["contracts"]
    wanted = [sorted(re.findall(r"[\w.]+", layer)) for layer in contract["layers"]]
    found = [sorted(re.findall(r"`([\w.]+)`", row[0])) for row in rows(section(NODE, "Layers"), "row")]
    assert found == wanted


# -- settings --------------------------------------------------------------------------------------------------------


def settings_of(part, head):
    return {row[0].strip("`"): row[1].strip("`") for row in rows(part, head)}


def test_every_setting_is_documented_with_its_default_and_nothing_else():
    documented = settings_of(section(NODE, "Settings"), "setting")
    known = {field.name: field for field in fields(Config) if field.name != "folder"}
    assert list(documented) == list(known)
    told = {name: value for name, value in documented.items() if known[name].default is not MISSING}
    del told["limits"]
    values = tomllib.loads("".join(f"{name} = {value}\n" for name, value in told.items()))
    for name, value in values.items():
        default = known[name].default
        assert value == (list(default) if isinstance(default, tuple) else default), name
    assert set(documented) - set(told) == {"name", "base_url", "code", "port", "limits"}
    assert values["languages"] == list(LANGUAGES)


@pytest.mark.parametrize(("page", "title", "head"), [(NODE, "Settings", "limit"), (SYNC, "10. Threats", "setting")])
def test_every_limit_is_documented_with_its_default_and_nothing_else(page, title, head):
    documented = settings_of(section(page, title), head)
    assert documented == {field.name: str(field.default) for field in fields(Limits)}


def test_a_limit_that_nothing_reads_is_said_to_be_one():
    code = "\n".join(text(path) for path in SOURCES)
    unread = {field.name for field in fields(Limits) if not re.search(rf"\.{field.name}\b", code)}
    for page in (NODE, SYNC):
        marked = set(re.findall(r"^\| `(\w+)` .*nothing reads it yet", text(page), re.MULTILINE))
        assert marked == unread


# -- the command -----------------------------------------------------------------------------------------------------


def commands(group, before=()):
    """Every command as its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


COMMANDS = dict(commands(main))


def test_every_command_is_documented_and_nothing_else():
    documented = [row[0].strip("`").removeprefix("chm ") for row in rows(section(NODE, "The command"), "command")]
    assert documented == sorted(documented, key=list_position)
    assert set(documented) == set(COMMANDS)


def list_position(command):
    return main.list_commands(click.Context(main)).index(command.split()[0])


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_command_that_a_page_tells_to_type_can_be_typed(page):
    for found in ADVICE.findall(prose(page)):
        words = re.sub(r"^-C \S+ ", "", found[0] or found[1]).split()
        name = next((name for name in (" ".join(words[:2]), words[0]) if name in COMMANDS), None)
        assert name or words == ["COMMAND"], found
        options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        for word in words:
            assert not word.startswith("--") or word in options, found


def test_the_options_named_beside_a_command_are_its_own():
    for command, does in rows(section(NODE, "The command"), "command"):
        options = {
            option
            for parameter in COMMANDS[command.strip("`").removeprefix("chm ")].params
            for option in parameter.opts
        }
        for option in re.findall(r"`(--[a-z-]+)", does):
            assert option in options, command


def test_what_is_open_is_not_there():
    """A command or module that is said to be missing, and has been made, must leave the list."""
    left = section(NODE, "State of the work").partition("Open:")[2]
    named = set(re.findall(r"`(\w+)`", left)) - {"contactPoint"}
    assert named == {"join", "recover", "backup", "restore", "match"}
    words = {word for command in COMMANDS for word in command.split()}
    assert not named & words
    for module in (
        "sync/chmsync/registry.py",
        "sync/chmsync/witness.py",
        "node/chmnode/accounts",
        "node/chmnode/matching",
    ):
        assert not (ROOT / module).exists(), module


# -- the specification -----------------------------------------------------------------------------------------------


def test_the_code_cites_sections_that_there_are():
    known = set(re.findall(r"^## (\d+)\. ", text(SYNC), re.MULTILINE))
    assert known == {str(number) for number in range(1, 14)}
    for path in SOURCES:
        for cited in re.findall(r"CHM-Sync 1 sections? (\d+)((?:(?:, | and | to )\d+)*)", text(path)):
            assert {cited[0], *re.findall(r"\d+", cited[1])} <= known, path


def test_the_codes_are_those_of_the_code_in_the_order_of_the_checks():
    part = section(SYNC, "7. Harvesting one log")
    told = [row[0].strip("`") for row in rows(part, "code")]
    assert told == list(LogCode)
    checks = [row[0].strip("`") for row in rows(part.partition("Checks and codes, in order")[2], "code")]
    assert checks == list(RecordCode)


def example():
    """The worked example of section 12, made anew."""
    peer = Peer(base_url="https://chm.example.ke", governments=("KE",), clock=1_767_225_600)
    for title in ("Restoring wetlands", "Restoring wetlands of the coast"):
        peer.put("4f9d", peer.record("4f9d", title={"en": title}))
    hashes = [leaf_hash(leaf) for leaf in peer.leaves]
    needed = {tile: peer.resource(tile.path()) for tile in tiles.inclusion_tiles(1, 2)}
    proof = TlogProof(1, tuple(tiles.inclusion_proof(1, 2, needed)), peer.checkpoint(), extra=peer.leaves[1])
    made = {
        "member": peer.member.encode() + b"\n",
        "entries": b"".join(leaf + b"\n" for leaf in peer.leaves),
        "tile": "".join(f"{value.hex()}\n" for value in hashes).encode(),
        "checkpoint": peer.resource("checkpoint"),
        "records": peer.resource("records/000"),
        "proof": proof.encode(),
    }
    return peer, {name: data.decode() for name, data in made.items()}


def test_the_worked_example_is_true_to_the_byte():
    peer, made = example()
    part = section(SYNC, "12. A log of two entries")
    told = {label.removeprefix("text "): block for label, block in FENCE.findall(part)}
    assert list(told) == list(made)
    for name, block in told.items():
        assert block == made[name], name
    assert peer.resource("tile/0/000.p/2").hex() == told["tile"].replace("\n", "")


def test_the_proof_of_the_worked_example_is_verified_from_the_page_alone():
    peer, _ = example()
    told = dict(FENCE.findall(section(SYNC, "12. A log of two entries")))
    proof = TlogProof.parse(told["text proof"].encode())
    leaf = told["text entries"].splitlines()[1].encode()
    signed = verify(proof, leaf, peer.origin, peer.member.log_keys)
    assert (proof.extra, signed.checkpoint.size) == (leaf, 2)
    assert Entry.parse(leaf).sha256 in peer.bodies
