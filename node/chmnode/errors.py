"""Errors of the node that a person reads: what happened, and the mend, in one sentence.

Owns the exceptions of everything outside the protocol library. `retry` says whether the same call may succeed later
without anybody acting; the command line maps it to exit status 4, everything else here to 1.
"""


class NodeError(Exception):
    """Anything that stops the node from doing what it was asked; the message is for its operator."""

    retry: bool = False


class StorageError(NodeError):
    """The database did not do what it was asked; nothing of the transaction was kept."""


class DatabaseDamaged(StorageError):
    """The file is no database of ours, or parts of it cannot be read."""


class DatabaseVersion(StorageError):
    """The database is older or newer than this software."""


class DatabaseUnreachable(StorageError):
    """The database cannot be opened or does not answer."""

    retry = True


class DatabaseBusy(StorageError):
    """Somebody else held the database for longer than we wait."""

    retry = True


class ConstraintBroken(StorageError):
    """A row that must be unique is there already, or refers to one that is not."""


class ForeignRecord(StorageError):
    """Two logs claim one record IRI, so two members were pinned whose prefixes overlap."""
