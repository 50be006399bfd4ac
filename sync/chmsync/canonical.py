"""Canonical JSON: RFC 8785 (JCS) over I-JSON, with the number and key rules of CHM-Sync 1 section 5.

Owns what every signed or hashed JSON text of the protocol looks like. Refuses duplicate keys, lone
surrogates, nesting over 32 levels, keys outside the Basic Multilingual Plane (BMP) and every number that is
not an integer within ±(2^53-1). Under these rules the sorted compact output of orjson is RFC 8785 to the
byte: integers have one spelling, and within the BMP the order of UTF-8 bytes is that of UTF-16 code units.
"""

import json
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias, cast

import orjson

from chmsync.errors import FormatError
from chmsync.limits import JSON_DEPTH, MAX_INTEGER

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | bool | None"

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_OTHER_SCALARS = frozenset({int, bool, type(None)})
#: What a character outside the BMP begins with in UTF-8; five searches are quicker than a pattern.
_ASTRAL_BYTES = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
_LAST_BMP = "\uffff"
_NOT_INTEGER = "a number that is not an integer; write it as a string"
_TOO_BIG = f"an integer beyond ±{MAX_INTEGER} (2^53 - 1); write it as a string"


def encode(value: JsonValue) -> bytes:
    """Give the canonical bytes, or raise FormatError naming the JSON path of what has none."""
    data = _dumps(value)
    if data is None:
        raise FormatError(_fault(value) or "$: no canonical form")
    return data


def decode(data: bytes) -> JsonValue:
    """Read bytes that already are canonical, or raise FormatError saying why they are not."""
    try:
        value = cast("JsonValue", orjson.loads(data))
    except orjson.JSONDecodeError:
        pass
    else:
        if _dumps(value) == data:
            return value
    canonical = encode(parse(data))
    same = next((at for at, (a, b) in enumerate(zip(data, canonical, strict=False)) if a != b), len(canonical))
    raise FormatError(f"not canonical: differs from its RFC 8785 form at byte {same}")


def parse(data: bytes) -> JsonValue:
    """Read strict I-JSON in any layout, for files written by people; FormatError says where it is wrong."""
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_not_integer,
            parse_constant=_not_integer,
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON at line {error.lineno} column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise FormatError(f"nested deeper than {JSON_DEPTH} levels") from None
    encode(value)
    return cast("JsonValue", value)


def _dumps(value: JsonValue) -> bytes | None:
    """Give the canonical bytes, or None for what has none: the quick way, which names no reason."""
    if not _is_plain(value):
        return None
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:  # a lone surrogate, an integer too big, a key that is no text
        return None
    if any(byte in data for byte in _ASTRAL_BYTES) and _has_astral_key(value):
        return None
    return data


def _is_plain(value: JsonValue) -> bool:
    """Say whether there are only JSON types, no floats, and at most 32 levels; one walk, level by level."""
    level: list[Any] = [[value]]
    for _ in range(JSON_DEPTH + 1):
        deeper: list[Any] = []
        for container in level:
            for item in container.values() if type(container) is dict else container:
                kind = type(item)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    deeper.append(item)
                elif kind not in _OTHER_SCALARS:
                    return False
        if not deeper:
            return True
        level = deeper
    return False


def _has_astral_key(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return max(chain.from_iterable(value), default="") > _LAST_BMP or any(map(_has_astral_key, value.values()))
    return isinstance(value, list) and any(map(_has_astral_key, value))


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where `parse` met what I-JSON forbids, so that the walk can name its path."""

    reason: str


def _members(pairs: list[tuple[str, object]]) -> object:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    names = [name for name, _ in pairs]
    return _Refused(f"the member {next(name for name in names if names.count(name) > 1)!r} is there twice")


def _integer(text: str) -> object:
    return int(text) if len(text) <= len(str(-MAX_INTEGER)) else _Refused(_TOO_BIG)


def _not_integer(_text: str) -> object:
    return _Refused(_NOT_INTEGER)


def _fault(value: object, path: str = "$", depth: int = 1) -> str | None:
    """Say what of the value has no canonical form, and where; None when all has."""
    kind = type(value)
    if isinstance(value, str) and kind is str:
        return f"{path}: a lone surrogate" if _has_surrogate(value) else None
    if isinstance(value, int) and kind in _OTHER_SCALARS:
        return f"{path}: {_TOO_BIG}" if abs(value) > MAX_INTEGER else None
    if isinstance(value, dict | list) and kind in {dict, list}:
        return f"{path}: nested deeper than {JSON_DEPTH} levels" if depth > JSON_DEPTH else _inner(value, path, depth)
    if isinstance(value, _Refused):
        return f"{path}: {value.reason}"
    if value is None:
        return None
    return f"{path}: {_NOT_INTEGER if kind is float else f'{kind.__name__} is not a type of JSON'}"


def _inner(container: dict[object, object] | list[object], path: str, depth: int) -> str | None:
    if isinstance(container, list):
        faults = (_fault(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(container))
    else:
        faults = (
            _key_fault(name, path) or _fault(item, _below(path, name), depth + 1) for name, item in container.items()
        )
    return next(filter(None, faults), None)


def _key_fault(name: object, path: str) -> str | None:
    if type(name) is not str or _has_surrogate(name):
        return f"{path}: the key {name!r} is not text"
    if max(name, default="") > _LAST_BMP:
        return f"{path}: the key {name!r} has a character outside the Basic Multilingual Plane"
    return None


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if str(name).isidentifier() else f"{path}[{name!r}]"


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
