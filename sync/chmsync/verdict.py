"""What an audit trusts, and what it says: keys in, a verdict out (`chm verify`).

Owns the form of the verdict: what was checked, what was not covered, what was found. It is good only if something was
proven by a key that the caller trusts and nothing was found; what nobody could check is said, never passed over.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chmsync.canonical import JsonValue
from chmsync.keys import COSIGNATURE, ED25519, Vkey
from chmsync.limits import Limits
from chmsync.member import Member
from chmsync.ports import SchemaCheck

#: Told what findings call a log, steps done, and steps to do.
Progress = Callable[[str, int, int], None]

#: Findings that are told one by one; a wholly damaged log would otherwise fill the memory.
_FINDINGS = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be.

    Attributes:
        where: file and, within it, entry.
        code: of the protocol (section 7), else `FORMAT`, `BAD_TILE`, `INCLUSION`, `ERASED` or `DOCUMENT`.
        detail: one sentence.
    """

    where: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The verdict."""

    ok: bool
    checked: Mapping[str, int]
    not_covered: Sequence[str]
    findings: Sequence[Finding]

    def document(self) -> dict[str, JsonValue]:
        """What `chm verify --json` prints."""
        return {
            "ok": self.ok,
            "checked": dict(self.checked),
            "not_covered": list(self.not_covered),
            "findings": [{"where": found.where, "code": found.code, "detail": found.detail} for found in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Keys:
    """What is trusted about one log: its descriptor, or keys of checkpoints alone."""

    origin: str
    member: Member | None
    vkeys: tuple[Vkey, ...]

    def valid_at(self, size: int) -> tuple[Vkey, ...]:
        """Keys that may sign a checkpoint of that size."""
        return (*(self.member.log_keys(size) if self.member else ()), *self.vkeys)


@dataclass(frozen=True, slots=True)
class Trust:
    """What the caller trusts.

    Attributes:
        members: pinned descriptors, with all their keys.
        vkeys: keys of logs, for checkpoints alone, or of cosigners.
    """

    members: tuple[Member, ...] = ()
    vkeys: tuple[Vkey, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that can be checked."""
        logs = [vkey.name for vkey in self.vkeys if vkey.algorithm == ED25519]
        return tuple(dict.fromkeys([*(member.origin for member in self.members), *logs]))

    @property
    def cosigners(self) -> tuple[Vkey, ...]:
        """Witnesses and mirrors whose cosignatures can be checked."""
        own = [vkey for member in self.members for vkey in (member.witness_vkey, member.mirror_vkey) if vkey]
        return tuple(dict.fromkeys([*own, *(vkey for vkey in self.vkeys if vkey.algorithm == COSIGNATURE)]))

    def keys(self, origin: str) -> Keys | None:
        """What is trusted about a log, if anything."""
        if origin not in self.origins:
            return None
        member = next((member for member in self.members if member.origin == origin), None)
        return Keys(origin, member, tuple(key for key in self.vkeys if (key.name, key.algorithm) == (origin, ED25519)))


class Notes:
    """Taken during an audit; from them its verdict."""

    def __init__(self) -> None:
        self._proven = False
        self._checked: Counter[str] = Counter()
        self._not_covered: dict[str, None] = {}
        self._findings: list[Finding] = []
        self._untold = 0

    @property
    def findings(self) -> int:
        """How many there are so far."""
        return len(self._findings) + self._untold

    def count(self, kind: str, number: int = 1) -> None:
        """Things of this kind were checked, whatever was found."""
        self._checked[kind] += number

    def find(self, where: str, code: str, detail: str) -> None:
        """Something is not as it must be."""
        if len(self._findings) < _FINDINGS:
            self._findings.append(Finding(where, str(code), detail))
        else:
            self._untold += 1

    def leave(self, what: str) -> None:
        """Nothing was checked of this, and why."""
        self._not_covered[what] = None

    def prove(self) -> None:
        """Something was proven by a trusted key."""
        self._proven = True

    def verdict(self) -> Audit:
        """What follows from the notes."""
        findings = list(self._findings)
        if self._untold:
            findings.append(Finding("", "LIMIT", f"{self._untold} more findings are not told one by one"))
        ok = self._proven and not findings
        return Audit(ok, dict(sorted(self._checked.items())), tuple(self._not_covered), tuple(findings))


class NoSchemas:
    """Knows no record type: for those who have no schemas at hand."""

    def problem(self, document: dict[str, JsonValue]) -> str | None:  # noqa: ARG002
        """Nothing is known to be wrong."""
        return None

    def known_context(self, context: JsonValue) -> bool:  # noqa: ARG002
        """Nothing is known to be foreign."""
        return True

    def derive(self, document: dict[str, JsonValue]) -> str | None:  # noqa: ARG002
        """Nothing is made of it."""
        return None


@dataclass(frozen=True, slots=True)
class Auditor:
    """What all parts of one audit share."""

    trust: Trust
    schemas: SchemaCheck | None
    limits: Limits
    progress: Progress
    notes: Notes

    @property
    def judge(self) -> SchemaCheck:
        """The schemas to check against."""
        return self.schemas or NoSchemas()

    def leave_schemas(self) -> None:
        """Say that schemas are not covered, unless they are."""
        if self.schemas is None:
            self.notes.leave("schemas and contexts of records: none were given")
