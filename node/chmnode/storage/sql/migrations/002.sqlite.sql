-- Version 2: what a search looks up. All of it is derived from the records in force and can be made anew.

-- One searchable document per record in force. `facets`: ids of `facet_value`, four bytes each, little-endian.
-- `change`: the change of the whole index that wrote the row last. One that left keeps its row, empty, so that whoever
-- follows the changes learns of it. Days count from 1970. `ranking` decides between equals, alike on every database.
create table document (
    doc integer primary key,
    log_id integer references log (id),
    idx integer,
    change integer not null,
    version integer not null,
    facets blob,
    modified integer not null,
    closes integer,
    ranking integer not null
) strict;
create unique index document_place on document (log_id, idx);
create index document_change on document (change);
create index document_version on document (version);

create table facet_value (
    id integer primary key,
    facet text not null,
    value text not null,
    unique (facet, value)
) strict;

-- The words of each document, as `chmnode.analysis` makes them: no content is kept, only where each word stands. Large
-- pages, a large buffer and few merges: four times as fast for a harvest; the worker merges when there is leisure.
create virtual table document_words using fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');
insert into document_words (document_words, rank) values ('pgsz', 8000);
insert into document_words (document_words, rank) values ('hashsize', 33554432);
insert into document_words (document_words, rank) values ('automerge', 16);
insert into document_words (document_words, rank) values ('crisismerge', 48);

-- Endorsements in force: records of their own, which name the revision that a government endorses.
create table endorsement (
    iri text primary key,
    target text not null,
    government text not null,
    rev integer not null,
    sha256 text not null
) strict, without rowid;
create index endorsement_target on endorsement (target);
