-- Version 1. Times are POSIX seconds; an `idx` is a log index (CHM-Sync 1).

create table meta (
    key text primary key,
    value text not null
) strict, without rowid;

-- One row per log, own or foreign: chmsync.ports.LogState.
create table log (
    id integer primary key,
    origin text not null unique,
    own integer not null default 0,
    note blob,
    size integer not null,
    root blob not null,
    target_note blob,
    target_size integer not null,
    fetched integer not null,
    frontier blob not null,
    proven integer not null,
    proven_frontier blob not null,
    proven_note blob,
    judged integer not null,
    applied integer not null,
    evidence text
) strict;

-- Every entry of every log. `detail`: why its shape is bad. `code`: refused when judged (ENTRY, FOREIGN_IRI, REV), so
-- never well-formed. `superseded`: index of the next well-formed entry of the same record.
create table entry (
    log_id integer not null references log (id),
    idx integer not null,
    leaf blob not null,
    iri text,
    op text,
    rev integer,
    detail text,
    code text,
    superseded integer,
    primary key (log_id, idx)
) strict, without rowid;
create index entry_iri on entry (iri, log_id, idx) where iri is not null;

-- Hash `idx` of tile level `level` (1 and above), the root of a full tile one level below.
create table node (
    log_id integer not null references log (id),
    level integer not null,
    idx integer not null,
    hash blob not null,
    primary key (log_id, level, idx)
) strict, without rowid;

-- Canonical bytes of a put. An erased one keeps its row without the body, so that it is known to be gone.
create table revision (
    log_id integer not null references log (id),
    idx integer not null,
    sha256 text not null,
    body blob,
    primary key (log_id, idx)
) strict;
create index revision_sha256 on revision (log_id, sha256);

-- The records in force. With a rowid, so that the long IRI is not repeated in every other index.
create table record (
    iri text not null primary key,
    log_id integer not null references log (id),
    idx integer not null,
    type text not null,
    government text,
    rev integer not null,
    identifier text,
    modified text not null
) strict;
create index record_modified on record (modified, log_id, idx);
create index record_type on record (type, modified, log_id, idx);
create index record_log on record (log_id, modified, idx);
create index record_identifier on record (identifier) where identifier is not null;

create table quarantine (
    log_id integer not null references log (id),
    idx integer not null,
    iri text,
    code text not null,
    detail text not null,
    at integer not null,
    primary key (log_id, idx)
) strict, without rowid;

create table undecided (
    log_id integer not null references log (id),
    idx integer not null,
    primary key (log_id, idx)
) strict, without rowid;

-- Entries of our own that wait for their index, in order.
create table staged (
    seq integer primary key autoincrement,
    iri text not null,
    op text not null,
    rev integer not null,
    leaf blob not null,
    sha256 text,
    body blob,
    unique (iri, rev)
) strict;

-- Peers we harvest. `due`, `failures`, `not_before`: the schedule; the rest: what the last harvest found.
create table peer (
    origin text primary key,
    descriptor text not null,
    governments text not null,
    prefixes text not null,
    added integer not null,
    due integer not null default 0,
    failures integer not null default 0,
    not_before integer not null default 0,
    last_try integer,
    last_ok integer,
    code text,
    detail text,
    etag text,
    etag_source text,
    run text,
    cosigned integer
) strict, without rowid;
create index peer_due on peer (due);

create table lease (
    name text primary key,
    holder text not null,
    expires integer not null
) strict, without rowid;

create table counter (
    name text primary key,
    value integer not null
) strict, without rowid;
