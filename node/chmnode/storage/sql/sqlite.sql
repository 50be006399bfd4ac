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
