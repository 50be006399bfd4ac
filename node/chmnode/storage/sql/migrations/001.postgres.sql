-- Version 1. Times are POSIX seconds; an `idx` is a log index (CHM-Sync 1).
-- An entry may name an IRI of 4,000 bytes, more than a B-tree takes: IRIs of others are indexed by hash.
-- Collation C, so that both databases sort alike, whatever the locale of the server.

create table meta (
    key text collate "C" primary key,
    value text collate "C" not null
);

-- One row per log, own or foreign: chmsync.ports.LogState.
create table log (
    id bigint generated always as identity primary key,
    origin text collate "C" not null unique,
    own bigint not null default 0,
    note bytea,
    size bigint not null,
    root bytea not null,
    target_note bytea,
    target_size bigint not null,
    fetched bigint not null,
    frontier bytea not null,
    proven bigint not null,
    proven_frontier bytea not null,
    proven_note bytea,
    judged bigint not null,
    applied bigint not null,
    evidence text collate "C"
);

-- Every entry of every log. `detail`: why its shape is bad. `code`: refused when judged (ENTRY, FOREIGN_IRI, REV), so
-- never well-formed. `superseded`: index of the next well-formed entry of the same record.
create table entry (
    log_id bigint not null references log (id),
    idx bigint not null,
    leaf bytea not null,
    iri text collate "C",
    op text collate "C",
    rev bigint,
    detail text collate "C",
    code text collate "C",
    superseded bigint,
    primary key (log_id, idx)
);
create index entry_iri on entry using hash (iri);

-- Hash `idx` of tile level `level` (1 and above), the root of a full tile one level below.
create table node (
    log_id bigint not null references log (id),
    level bigint not null,
    idx bigint not null,
    hash bytea not null,
    primary key (log_id, level, idx)
);

-- Canonical bytes of a put. An erased one keeps its row without the body, so that it is known to be gone.
create table revision (
    log_id bigint not null references log (id),
    idx bigint not null,
    sha256 text collate "C" not null,
    body bytea,
    primary key (log_id, idx)
);
create index revision_sha256 on revision (log_id, sha256);

-- The records in force.
create table record (
    iri text collate "C" not null,
    log_id bigint not null references log (id),
    idx bigint not null,
    type text collate "C" not null,
    government text collate "C",
    rev bigint not null,
    identifier text collate "C",
    modified text collate "C" not null,
    primary key (log_id, idx),
    exclude using hash (iri with =)
);
create index record_modified on record (modified, log_id, idx);
create index record_type on record (type, modified, log_id, idx);
create index record_log on record (log_id, modified, idx);
create index record_identifier on record (identifier) where identifier is not null;

create table quarantine (
    log_id bigint not null references log (id),
    idx bigint not null,
    iri text collate "C",
    code text collate "C" not null,
    detail text collate "C" not null,
    at bigint not null,
    primary key (log_id, idx)
);

create table undecided (
    log_id bigint not null references log (id),
    idx bigint not null,
    primary key (log_id, idx)
);

-- Entries of our own that wait for their index, in order.
create table staged (
    seq bigint generated always as identity primary key,
    iri text collate "C" not null,
    op text collate "C" not null,
    rev bigint not null,
    leaf bytea not null,
    sha256 text collate "C",
    body bytea,
    unique (iri, rev)
);

-- Peers we harvest. `due`, `failures`, `not_before`: the schedule; the rest: what the last harvest found.
create table peer (
    origin text collate "C" primary key,
    descriptor text collate "C" not null,
    governments text collate "C" not null,
    prefixes text collate "C" not null,
    added bigint not null,
    due bigint not null default 0,
    failures bigint not null default 0,
    not_before bigint not null default 0,
    last_try bigint,
    last_ok bigint,
    code text collate "C",
    detail text collate "C",
    etag text collate "C",
    etag_source text collate "C",
    run text collate "C",
    cosigned bigint
);
create index peer_due on peer (due);

create table lease (
    name text collate "C" primary key,
    holder text collate "C" not null,
    expires bigint not null
);

create table counter (
    name text collate "C" primary key,
    value bigint not null
);
