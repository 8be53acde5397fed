-- name: claim_imports(owner, lease_seconds, repair_after_seconds, most, held)
-- Take the lease of imports that need work and that nobody holds, oldest first. What this process is at work on it does not
-- take anew, however late it is.
with due as materialized (
    select id from imports
    where
        (
            status in ('submitted', 'preprocessing', 'running', 'cancelling') or lease_owner is not null or mails_open
        )
        and (lease_until is null or lease_until < now())
        and id <> all(:held::uuid[])
        and (
            status in ('submitted', 'rejected')
            or status = 'preprocessing'
            and (not read_complete or moved_at < now() - make_interval(secs => :repair_after_seconds))
            or status in ('running', 'cancelling')
            and (not approve_complete or moved_at < now() - make_interval(secs => :repair_after_seconds))
            or status = 'finished' and mails_open
            and moved_at < now() - make_interval(secs => least(:repair_after_seconds * 2 ^ least(tries + 1, 20), 3600))
        )
    order by submitted_at
    limit :most
    for update skip locked
)
update imports set lease_owner = :owner, lease_until = now() + make_interval(secs => :lease_seconds)
from due where imports.id = due.id
returning imports.id;

-- name: renew_leases(owner, ids, lease_seconds)!
-- Keep what is being worked on. A row that is locked now is renewed the next time.
with held as (
    select id from imports where id = any(:ids::uuid[]) and lease_owner = :owner for update skip locked
)
update imports set lease_until = now() + make_interval(secs => :lease_seconds)
from held where imports.id = held.id;

-- name: release_lease(id, owner)!
-- Nothing to do for this import until something happens to it.
update imports set lease_owner = null, lease_until = null where id = :id and lease_owner = :owner;

-- name: release_leases(owner)!
-- This process stops: let others go on at once.
update imports set lease_until = now() where lease_owner = :owner;

-- name: postpone(id, owner, seconds)!
-- The work failed: whoever comes first tries again after a while.
update imports set lease_until = now() + make_interval(secs => :seconds) where id = :id and lease_owner = :owner;

-- name: work_of(id, owner, repair_after_seconds)^
-- How far an import is; nothing when its lease is not ours any more.
select
    id, experience_id, type, status, file_path, tries,
    read_row, rows, read_complete, checked,
    approved_row, approving_row, approved, approve_complete, provisioned, ready + warning as importable,
    moved_at < now() - make_interval(secs => :repair_after_seconds) as stuck,
    extract(epoch from now() - moved_at)::float8 as still_seconds,
    mails_open
    and moved_at < now() - make_interval(secs => least(:repair_after_seconds * 2 ^ least(tries + 1, 20), 3600))
    as mails_late
from imports where id = :id and lease_owner = :owner;

-- name: lock_ours(id, owner)$
-- The status of an import that we hold, locked; null when its lease is not ours any more.
select status from imports where id = :id and lease_owner = :owner for update;

-- name: note_detected(id, owner, detected, problems)$
-- What the source file turned out to be.
update imports set detected = :detected::text::jsonb, problems = :problems::text::jsonb, moved_at = now()
where id = :id and lease_owner = :owner and status = 'preprocessing'
returning id;

-- name: checkpoint_reading(id, owner, read_row, rows)$
-- How far rows are published and acknowledged; returns how many are checked.
update imports set read_row = :read_row, rows = :rows, moved_at = now()
where id = :id and lease_owner = :owner and status = 'preprocessing'
returning checked;

-- name: complete_reading(id, owner)$
-- All rows are published; returns whether all are checked, too.
update imports set read_complete = true, moved_at = now()
where id = :id and lease_owner = :owner and status = 'preprocessing'
returning checked >= rows;

-- name: note_approving(id, owner, approved_row, approved, approving_row)$
-- Up to where approvals are acknowledged and up to where they are about to be published; returns how many have an outcome.
update imports set
    approved_row = :approved_row, approved = :approved,
    approving_row = greatest(approving_row, :approving_row), moved_at = now()
where id = :id and lease_owner = :owner and status = 'running'
returning provisioned;

-- name: complete_approving(id, owner, status, approved)$
-- All approvals are published or given up; returns whether all records have an outcome, too.
update imports set
    approve_complete = true, approved_row = approving_row, approved = :approved, moved_at = now()
where id = :id and lease_owner = :owner and status = :status
returning provisioned >= ready + warning;

-- name: note_try(id, owner, status)$
-- Rows without an answer were published once more.
update imports set tries = tries + 1, moved_at = now()
where id = :id and lease_owner = :owner and status = :status
returning tries;
