-- name: insert_records(import_ids, rows, email_keys, statuses, plans, cells, vals, problems)
-- Keep checked records, except those that are kept already.
insert into records (import_id, row, email_key, status, plan, cells, values, problems)
select t.import_id, t.row, t.email_key, t.status, t.plan, t.cells::json, t.vals::json, t.problems::json
from unnest(
    :import_ids::uuid[], :rows::int[], :email_keys::text[], :statuses::text[], :plans::text[],
    :cells::text[], :vals::text[], :problems::text[]
) as t (import_id, row, email_key, status, plan, cells, vals, problems)
on conflict do nothing
returning import_id, row;

-- name: insert_record_problems(import_ids, codes, rows)!
-- Let records be found by the codes of their problems.
insert into record_problems (import_id, code, row)
select * from unnest(:import_ids::uuid[], :codes::text[], :rows::int[])
on conflict do nothing;

-- name: count_checks(import_ids, statuses, plans, counts)
-- Add to the counters of imports; returns those of which all records are checked.
update imports set
    checked = imports.checked + new.records,
    ready = imports.ready + new.ready, warning = imports.warning + new.warning, error = imports.error + new.error,
    plan_create = imports.plan_create + new.plan_create, plan_add = imports.plan_add + new.plan_add,
    plan_nothing = imports.plan_nothing + new.plan_nothing,
    moved_at = now(), tries = 0
from (
    select
        t.import_id,
        sum(t.n) as records,
        coalesce(sum(t.n) filter (where t.status = 'ready'), 0) as ready,
        coalesce(sum(t.n) filter (where t.status = 'warning'), 0) as warning,
        coalesce(sum(t.n) filter (where t.status = 'error'), 0) as error,
        coalesce(sum(t.n) filter (where t.plan = 'create'), 0) as plan_create,
        coalesce(sum(t.n) filter (where t.plan = 'add'), 0) as plan_add,
        coalesce(sum(t.n) filter (where t.plan = 'nothing'), 0) as plan_nothing
    from unnest(:import_ids::uuid[], :statuses::text[], :plans::text[], :counts::int[])
        as t (import_id, status, plan, n)
    group by t.import_id
) as new
where imports.id = new.import_id
returning imports.id, imports.read_complete and imports.checked >= imports.rows as complete;

-- name: drop_records_beyond_end(import_id)!
-- Remove records of rows that the file turned out not to have, so that they are not counted for ones that it has.
with gone as (
    delete from records
    where import_id = :import_id and row > (select read_row from imports where id = :import_id)
    returning status, plan
)
update imports set
    checked = imports.checked - counted.records,
    ready = imports.ready - counted.ready, warning = imports.warning - counted.warning, error = imports.error - counted.error,
    plan_create = imports.plan_create - counted.plan_create, plan_add = imports.plan_add - counted.plan_add,
    plan_nothing = imports.plan_nothing - counted.plan_nothing
from (
    select
        count(*) as records,
        count(*) filter (where status = 'ready') as ready, count(*) filter (where status = 'warning') as warning,
        count(*) filter (where status = 'error') as error, count(*) filter (where plan = 'create') as plan_create,
        count(*) filter (where plan = 'add') as plan_add, count(*) filter (where plan = 'nothing') as plan_nothing
    from gone
) as counted
where imports.id = :import_id and counted.records > 0;

-- name: kept_rows(import_id, first, last)
-- Which rows of a stretch of the file have a record.
select row from records where import_id = :import_id and row between :first and :last;

-- name: delete_records(import_id, most)$
-- Remove some records of a rejected import; returns how many.
with gone as (
    delete from records
    where import_id = :import_id
    and row in (select row from records where import_id = :import_id order by row limit :most)
    returning row
)
select count(*) from gone;

-- name: delete_record_problems(import_id)!
-- Remove what a rejected import was to be found by.
delete from record_problems where import_id = :import_id;

-- name: records_to_approve(import_id, after, upto, most)
-- The next records that can be imported, in file order. ("not error" rather than "ready or warning": so the walk is along the
-- primary key, where they are in order, and no index by status tempts to sort them all.)
select row, email_key, values, plan from records
where import_id = :import_id and row > :after and row <= :upto and status <> 'error'
order by row limit :most;

-- name: unanswered_approvals(import_id, after, upto, most)
-- Records that were handed over and have no outcome, in file order.
select r.row, r.email_key, r.values, r.plan from records r
where
    r.import_id = :import_id and r.row > :after and r.row <= :upto and r.status <> 'error'
    and not exists (select 1 from record_results x where x.import_id = r.import_id and x.row = r.row)
order by r.row limit :most;
