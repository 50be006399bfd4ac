-- Version 2: what a search looks up. All of it is derived from the records in force and can be made anew.

-- One searchable document per record in force. `facets`: ids of `facet_value`, four bytes each, little-endian.
-- `change`: the change of the whole index that wrote the row last. One that left keeps its row, empty, so that whoever
-- follows the changes learns of it. Days count from 1970. `ranking` decides between equals, alike on every database.
create table document (
    doc bigint primary key,
    log_id bigint references log (id),
    idx bigint,
    change bigint not null,
    version bigint not null,
    facets bytea,
    modified bigint not null,
    closes bigint,
    ranking bigint not null
);
create unique index document_place on document (log_id, idx);
create index document_change on document (change);
create index document_version on document (version);

create table facet_value (
    id bigint primary key,
    facet text collate "C" not null,
    value text collate "C" not null,
    unique (facet, value)
);

-- The words of each document, as `chmnode.analysis` makes them. They are kept out of the row, so that looking a word up
-- reads few pages; without statistics the planner never believes that reading all vectors is cheaper than the index.
create table document_words (
    doc bigint primary key,
    words tsvector not null
) with (toast_tuple_target = 128);
alter table document_words alter column words set storage external;
alter table document_words alter column words set statistics 0;
create index document_words_words on document_words using gin (words);

-- Endorsements in force: records of their own, which name the revision that a government endorses.
create table endorsement (
    iri text collate "C" primary key,
    target text collate "C" not null,
    government text collate "C" not null,
    rev bigint not null,
    sha256 text collate "C" not null
);
create index endorsement_target on endorsement (target);
