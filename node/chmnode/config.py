"""The settings of one node: `node.toml` in its folder, read once into one frozen value.

Owns the names, forms and defaults of everything an operator can set, and the file that `chm init` writes for them.
Refuses unknown names and values of another form, each with its mend: a mistyped setting that is silently ignored is
worse than a node that does not start.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, fields
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, Self, TypeAlias, get_args

from chmnode.errors import NodeError
from chmsync.errors import FormatError
from chmsync.limits import Limits
from chmsync.member import did_of, origin_of

FILE = "node.toml"
Kind: TypeAlias = Literal["national", "regional", "partner", "central"]
Network: TypeAlias = IPv4Network | IPv6Network
_Reader: TypeAlias = Callable[[object], object]

#: The official languages of the United Nations.
LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
DEFAULT_PORT = 8080
#: Room for the longest identifier beside a running number.
CODE_LENGTH = 32


class ConfigError(NodeError):
    """`node.toml` cannot be used; the operator has to change it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the operator of a node has decided."""

    folder: Path
    name: str
    base_url: str
    kind: Kind = "national"
    governments: tuple[str, ...] = ()
    #: Stands in the identifiers of records that speak for no government.
    code: str
    database: str = "sqlite:///chm.sqlite"
    host: str = "127.0.0.1"
    port: int
    #: Networks of our own that peers may be in.
    allow_private: tuple[Network, ...] = ()
    mirror: bool = True
    harvest_seconds: int = 900
    languages: tuple[str, ...] = LANGUAGES
    limits: Limits = Limits()  # noqa: RUF009 - frozen

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the settings of the node in this folder."""
        try:
            given = tomllib.loads((folder / FILE).read_text("utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{folder} is no node folder, it has no {FILE}: `chm init` makes one") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{folder / FILE} cannot be read: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{FILE} is not TOML: {error}") from error
        return cls(folder=folder, **_settings(given))

    @classmethod
    def create(cls, folder: Path, **settings: object) -> Self:
        """Write `node.toml` with these settings and read it back; a file that is there stays as it is.

        Args:
            folder: the node's, made if it is not there.
            settings: as in the file, in the types of TOML; `name` and `base_url` at least.
        """
        text = _written(settings, _settings(settings))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # For its owner alone: the address of the database may hold a password.
            handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise ConfigError(f"{folder} is there already, nothing was changed: choose another folder") from None
        except OSError as error:
            raise ConfigError(f"{folder / FILE} cannot be written: {error}") from error
        return cls.load(folder)

    @property
    def did(self) -> str:
        """The DID that belongs to the base URL."""
        return did_of(self.base_url)

    @property
    def origin(self) -> str:
        """The origin that a log made at the base URL takes; one that has moved keeps its own, in `member.json`."""
        return origin_of(self.base_url)


class _Unfit(ValueError):
    """A value of another form; the message is the mend."""


#: Neither control characters nor what UTF-8 cannot say, and not only spaces.
_ONE_LINE = re.compile(r"(?!\s*\Z)[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,200}")
_GOVERNMENT = re.compile(r"[A-Z]{2}")
_CODE = re.compile(rf"[A-Z0-9]{{1,{CODE_LENGTH}}}")
_DATABASE = re.compile(r"(?:sqlite:///|postgres(?:ql)?://)[^\x00-\x1f\x7f\ud800-\udfff]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


def _text(pattern: re.Pattern[str], mend: str) -> Callable[[object], str]:
    """Read text of one form."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _Unfit(mend)
        return value

    return read


def _texts(pattern: re.Pattern[str], mend: str, *, least: int = 0) -> Callable[[object], tuple[str, ...]]:
    """Read a list of texts of one form, each once."""
    item = _text(pattern, mend)

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) < least:
            raise _Unfit(mend)
        return tuple(dict.fromkeys(map(item, value)))

    return read


def _whole(least: int, most: int | None = None) -> Callable[[object], int]:
    """Read a whole number."""
    span = f"from {least} to {most}" if most else f"from {least}"

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least or (most and value > most):
            raise _Unfit(f"write a whole number {span}")
        return value

    return read


def _number(value: object) -> float:
    """Read a number that may have a fraction."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise _Unfit("write a number above 0")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("write true or false")
    return value


def _base_url(value: object) -> str:
    try:
        did_of(value if isinstance(value, str) else "")
    except FormatError as error:
        raise _Unfit(str(error)) from None
    return str(value)


def _networks(value: object) -> tuple[Network, ...]:
    mend = 'write a list of networks: ["10.20.0.0/16", "fd00::/8"]'
    if not isinstance(value, list | tuple):
        raise _Unfit(mend)
    try:
        return tuple(ip_network(item if isinstance(item, str) else "") for item in value)
    except ValueError as error:
        raise _Unfit(f"{mend} ({error})") from None


def _limits(value: object) -> Limits:
    if not isinstance(value, Mapping):
        raise _Unfit("begin a table with [limits], then one limit a line")
    readers = {limit.name: _limit_reader(limit) for limit in fields(Limits)}
    return Limits(**_read(value, readers, "[limits] "))


def _limit_reader(limit: "Field[Any]") -> Callable[[object], float]:
    return _number if isinstance(limit.default, float) else _whole(1)


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a setting is read, and what the file says of it."""

    read: _Reader
    remark: str


_KINDS = get_args(Kind)

#: Every setting, in the order of the file.
_SETTINGS: Final[Mapping[str, _Setting]] = {
    "name": _Setting(
        _text(_ONE_LINE, "write one line of text in quotes, of 1 to 200 characters"),
        "The name of this node, as others see it.",
    ),
    "base_url": _Setting(
        _base_url,
        "The address under which the world reaches this node, without a slash at the end.\n"
        "The addresses of records, the log and the keys are bound to it: do not change it.",
    ),
    "kind": _Setting(
        _text(re.compile("|".join(_KINDS)), f"write one of {', '.join(_KINDS)}"),
        f"What this node is: {', '.join(_KINDS)}.",
    ),
    "governments": _Setting(
        _texts(_GOVERNMENT, 'write a list of two-letter country codes: ["KE"]'),
        "The governments for which it speaks, by their two-letter codes; none for a partner.\n"
        "Others believe it once their operator or the registry has accepted it.",
    ),
    "code": _Setting(
        _text(_CODE, f"write 1 to {CODE_LENGTH} capital letters and digits"),
        "Short name of the node in the identifiers of records that speak for no government.",
    ),
    "database": _Setting(
        _text(_DATABASE, "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        "Where the node keeps everything but its keys; an SQLite file is relative to this folder.",
    ),
    "host": _Setting(
        _text(_HOST, "write an address or a host name in quotes"),
        "Where the web server listens; the proxy before it (nginx, for example) passes requests on to here.",
    ),
    "port": _Setting(_whole(1, 65_535), "The port of the web server."),
    "allow_private": _Setting(
        _networks, "Networks of your own that peers may be in; no peer leads this node to any other private address."
    ),
    "mirror": _Setting(_flag, "Serve again the logs that were harvested completely, so that others survive an outage."),
    "harvest_seconds": _Setting(_whole(1), "Seconds between two looks at one peer."),
    "languages": _Setting(
        _texts(_LANGUAGE, 'write a list of language codes: ["en", "fr"]', least=1), "The languages of the portal."
    ),
    "limits": _Setting(_limits, "What this node is prepared to read from others, wait for and keep."),
}


def _settings(given: Mapping[str, object]) -> dict[str, Any]:
    """Every setting that was given, checked, with the two that follow from others."""
    settings = _read(given, {name: setting.read for name, setting in _SETTINGS.items()})
    for name in ("name", "base_url"):
        if name not in settings:
            raise ConfigError(f"{FILE}: {name} is missing")
    governments = settings.get("governments", ())
    code = governments[0] if len(governments) == 1 else _code_of(settings["base_url"])
    return {"code": code, "port": _port_of(settings["base_url"])} | settings


def _read(given: Mapping[str, object], readers: Mapping[str, _Reader], table: str = "") -> dict[str, Any]:
    """The values of one table."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in readers:
            _refuse_unknown(name, readers, table)
        try:
            values[name] = readers[name](value)
        except _Unfit as unfit:
            raise ConfigError(f"{FILE}: {table}{name}: {unfit}") from None
    return values


def _refuse_unknown(name: str, known: Mapping[str, object], table: str) -> NoReturn:
    near = get_close_matches(name, known, n=1)
    mend = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise ConfigError(f"{FILE}: {table}{name} is not a setting; {mend}")


def _code_of(base_url: str) -> str:
    """A short name made of the host name and path: `https://chm.example.org/tv` gives `EXAMPLEORGTV`."""
    place = re.sub(r"^https?://(?:(?:www|chm)\.)?", "", base_url)
    return re.sub(r"[^A-Z0-9]", "", place.upper())[:CODE_LENGTH]


def _port_of(base_url: str) -> int:
    """On one's own machine the port that the base URL names; elsewhere a proxy stands before the node."""
    local = re.match(r"https?://localhost:(\d+)", base_url)
    return int(local[1]) if local else DEFAULT_PORT


_HEAD = """\
# Settings of this CHM node. Restart the node after a change.
# A setting behind a # has the value that is shown there; remove the # to give it another.
"""


def _written(given: Mapping[str, object], settings: Mapping[str, Any]) -> str:
    """The file: what was given is set, the rest shown as remarks."""
    shown: dict[str, object] = {field.name: field.default for field in fields(Config)}
    shown.update(settings)
    parts = [_HEAD]
    for name, setting in _SETTINGS.items():
        remark = "".join(f"# {line}\n" for line in setting.remark.splitlines())
        lines = _limit_lines(given) if name == "limits" else [_line(name, shown[name], is_set=name in given)]
        parts.append(remark + "".join(lines))
    return "\n".join(parts)


def _limit_lines(given: Mapping[str, object]) -> Iterator[str]:
    limits = given.get("limits", {})
    chosen = limits if isinstance(limits, Mapping) else {}
    yield "[limits]\n"
    for limit in fields(Limits):
        yield _line(limit.name, chosen.get(limit.name, limit.default), is_set=limit.name in chosen)


def _line(name: str, value: object, *, is_set: bool) -> str:
    return f"{'' if is_set else '#'}{name} = {_toml(value)}\n"


def _toml(value: object) -> str:
    """A value as TOML writes it; its basic strings are those of JSON, but for DEL, which no setting may hold."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value if isinstance(value, bool | int | float) else str(value), ensure_ascii=False)
