"""Where a command ends: every expected failure becomes one sentence on stderr and an exit status.

Owns the statuses (0 done, 1 refused or failed, 2 usage, 3 a peer is at fault, 4 try again later) and the one place
where failures are caught. Refuses to show a stack trace for anything an operator can mend; a fault of ours keeps
its trace.
"""

import errno
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import IO, Any, Final, NamedTuple, ParamSpec, cast

import click

from chmnode.cli.output import plain
from chmnode.errors import NodeError
from chmsync.errors import Fault, SyncError

P = ParamSpec("P")

REFUSED: Final = 1
PEER_AT_FAULT: Final = 3
TRY_LATER: Final = 4


class Refusal(NodeError):
    """Something a command was asked to do that cannot be done; the message has the mend."""


class Failed(click.ClickException):
    """The end of a command that did not do what it was asked."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click means it to be of the class

    def show(self, file: IO[Any] | None = None) -> None:
        """Say why, in one sentence."""
        click.echo(f"chm: {plain(' '.join(self.message.split()))}", file=file, err=True)


class Place(NamedTuple):
    """Where a command is, as `module:name`, and what it does, so that the list of commands imports none."""

    module: str
    does: str


class Commands(click.Group):
    """A group whose commands are imported when they are asked for.

    Args:
        places: of the commands, by name.
    """

    def __init__(self, *args: Any, places: Mapping[str, Place], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of the commands, in the order given."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name."""
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].module.partition(":")
        return cast("click.Command", getattr(import_module(module), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.does) for name, place in self._places.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; failures are told as they should be."""
        with told():
            return super().invoke(ctx)


@contextmanager
def told() -> Iterator[None]:
    """Turn expected failures into their end."""
    try:
        yield
    except NodeError as error:
        raise Failed(str(error), TRY_LATER if error.retry else REFUSED) from error
    except SyncError as error:
        raise Failed(str(error), status_of(error)) from error
    except KeyboardInterrupt as error:
        raise Failed("stopped; what was finished is kept, and the same command goes on from there", REFUSED) from error
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read our output has gone; click ends quietly
            raise
        raise Failed(_said_by_system(error), REFUSED) from error


def status_of(error: SyncError) -> int:
    """Exit status by whose fault it is."""
    if error.fault is Fault.PEER:
        return PEER_AT_FAULT
    return TRY_LATER if error.retry or error.fault is Fault.NETWORK else REFUSED


def _said_by_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    said = f"{error.filename}: {reason}" if error.filename else reason
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return f"{said}; make room on the disk, then try again" if full else said


def require_governments(codes: Iterable[str]) -> None:
    """Refuse what is no code of a government in the form that records use."""
    for code in codes:
        if len(code) != 2 or not code.isascii() or not code.isalpha() or not code.isupper():
            mend = f"write {code.upper()}" if len(code) == 2 and code.isascii() and code.isalpha() else "such as KE"
            raise click.BadParameter(f"{code!r} is not two capital letters: {mend}", param_hint="--government")


def awaited(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous command."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        import asyncio

        asyncio.run(function(*args, **kwargs))

    return run
