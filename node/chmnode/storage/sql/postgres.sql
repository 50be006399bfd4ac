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
