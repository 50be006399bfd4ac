-- What PostgreSQL says in its own way. Lists of IRIs come as JSON.

-- name: meta_exists
select 1 where to_regclass('meta') is not null;

-- Writers of one log wait for each other here.
-- name: log_lock
select id, origin, note, size, root, target_note, target_size, fetched, frontier, proven, proven_frontier, proven_note,
    judged, applied, evidence
from log where origin = :origin
for update;

-- name: entry_heads
select e.iri, e.idx, e.rev, e.op
from log l join entry e on e.log_id = l.id
where l.origin = :origin and e.iri = any (array(select json_array_elements_text(cast(:iris as json))))
    and e.idx < l.judged and e.code is null and e.superseded is null;

-- name: record_places
select iri, log_id, idx from record where iri = any (array(select json_array_elements_text(cast(:iris as json))));

-- The sequencer waits for edits under way, so that none stages a revision that it has just given its place.
-- name: staged_lock
select 1 from log where origin = :origin for share;

-- name: staged_newest
select iri, rev, op from staged where iri = any (array(select json_array_elements_text(cast(:iris as json))))
union all
select e.iri, e.rev, e.op
from log l join entry e on e.log_id = l.id
where l.origin = :origin and e.iri = any (array(select json_array_elements_text(cast(:iris as json))))
    and e.code is null and e.superseded is null;

-- Of places `[log, index]`, those with a document.
-- name: document_places
select d.log_id, d.idx, d.doc
from json_array_elements(cast(:places as json)) wanted
    join document d on d.log_id = cast(wanted ->> 0 as bigint) and d.idx = cast(wanted ->> 1 as bigint);

-- Records by document, for a page of hits.
-- name: document_records
select d.doc, r.iri, l.origin, r.idx, r.type, r.government, r.rev, r.identifier, r.modified, v.body, r.log_id, e.leaf
from document d
    join entry e on e.log_id = d.log_id and e.idx = d.idx
    join record r on r.iri = e.iri and r.log_id = d.log_id and r.idx = d.idx
    join log l on l.id = d.log_id
    join revision v on v.log_id = d.log_id and v.idx = d.idx
where d.doc = any (array(select cast(json_array_elements_text(cast(:docs as json)) as bigint)));

-- name: document_packed
select doc, facets from document
where doc = any (array(select cast(json_array_elements_text(cast(:docs as json)) as bigint)));

-- Of pairs `[facet, value]`, those with a number.
-- name: facet_value_of
select v.id, v.facet, v.value from json_array_elements(cast(:pairs as json)) wanted
    join facet_value v on v.facet = wanted ->> 0 and v.value = wanted ->> 1;

-- name: words_add
insert into document_words (doc, words) values (:doc, cast(:words as tsvector));

-- All documents in one value: a row for each would cost more than finding them.
-- name: words_find
select string_agg(int8send(doc), '') from document_words where words @@ cast(:wanted as tsquery);

-- name: words_merge
select 1;

-- name: words_check
select 1;

-- name: endorsement_of
select iri, target, government, rev, sha256 from endorsement
where target = any (array(select json_array_elements_text(cast(:iris as json))));

-- name: endorsement_targets
select target from endorsement where iri = any (array(select json_array_elements_text(cast(:iris as json))));
