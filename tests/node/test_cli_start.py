"""The command starts at once, knows its nouns, and ends with one sentence."""

import errno
import subprocess
import sys

import click
import pytest

from chmnode.cli import main
from chmnode.cli.boundary import Failed, told
from chmnode.cli.output import Progress, counted, plain
from chmnode.errors import DatabaseBusy, NodeError
from chmsync.errors import Conflict, FormatError, LogCode, LogDamaged, LogRefused
from tests.node.command import CHM, chm

HEAVY = {"aiohttp", "apsw", "asyncio", "cryptography", "jsonschema_rs", "rdflib", "psycopg", "uvloop"}
NOUNS = [
    "init",
    "serve",
    "worker",
    "import",
    "record",
    "key",
    "peer",
    "harvest",
    "log",
    "index",
    "verify",
    "migrate",
    "check",
    "demo",
]


def commands(group, path=()):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_the_list_of_commands_loads_nothing_heavy():
    script = (
        f"import sys, chmnode.cli as c; c.main(['--help'], standalone_mode=False); print({HEAVY!r} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.endswith("set()\n")
    assert all(f"  {noun} " in shown for noun in NOUNS)


def test_the_nouns_are_those_of_this_release():
    assert main.list_commands(click.Context(main)) == NOUNS


@pytest.mark.parametrize("path", [path for path, _ in commands(main)], ids=" ".join)
def test_every_command_and_option_says_what_it_does(path):
    shown = " ".join(chm(*path, "--help").output.split())
    command = dict(commands(main))[path]
    assert command.help
    assert command.help.splitlines()[0] in shown
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_it_tells_its_version():
    assert chm("--version").output.startswith("chm, version ")


def test_an_unknown_command_is_wrong_usage():
    assert "No such command" in chm("registry", status=2).stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NodeError("mend it"), 1),
        (DatabaseBusy("wait"), 4),
        (LogDamaged("look"), 1),
        (Conflict("again"), 4),
        (FormatError("not ours"), 3),
        (LogRefused(LogCode.FORK, "two"), 3),
        (LogRefused(LogCode.UNREACHABLE, "gone"), 4),
        (OSError(errno.EACCES, "Permission denied", "x"), 1),
        (KeyboardInterrupt(), 1),
    ],
    ids=repr,
)
def test_the_exit_status_says_whose_turn_it_is(error, status):
    with pytest.raises(Failed) as caught, told():
        raise error
    assert caught.value.exit_code == status
    assert caught.value.message


def test_a_full_disk_is_told_with_its_mend():
    with pytest.raises(Failed, match="make room on the disk"), told():
        raise OSError(errno.ENOSPC, "No space left on device", "chm.sqlite")


def test_a_fault_of_ours_keeps_its_trace():
    with pytest.raises(ZeroDivisionError), told():
        raise ZeroDivisionError


def test_a_reader_that_has_gone_ends_the_command_quietly(tmp_path):
    for number in range(200):
        (tmp_path / f"{number}.txt").write_text("x")
    line = f"{CHM} --help | head -c 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("U", "")


def test_text_of_others_cannot_steer_the_terminal():
    assert plain("Kenya\x1b[2J\x9b1m\nnext") == "Kenya?[2J?1m?next".replace("?", "\N{REPLACEMENT CHARACTER}")


def test_numbers_agree_with_their_nouns():
    assert [counted(n, "entry", "entries") for n in (0, 1, 2000)] == ["0 entries", "1 entry", "2,000 entries"]


def test_progress_is_silent_where_nobody_watches(capsys):
    with Progress() as progress:
        progress.show("half way")
    assert capsys.readouterr() == ("", "")
