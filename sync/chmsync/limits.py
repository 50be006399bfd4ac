"""Every limit of the protocol as a named setting (CHM-Sync 1 sections 3, 4, 5 and 10).

The format limits are the protocol's and the same for everybody; the others are an operator's to change in `node.toml`
under `[limits]`.
"""

from dataclasses import dataclass

#: Entries in a full bundle, hashes in a full tile (C2SP tlog-tiles).
TILE_WIDTH = 256
#: Bytes of one log entry (section 4).
ENTRY_BYTES = 4096
#: Bytes of one record's canonical form (section 4).
RECORD_BYTES = 262_144
#: Nesting of a record or entry; the outermost container is 1 (section 5).
JSON_DEPTH = 32
#: Largest integer a record may hold, 2^53 - 1 (section 5).
MAX_INTEGER = 9_007_199_254_740_991


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a harvester is prepared to read, wait for and keep."""

    #: Bytes of a checkpoint note.
    note_bytes: int = 65_536
    #: Bytes of a member descriptor, node description or harvest report.
    document_bytes: int = 1_048_576
    #: Signature lines of one note.
    note_signatures: int = 64
    #: Entries that may be fetched for one log before its checkpoint is proven.
    pending_entries: int = 5_000_000
    #: Entries whose records are checked and applied in one transaction.
    batch_entries: int = 1024
    #: Bytes of the records of one such batch, beyond which it ends with the bundle it has begun.
    batch_bytes: int = 16_777_216
    #: Below this share of a bundle's records, single records are asked for instead of the bundle.
    bundle_share: float = 0.1
    #: Quarantined records that one harvest asks for again.
    retries: int = 128
    #: How often one harvest follows a log that grows under it.
    rounds: int = 8
    #: Seconds to open a connection.
    connect_seconds: float = 10.0
    #: Seconds without a byte.
    idle_seconds: float = 20.0
    #: Seconds for one resource, whatever its size ...
    resource_seconds: float = 45.0
    #: ... plus one second for this many bytes allowed.
    bytes_a_second: int = 2048
    #: Logs harvested beside each other.
    parallel_logs: int = 16
    #: Connections to one host at a time.
    connections_per_host: int = 4
    #: Redirects followed within one origin.
    redirects: int = 3
    #: Longest `Retry-After` that is believed, in seconds.
    retry_after_seconds: float = 86_400.0
    #: Seconds a cosignature may lie ahead of our clock.
    clock_skew_seconds: float = 300.0
    #: Seconds between re-cosignatures of an unchanged checkpoint.
    heartbeat_seconds: float = 3600.0
    #: Age of the newest cosignature, in seconds, that warns ...
    stale_seconds: float = 172_800.0
    #: ... and that alarms: the log is `FROZEN`.
    frozen_seconds: float = 604_800.0
