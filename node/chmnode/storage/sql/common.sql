-- The statements that SQLite and PostgreSQL understand alike, by the table they are about.

-- == meta ==

-- name: meta_get
select value from meta where key = :key;

-- name: meta_set
insert into meta (key, value) values (:key, :value)
on conflict (key) do update set value = excluded.value;

-- name: meta_remove
delete from meta where key = :key and value = :value;

-- == log ==

-- name: log_load
select id, origin, note, size, root, target_note, target_size, fetched, frontier, proven, proven_frontier, proven_note,
    judged, applied, evidence
from log where origin = :origin;

-- name: log_create
insert into log (origin, size, root, target_size, fetched, frontier, proven, proven_frontier, judged, applied)
values (:origin, 0, :root, 0, 0, :frontier, 0, :frontier, 0, 0)
on conflict (origin) do nothing;

-- name: log_save
update log set note = :note, size = :size, root = :root, target_note = :target_note, target_size = :target_size,
    fetched = :fetched, frontier = :frontier, proven = :proven, proven_frontier = :proven_frontier,
    proven_note = :proven_note, judged = :judged, applied = :applied, evidence = :evidence
where id = :log;

-- name: log_own
update log set own = 1 where id = :log and own = 0;

-- name: log_origins
select origin from log where note is not null order by origin;

-- == entry and node ==

-- name: entry_add
insert into entry (log_id, idx, leaf, iri, op, rev, detail) values (:log, :idx, :leaf, :iri, :op, :rev, :detail);

-- name: entry_discard
delete from entry where log_id = :log and idx >= :start;

-- name: entry_refuse
update entry set code = :code where log_id = :log and idx = :idx;

-- name: entry_supersede
update entry set superseded = :newer where log_id = :log and idx = :idx;

-- The plus signs keep SQLite from walking the whole log instead of looking up the IRI.
-- name: entry_supersede_iri
update entry set superseded = :newer
where iri = :iri and +log_id = :log and +idx < :newer and code is null and superseded is null;

-- name: entry_unjudge
update entry set code = null, superseded = null
where log_id = :log and (code is not null or superseded is not null);

-- name: quarantine_forget
delete from quarantine where log_id = :log;

-- name: undecided_forget
delete from undecided where log_id = :log;

-- name: entry_range
select idx, leaf, iri, op, rev, detail from entry
where log_id = (select id from log where origin = :origin) and idx >= :start and idx < :end
order by idx;

-- name: entry_leaves
select leaf from entry
where log_id = (select id from log where origin = :origin) and idx >= :start and idx < :end
order by idx;

-- name: entry_living
select e.idx, e.leaf, e.iri, e.op, e.rev, e.detail from entry e join log l on l.id = e.log_id
where l.origin = :origin and e.idx >= :start and e.idx < :end and e.idx < l.judged
    and e.code is null and e.superseded is null
order by e.idx;

-- name: node_add
insert into node (log_id, level, idx, hash) values (:log, :level, :idx, :hash);

-- name: node_discard
delete from node where log_id = :log and level = :level and idx >= :start;

-- name: node_range
select hash from node
where log_id = (select id from log where origin = :origin) and level = :level and idx >= :start and idx < :end
order by idx;

-- == revision ==

-- A log index has one text for ever, so what is there, also an erased one, stays.
-- name: revision_add
insert into revision (log_id, idx, sha256, body) values (:log, :idx, :sha256, :body)
on conflict (log_id, idx) do nothing;

-- name: revision_erase
update revision set body = null
where log_id = :log and sha256 in (
    select r.sha256 from entry e join revision r on r.log_id = e.log_id and r.idx = e.idx
    where e.iri = :iri and +e.log_id = :log
);

-- name: revision_body
select body from revision
where log_id = (select id from log where origin = :origin) and sha256 = :sha256
order by body is null limit 1;

-- name: revision_bundle
select e.idx, r.body from entry e join revision r on r.log_id = e.log_id and r.idx = e.idx
where e.log_id = (select id from log where origin = :origin) and e.idx >= :start and e.idx < :end
    and e.op = 'put' and (e.superseded is null or e.superseded >= :size) and r.body is not null;

-- name: revision_of
select r.body from entry e join log l on l.id = e.log_id join revision r on r.log_id = e.log_id and r.idx = e.idx
where e.iri = :iri and e.rev = :rev and e.idx < l.judged and e.code is null and r.body is not null;

-- == record ==

-- name: record_add
insert into record (iri, log_id, idx, type, government, rev, identifier, modified)
values (:iri, :log, :idx, :type, :government, :rev, :identifier, :modified);

-- name: record_remove
delete from record where iri = :iri;

-- name: record_get
select r.iri, l.origin, r.idx, r.type, r.government, r.rev, r.identifier, r.modified, v.body, r.log_id, e.leaf
from record r join log l on l.id = r.log_id join revision v on v.log_id = r.log_id and v.idx = r.idx
    join entry e on e.log_id = r.log_id and e.idx = r.idx
where r.iri = :iri;

-- name: record_by_identifier
select r.iri, l.origin, r.idx, r.type, r.government, r.rev, r.identifier, r.modified, v.body, r.log_id, e.leaf
from record r join log l on l.id = r.log_id join revision v on v.log_id = r.log_id and v.idx = r.idx
    join entry e on e.log_id = r.log_id and e.idx = r.idx
where r.identifier = :identifier
order by l.own desc, r.log_id, r.idx limit 1;

-- name: record_entries
select e.iri, l.origin, e.idx, e.op, e.rev, e.leaf, r.idx, q.code, q.detail
from entry e join log l on l.id = e.log_id
    left join record r on r.iri = e.iri and r.log_id = e.log_id and r.idx = e.idx
    left join quarantine q on q.log_id = e.log_id and q.idx = e.idx
where e.iri = :iri and e.idx < l.judged and e.code is null
order by l.own desc, e.log_id, e.idx;

-- name: record_newest_entry
select e.iri, l.origin, e.idx, e.op, e.rev, e.leaf, r.idx, q.code, q.detail
from entry e join log l on l.id = e.log_id
    left join record r on r.iri = e.iri and r.log_id = e.log_id and r.idx = e.idx
    left join quarantine q on q.log_id = e.log_id and q.idx = e.idx
where e.iri = :iri and e.idx < l.judged and e.code is null and e.superseded is null
order by r.idx is null, l.own desc, e.log_id limit 1;

-- name: record_counts
select r.type, l.origin, count(*) from record r join log l on l.id = r.log_id
group by r.type, l.origin
order by r.type, l.origin;

-- == quarantine and undecided ==

-- name: quarantine_add
insert into quarantine (log_id, idx, iri, code, detail, at) values (:log, :idx, :iri, :code, :detail, :at)
on conflict (log_id, idx) do update set code = excluded.code, detail = excluded.detail;

-- name: quarantine_remove
delete from quarantine where log_id = :log and idx = :idx;

-- name: quarantine_list
select q.idx, q.iri, q.code, q.detail from quarantine q join entry e on e.log_id = q.log_id and e.idx = q.idx
where q.log_id = (select id from log where origin = :origin) and e.superseded is null
order by q.idx;

-- name: undecided_add
insert into undecided (log_id, idx) values (:log, :idx)
on conflict (log_id, idx) do nothing;

-- name: undecided_remove
delete from undecided where log_id = :log and idx = :idx;

-- name: undecided_list
select u.idx from undecided u join entry e on e.log_id = u.log_id and e.idx = u.idx
where u.log_id = (select id from log where origin = :origin) and e.superseded is null
order by u.idx;

-- Indexes that were open before, quarantined or undecided.
-- name: open_between
select idx from quarantine where log_id = :log and idx >= :start and idx < :end
union
select idx from undecided where log_id = :log and idx >= :start and idx < :end;

-- == staged and counter ==

-- name: staged_add
insert into staged (iri, op, rev, leaf, sha256, body) values (:iri, :op, :rev, :leaf, :sha256, :body);

-- name: staged_list
select seq, iri, op, rev, leaf, sha256, body from staged order by seq limit :limit;

-- name: staged_remove
delete from staged where seq = :seq;

-- name: staged_count
select count(*) from staged;

-- name: counter_add
insert into counter (name, value) values (:name, :count)
on conflict (name) do update set value = counter.value + excluded.value
returning value;

-- name: counter_get
select value from counter where name = :name;

-- == peer ==

-- name: peer_put
insert into peer (origin, descriptor, governments, prefixes, added)
values (:origin, :descriptor, :governments, :prefixes, :added)
on conflict (origin) do update
set descriptor = excluded.descriptor, governments = excluded.governments, prefixes = excluded.prefixes;

-- name: peer_save
update peer set due = :due, failures = :failures, not_before = :not_before, last_try = :last_try, last_ok = :last_ok,
    code = :code, detail = :detail, etag = :etag, etag_source = :etag_source, run = :run, cosigned = :cosigned
where origin = :origin;

-- name: peer_remove
delete from peer where origin = :origin;

-- name: peer_get
select origin, descriptor, governments, prefixes, added, due, failures, not_before, last_try, last_ok, code, detail,
    etag, etag_source, run, cosigned
from peer where origin = :origin;

-- name: peer_list
select origin, descriptor, governments, prefixes, added, due, failures, not_before, last_try, last_ok, code, detail,
    etag, etag_source, run, cosigned
from peer order by origin;

-- name: peer_due
select origin, descriptor, governments, prefixes, added, due, failures, not_before, last_try, last_ok, code, detail,
    etag, etag_source, run, cosigned
from peer where (due <= :now and not_before <= :now) or last_try > :now
order by due, origin limit :limit;

-- == lease ==

-- name: lease_acquire
insert into lease (name, holder, expires) values (:name, :holder, :expires)
on conflict (name) do update set holder = excluded.holder, expires = excluded.expires
where lease.expires <= :now or lease.holder = excluded.holder;

-- name: lease_renew
update lease set expires = :expires where name = :name and holder = :holder and expires > :now;

-- name: lease_release
delete from lease where name = :name and holder = :holder;

-- == document ==

-- name: document_add
insert into document (doc, log_id, idx, change, version, facets, modified, closes, ranking)
values (:doc, :log, :idx, :change, :version, :facets, :modified, :closes, :ranking);

-- name: document_replace
update document set log_id = :log, idx = :idx, change = :change, version = :version, facets = :facets,
    modified = :modified, closes = :closes, ranking = :ranking
where doc = :doc;

-- name: document_leave
update document set log_id = null, idx = null, change = :change, facets = null, closes = null
where doc = :doc;

-- name: document_refacet
update document set change = :change, facets = :facets where doc = :doc;

-- name: document_facets
select d.doc, d.facets, v.sha256
from record r join document d on d.log_id = r.log_id and d.idx = r.idx
    join revision v on v.log_id = r.log_id and v.idx = r.idx
where r.iri = :iri;

-- name: document_changes
select doc, facets, modified, closes, ranking, change from document where change > :after and change <= :upto
order by change, doc;

-- name: document_identified
select d.doc from record r join document d on d.log_id = r.log_id and d.idx = r.idx
where r.identifier = :identifier
order by r.log_id, r.idx limit 100;

-- name: document_changed
select count(*) from document where change > :after;

-- name: document_block
select doc, facets, modified, closes, ranking from document
where doc >= :start and doc < :end and facets is not null
order by doc;

-- name: document_newest
select max(doc) from document;

-- Records in force that are not searchable as this software would make them: other versions first, then none at all.
-- name: document_stale
select d.doc, r.iri, l.origin, r.log_id, r.idx, r.type, r.modified, v.sha256, v.body
from document d cross join entry e cross join record r cross join revision v cross join log l
where l.id = d.log_id and d.version <> :version and e.log_id = d.log_id and e.idx = d.idx and r.iri = e.iri and r.log_id = d.log_id
    and r.idx = d.idx and v.log_id = d.log_id and v.idx = d.idx
order by d.doc limit :limit;

-- name: document_missing
select r.iri, l.origin, r.log_id, r.idx, r.type, r.modified, v.sha256, v.body
from record r join log l on l.id = r.log_id join revision v on v.log_id = r.log_id and v.idx = r.idx
    left join document d on d.log_id = r.log_id and d.idx = r.idx
where d.doc is null
order by r.log_id, r.idx limit :limit;

-- name: document_outdate
update document set version = -1 where facets is not null;

-- name: document_counts
select (select count(*) from record), (select count(*) from document where facets is not null),
    (select count(*) from document where facets is not null and version = :version);

-- name: facet_value_list
select id, facet, value from facet_value where id > :after order by id;

-- name: facet_value_facet
select id, value from facet_value where facet = :facet;

-- name: facet_value_add
insert into facet_value (id, facet, value) values (:id, :facet, :value);

-- name: words_remove
delete from document_words where doc = :doc;

-- == endorsement ==

-- name: endorsement_put
insert into endorsement (iri, target, government, rev, sha256) values (:iri, :target, :government, :rev, :sha256)
on conflict (iri) do update
set target = excluded.target, government = excluded.government, rev = excluded.rev, sha256 = excluded.sha256;

-- name: endorsement_remove
delete from endorsement where iri = :iri;

-- name: endorsement_any
select 1 from endorsement limit 1;

-- name: endorsement_list
select e.iri, e.government, e.rev, e.sha256, r.modified from endorsement e join record r on r.iri = e.iri
where e.target = :target
order by e.government, e.rev;
