-- What SQLite says in its own way. Lists of IRIs come as JSON. `cross join` fixes the order of the loops, and a plus sign
-- keeps a column out of the choice of an index: IRIs are looked up, logs never walked.

-- name: meta_exists
select 1 from sqlite_master where type = 'table' and name = 'meta';

-- The write lock of `begin immediate` is held already.
-- name: log_lock
select id, origin, note, size, root, target_note, target_size, fetched, frontier, proven, proven_frontier, proven_note,
    judged, applied, evidence
from log where origin = :origin;

-- name: entry_heads
select e.iri, e.idx, e.rev, e.op
from json_each(:iris) wanted cross join log l cross join entry e on e.iri = wanted.value and +e.log_id = l.id
where l.origin = :origin and +e.idx < l.judged and e.code is null and e.superseded is null;

-- name: record_places
select r.iri, r.log_id, r.idx from json_each(:iris) wanted cross join record r on r.iri = wanted.value;

-- The write lock is held already.
-- name: staged_lock
select 1;

-- name: staged_newest
select s.iri, s.rev, s.op from json_each(:iris) wanted cross join staged s on s.iri = wanted.value
union all
select e.iri, e.rev, e.op
from json_each(:iris) wanted cross join log l cross join entry e on e.iri = wanted.value and +e.log_id = l.id
where l.origin = :origin and e.code is null and e.superseded is null;

-- Of places `[log, index]`, those with a document.
-- name: document_places
select d.log_id, d.idx, d.doc from json_each(:places) wanted
cross join document d on d.log_id = json_extract(wanted.value, '$[0]') and d.idx = json_extract(wanted.value, '$[1]');

-- Records by document, for a page of hits.
-- name: document_records
select d.doc, r.iri, l.origin, r.idx, r.type, r.government, r.rev, r.identifier, r.modified, v.body, r.log_id, e.leaf
from json_each(:docs) wanted cross join document d on d.doc = wanted.value
    cross join entry e on e.log_id = d.log_id and e.idx = d.idx
    cross join record r on r.iri = e.iri and r.log_id = d.log_id and r.idx = d.idx
    cross join log l on l.id = d.log_id
    cross join revision v on v.log_id = d.log_id and v.idx = d.idx;

-- name: document_packed
select d.doc, d.facets from json_each(:docs) wanted cross join document d on d.doc = wanted.value;

-- Of pairs `[facet, value]`, those with a number.
-- name: facet_value_of
select v.id, v.facet, v.value from json_each(:pairs) wanted
cross join facet_value v on v.facet = json_extract(wanted.value, '$[0]')
    and v.value = json_extract(wanted.value, '$[1]');

-- name: words_add
insert into document_words (rowid, words) values (:doc, :words);

-- name: words_remove
delete from document_words where rowid = :doc;

-- All documents in one value: a row for each would cost more than finding them.
-- name: words_find
select group_concat(rowid) from document_words where document_words match :wanted;

-- Some pages' worth of merging; a negative number also purges what was deleted.
-- name: words_merge
insert into document_words (document_words, rank) values ('merge', :pages);

-- name: words_check
insert into document_words (document_words, rank) values ('integrity-check', 0);

-- name: endorsement_of
select e.iri, e.target, e.government, e.rev, e.sha256
from json_each(:iris) wanted cross join endorsement e on e.target = wanted.value;

-- name: endorsement_targets
select e.target from json_each(:iris) wanted cross join endorsement e on e.iri = wanted.value;
