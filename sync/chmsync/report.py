"""What one harvest of one log found: the object that `harvest --json` prints (architecture.md, "The command")."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chmsync.canonical import JsonValue
from chmsync.errors import LogRefused
from chmsync.ports import Applied, Refusal


@dataclass(frozen=True, slots=True)
class EntityTag:
    """The entity tag under which a source last gave the checkpoint we trust."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A source that failed while another one served; the log itself was harvested."""

    source: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestReport:
    """The outcome of one run over one log; counts are of this run alone.

    `status` is `ok`, `refused` (the peer is at fault, `code` says how) or `unreachable`.
    """

    origin: str
    source: str | None
    status: str
    frozen: bool
    code: str | None
    detail: str | None
    size: int
    new: int
    accepted: int
    withdrawn: int
    erased: int
    quarantined: tuple[Refusal, ...]
    findings: tuple[Finding, ...]
    requests: int
    bytes: int
    seconds: float
    #: Seconds the peer asked us to wait.
    retry_after: float | None = None
    #: Entity tag under which a source last gave the trusted checkpoint, for the next conditional request.
    etag: EntityTag | None = None
    #: POSIX time of the newest cosignature we know of.
    cosigned: int | None = None

    def document(self) -> "dict[str, JsonValue | float]":
        """The JSON object of architecture.md; `seconds` is rounded to milliseconds."""
        quarantined: list[JsonValue] = [
            {"index": one.index, "id": one.iri, "code": str(one.code), "detail": one.detail} for one in self.quarantined
        ]
        findings: list[JsonValue] = [
            {"source": one.source, "code": one.code, "detail": one.detail} for one in self.findings
        ]
        return {
            "origin": self.origin,
            "source": self.source,
            "status": self.status,
            "frozen": self.frozen,
            "code": self.code,
            "detail": self.detail,
            "size": self.size,
            "new": self.new,
            "accepted": self.accepted,
            "withdrawn": self.withdrawn,
            "erased": self.erased,
            "quarantined": quarantined,
            "findings": findings,
            "requests": self.requests,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


@dataclass(slots=True)
class Tally:
    """Counts of a run under way."""

    new: int = 0
    applied: Applied = field(default_factory=Applied)
    quarantined: dict[int, Refusal] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def count(self, applied: Applied) -> None:
        """Add what one batch changed."""
        mine = self.applied
        self.applied = Applied(
            mine.accepted + applied.accepted, mine.withdrawn + applied.withdrawn, mine.erased + applied.erased
        )

    def met(self, refusals: Iterable[Refusal]) -> None:
        """Remember quarantined entries, each once."""
        self.quarantined |= {refusal.index: refusal for refusal in refusals}

    def failed(self, source: str, refused: LogRefused) -> None:
        """Remember a source's failure."""
        self.findings.append(Finding(source, str(refused.code), refused.detail))
