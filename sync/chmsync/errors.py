"""Errors of the protocol: whose fault, and whether to try again.

Owns the two lists of codes of CHM-Sync 1 section 7 and the exceptions that carry them. A code is what reports, tests
and operators see; the sentence beside it says what was found and, where there is one, the mend.
"""

from enum import Enum, StrEnum


class Fault(Enum):
    """Who has to act before the same thing can succeed."""

    PEER = "peer"
    NETWORK = "network"
    OURS = "ours"


class LogCode(StrEnum):
    """Why a whole log was refused or not reached (section 7)."""

    UNREACHABLE = "UNREACHABLE"
    REDIRECT = "REDIRECT"
    LIMIT = "LIMIT"
    BAD_NOTE = "BAD_NOTE"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    ROLLBACK = "ROLLBACK"
    FORK = "FORK"
    BAD_BUNDLE = "BAD_BUNDLE"
    NOT_A_MEMBER = "NOT_A_MEMBER"


class RecordCode(StrEnum):
    """Why one entry is quarantined, in the order in which the checks are made (section 7)."""

    ENTRY = "ENTRY"
    FOREIGN_IRI = "FOREIGN_IRI"
    REV = "REV"
    AUTHORITY = "AUTHORITY"
    MISSING = "MISSING"
    HASH = "HASH"
    CANONICAL = "CANONICAL"
    MISMATCH = "MISMATCH"
    CONTEXT = "CONTEXT"
    PROOF = "PROOF"
    SCHEMA = "SCHEMA"


#: Codes that a bad cache or a passing fault can cause: tried again on every harvest, from other sources too.
PASSING = frozenset({RecordCode.MISSING, RecordCode.HASH})


class SyncError(Exception):
    """Anything that stops a step of the protocol.

    Attributes:
        fault: who has to act.
        retry: whether the same call may succeed later without anybody acting.
    """

    fault: Fault = Fault.OURS
    retry: bool = False


class FormatError(SyncError, ValueError):
    """Bytes or text that do not have the form their specification demands."""

    fault = Fault.PEER


class LogRefused(SyncError):
    """A log that cannot be harvested now; the trusted state is unchanged.

    Args:
        code: the protocol's code.
        detail: what was found, for the operator.
        retry_after: seconds the peer asked us to wait, when it did.
    """

    def __init__(self, code: LogCode, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.fault = Fault.NETWORK if code is LogCode.UNREACHABLE else Fault.PEER
        self.retry = code is not LogCode.FORK


class RecordRefused(SyncError):
    """One entry that is quarantined; its log goes on."""

    fault = Fault.PEER

    def __init__(self, code: RecordCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry = code in PASSING


class LogDamaged(SyncError):
    """Our own durable state contradicts itself; nothing more is signed until an operator has looked."""


class Conflict(SyncError):
    """Somebody else changed the log between our reading and our writing; nothing was written."""

    retry = True
