"""The node's durable state on SQLite or PostgreSQL: the public names.

Start at `database.py` for the two promises (`Database`, `Session`), at `stores.py` for what the protocol library needs.
"""

from chmnode.storage.database import Database, Row, Session, Value, open_database
from chmnode.storage.documents import (
    Coverage,
    Document,
    Documents,
    Endorsed,
    Endorsement,
    Standing,
    Unindexed,
)
from chmnode.storage.leases import Leases
from chmnode.storage.logs import Change, Logs
from chmnode.storage.migrations import migrate, require_current
from chmnode.storage.peers import Peer, Peers, Schedule
from chmnode.storage.records import Count, Cursor, Records, StoredEntry, StoredRecord
from chmnode.storage.staging import NewEntry, Staging
from chmnode.storage.stores import LogStore

__all__ = [
    "Change",
    "Count",
    "Coverage",
    "Cursor",
    "Database",
    "Document",
    "Documents",
    "Endorsed",
    "Endorsement",
    "Leases",
    "LogStore",
    "Logs",
    "NewEntry",
    "Peer",
    "Peers",
    "Records",
    "Row",
    "Schedule",
    "Session",
    "Staging",
    "Standing",
    "StoredEntry",
    "StoredRecord",
    "Unindexed",
    "Value",
    "migrate",
    "open_database",
    "require_current",
]
