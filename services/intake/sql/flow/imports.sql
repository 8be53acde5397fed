-- name: add_import(id, experience_id, type, emails, run, idempotency_key, file_name, file_size, file_sha256, file_path, submitted_by)$
-- Note a submitted import and the newest earlier import of the same bytes; null when the idempotency key is known.
insert into imports (
    id, experience_id, type, status, emails, run, idempotency_key,
    file_name, file_size, file_sha256, file_path, submitted_by, same_as
)
values (
    :id, :experience_id, :type, 'submitted', :emails, :run, :idempotency_key,
    :file_name, :file_size, :file_sha256, :file_path, :submitted_by,
    (
        select earlier.id from imports earlier
        where earlier.experience_id = :experience_id and earlier.file_sha256 = :file_sha256
        order by earlier.submitted_at desc limit 1
    )
)
on conflict (experience_id, submitted_by, idempotency_key) do nothing
returning id;

-- name: first_import(experience_id, submitted_by, idempotency_key)$
-- The import that a known idempotency key stands for.
select id from imports
where experience_id = :experience_id and submitted_by = :submitted_by and idempotency_key = :idempotency_key;

-- name: lock_import(id)$
-- The status of an import, which stays so until the transaction ends.
select status from imports where id = :id for update;

-- name: set_status(id, status, by)!
-- Take an import to its next status, with the moment and the person.
update imports set
    status = :status::text,
    ready_at = case when :status::text = 'ready' then now() else ready_at end,
    started_at = case when :status::text = 'running' then now() else started_at end,
    started_by = case when :status::text = 'running' then :by::text else started_by end,
    cancelled_at = case when :status::text in ('cancelling', 'cancelled') then now() else cancelled_at end,
    cancelled_by = case when :status::text in ('cancelling', 'cancelled') then :by::text else cancelled_by end,
    finished_at = case when :status::text = 'finished' then now() else finished_at end,
    mails_open = :status::text = 'finished',
    moved_at = now(),
    tries = 0
where id = :id;

-- name: import_as_told(id)^
-- An import with the names that an event carries.
select
    imports.*,
    experiences.name as experience_name,
    submitter.email as submitter,
    coalesce(starter.email, '') as starter
from imports
join experiences on experiences.id = imports.experience_id
join users submitter on submitter.email_key = imports.submitted_by
left join users starter on starter.email_key = imports.started_by
where imports.id = :id;

-- name: has_importable_records(id)$
-- Whether Run has anything to hand over.
select ready + warning > 0 from imports where id = :id;

-- name: runs_by_itself(id)$
-- Who submitted an import that is to be run without a review, if nothing is wrong with it; else null.
select submitted_by from imports
where id = :id and run = 'when-clean' and error = 0 and warning = 0 and problems = '[]';

-- name: lock_emails(id)^
-- What it depends on whether welcome mails can be asked for; it stays so until the transaction ends.
select status, emails, emails_released_at, created, emails_failed, records_gone_at from imports where id = :id for update;

-- name: note_release(id, by)!
-- Who lets the welcome mails of an import go out.
update imports set
    emails_released_at = now(), emails_released_by = :by,
    mails_open = status = 'finished', moved_at = now(), tries = 0
where id = :id;

-- name: note_resend(id)$
-- All welcome mails that are known to have failed are queued again; returns which time that is.
update imports set
    emails_resent = emails_resent + 1, emails_resent_upto = emails_failed_at, emails_failed = 0,
    mails_open = status = 'finished', moved_at = now(), tries = 0
where id = :id
returning emails_resent;

-- name: file_paths(ids)
-- Where the source files of those of the imports are that exist.
select file_path from imports where id = any(:ids::uuid[]);

-- name: note_rejection(id, detected, problems)!
-- Why a file cannot be read as its import type; what was counted before that came out does not count.
update imports set
    detected = coalesce(:detected::text::jsonb, detected), problems = :problems::text::jsonb,
    rows = 0, checked = 0, ready = 0, warning = 0, error = 0, plan_create = 0, plan_add = 0, plan_nothing = 0
where id = :id;

-- name: known_imports(ids)
-- Those of the imports that exist, and up to which rows answers about them can come. While a file is read, its rows are out
-- before it is noted how far.
select
    id, experience_id, status,
    case when read_complete then read_row else 2147483647 end as checks_upto, approving_row as results_upto
from imports where id = any(:ids::uuid[]);

-- name: lock_imports_in(ids, statuses)
-- Those of the imports that are in one of the statuses, locked in one order for all, so that nobody waits in a circle; and up
-- to which rows answers about them can come, by now.
select
    id, case when read_complete then read_row else 2147483647 end as checks_upto, approving_row as results_upto
from imports where id = any(:ids::uuid[]) and status = any(:statuses::text[]) order by id for update;
