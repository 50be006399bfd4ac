"""How commands speak: plain text for people, one JSON object for scripts, one moving line on a terminal.

Results go to stdout; progress and failures to stderr. Text that came from elsewhere is shown without control
characters, for a peer's name must not steer the operator's terminal.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])

#: Seconds between two states of the moving line.
_FRAME_SECONDS: Final = 0.1
_CLEAR: Final = "\r\x1b[K"


def json_option(function: _F) -> _F:
    """Give a command its `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")(function)


def emit(document: Mapping[str, Any]) -> None:
    """Print one JSON object; in ASCII, whatever the terminal can show."""
    click.echo(json.dumps(document, indent=2))


def say(*lines: str) -> None:
    """Print lines of a result."""
    for line in lines:
        click.echo(plain(line))


def remark(*lines: str) -> None:
    """Print lines that are no result, on stderr."""
    for line in lines:
        click.echo(plain(line), err=True)


def plain(text: str) -> str:
    """Text on one line, without what would move the cursor or colour the screen."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 record`, `2,000 records`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


class Progress:
    """One line that says how far a long work is, on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self.is_shown = sys.stderr.isatty()
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.is_shown:
            click.echo(_CLEAR, nl=False, err=True)

    def show(self, text: str) -> None:
        """Say how far it is now; not more often than an eye can read."""
        if self.is_shown and time.monotonic() >= self._next:
            click.echo(f"{_CLEAR}{plain(text)}", nl=False, err=True)
            self._next = time.monotonic() + _FRAME_SECONDS
