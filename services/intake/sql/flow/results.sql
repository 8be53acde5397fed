-- name: results_without_record(import_ids, rows)
-- Those of the rows that no record is of that can be imported.
select t.import_id, t.row
from unnest(:import_ids::uuid[], :rows::int[]) as t (import_id, row)
where (select r.status from records r where r.import_id = t.import_id and r.row = t.row) in ('ready', 'warning') is not true;

-- name: insert_results(import_ids, rows, outcomes, account_ids, problems, ats)
-- Keep outcomes, except of records that have one.
insert into record_results (import_id, row, outcome, account_id, problem, at)
select t.import_id, t.row, t.outcome, t.account_id, t.problem::json, t.at
from unnest(
    :import_ids::uuid[], :rows::int[], :outcomes::text[], :account_ids::bigint[], :problems::text[], :ats::timestamptz[]
) as t (import_id, row, outcome, account_id, problem, at)
on conflict do nothing
returning import_id, row, outcome;

-- name: replace_results(import_ids, rows, outcomes, account_ids, problems, ats)
-- What the provisioner says replaces what we had put down in its stead: `skipped`, by what was done, and that no answer came,
-- by any. We ourselves replace nothing.
update record_results r
set outcome = t.outcome, account_id = t.account_id, problem = t.problem::json, at = t.at
from unnest(
    :import_ids::uuid[], :rows::int[], :outcomes::text[], :account_ids::bigint[], :problems::text[], :ats::timestamptz[]
) as t (import_id, row, outcome, account_id, problem, at)
join record_results old on old.import_id = t.import_id and old.row = t.row
where
    r.import_id = t.import_id and r.row = t.row
    and t.problem::json ->> 'code' is distinct from 'internal.no_answer'
    and (r.outcome = 'skipped' and t.outcome <> 'skipped' or r.problem ->> 'code' = 'internal.no_answer')
returning r.import_id, r.outcome, old.outcome as before;

-- name: count_results(import_ids, outcomes, counts)
-- Add to the counters of imports; returns those of which all outcomes are known.
update imports set
    provisioned = imports.provisioned + new.records,
    created = imports.created + new.created, added = imports.added + new.added, unchanged = imports.unchanged + new.unchanged,
    failed = imports.failed + new.failed, skipped = imports.skipped + new.skipped,
    mails_open = imports.status = 'finished', moved_at = now(), tries = 0
from (
    select
        t.import_id,
        sum(t.n) as records,
        coalesce(sum(t.n) filter (where t.outcome = 'created'), 0) as created,
        coalesce(sum(t.n) filter (where t.outcome = 'added'), 0) as added,
        coalesce(sum(t.n) filter (where t.outcome = 'unchanged'), 0) as unchanged,
        coalesce(sum(t.n) filter (where t.outcome = 'failed'), 0) as failed,
        coalesce(sum(t.n) filter (where t.outcome = 'skipped'), 0) as skipped
    from unnest(:import_ids::uuid[], :outcomes::text[], :counts::int[]) as t (import_id, outcome, n)
    group by t.import_id
) as new
where imports.id = new.import_id
returning
    imports.id,
    imports.approve_complete and imports.provisioned >= imports.ready + imports.warning as complete;

-- name: skip_records(import_id, after, most)^
-- Put down `skipped` for the next records that were not handed over; returns how many and the last one.
with next as materialized (
    select row from records
    where import_id = :import_id and row > :after and status <> 'error'
    order by row limit :most
),
skipped as (
    insert into record_results (import_id, row, outcome, at)
    select :import_id, row, 'skipped', now() from next order by row
    on conflict do nothing
    returning row
)
select (select count(*) from skipped) as records, (select max(row) from next) as last_row;

-- name: count_skipped(id, owner, records, last_row)$
-- Add the skipped records to their import.
update imports set
    skipped = skipped + :records, provisioned = provisioned + :records,
    approved_row = :last_row, approving_row = :last_row, moved_at = now()
where id = :id and lease_owner = :owner and status = 'cancelling'
returning id;

-- name: lock_imports(ids)!
-- Let nobody else change these imports; in one order for all, so that nobody waits in a circle.
select id from imports where id = any(:ids::uuid[]) order by id for update;

-- name: keep_emails(import_ids, rows, statuses, reasons, ats)!
-- What became of welcome mails; the newest word counts, and is counted instead of the one before. The imports are locked. A
-- mail that failed and was asked for again since does not count as failed.
with newer as (
    select t.*, e.status as before, e.at as before_at
    from unnest(:import_ids::uuid[], :rows::int[], :statuses::text[], :reasons::text[], :ats::timestamptz[])
        as t (import_id, row, status, reason, at)
    left join lateral (
        select * from record_emails e where e.import_id = t.import_id and e.row = t.row offset 0
    ) e on true
    where e.at is null or t.at > e.at
),
kept as (
    insert into record_emails (import_id, row, status, reason, at)
    select import_id, row, status, reason, at from newer
    on conflict (import_id, row) do update set status = excluded.status, reason = excluded.reason, at = excluded.at
)
update imports set
    emails_sent = imports.emails_sent + new.sent,
    emails_failed = imports.emails_failed + new.failed,
    emails_doubtful = imports.emails_doubtful + new.doubtful,
    emails_failed_at = greatest(imports.emails_failed_at, new.failed_at),
    moved_at = case when imports.status = 'finished' then now() else imports.moved_at end -- before, mails move no records
from (
    select
        n.import_id,
        count(*) filter (where n.status = 'sent') - count(*) filter (where n.before = 'sent') as sent,
        count(*) filter (where n.status = 'doubtful') - count(*) filter (where n.before = 'doubtful') as doubtful,
        count(*) filter (where n.status = 'failed' and (n.at <= i.emails_resent_upto) is not true)
        - count(*) filter (where n.before = 'failed' and (n.before_at <= i.emails_resent_upto) is not true) as failed,
        max(n.at) filter (where n.status = 'failed') as failed_at
    from newer n join imports i on i.id = n.import_id
    group by n.import_id
) as new
where imports.id = new.import_id;
