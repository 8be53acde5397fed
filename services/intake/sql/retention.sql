-- name: oldest_never_run()$
-- Since when the oldest import waits for somebody to run it.
select ready_at from imports where status = 'ready' order by ready_at limit 1;

-- name: never_run(before, most)
-- Imports that have waited since before then.
select id from imports where status = 'ready' and ready_at < :before order by ready_at limit :most;

-- name: oldest_file()$
-- Since when the oldest import with a source file is over.
select coalesce(finished_at, cancelled_at, submitted_at) from imports
where file_gone_at is null and status in ('finished', 'rejected', 'cancelled')
order by coalesce(finished_at, cancelled_at, submitted_at) limit 1;

-- name: old_files(before, most)
-- Source files of imports that are over since before then.
select id, file_path from imports
where file_gone_at is null and status in ('finished', 'rejected', 'cancelled')
    and coalesce(finished_at, cancelled_at, submitted_at) < :before
order by coalesce(finished_at, cancelled_at, submitted_at) limit :most;

-- name: note_file_gone(ids)!
-- These source files are removed.
update imports set file_gone_at = now() where id = any(:ids::uuid[]);

-- name: oldest_records()$
-- Since when the oldest import with records is over.
select coalesce(finished_at, cancelled_at, submitted_at) from imports
where records_left and status in ('finished', 'rejected', 'cancelled')
order by coalesce(finished_at, cancelled_at, submitted_at) limit 1;

-- name: import_with_old_records(before)$
-- An import that is over since before then and whose records nobody works on: no mail of it is asked about, no word indexed.
select id from imports
where records_left and status in ('finished', 'rejected', 'cancelled')
    and coalesce(finished_at, cancelled_at, submitted_at) < :before
    and not mails_open and lease_owner is null and (searchable or status <> 'finished')
order by coalesce(finished_at, cancelled_at, submitted_at) limit 1
for update skip locked;

-- name: note_records_gone(id)!
-- From now on no record of this import is shown, nor what a rejected file began with.
update imports set records_gone_at = now(), searchable = true, idempotency_key = null, detected = detected - 'first_lines'
where id = :id and records_gone_at is null;

-- name: remove_records(id, most)!
-- Some records.
delete from records where ctid = any(array(select ctid from records where import_id = :id limit :most));

-- name: remove_problems(id, most)!
-- What some were found by.
delete from record_problems where ctid = any(array(select ctid from record_problems where import_id = :id limit :most));

-- name: remove_results(id, most)!
-- Some outcomes.
delete from record_results where ctid = any(array(select ctid from record_results where import_id = :id limit :most));

-- name: remove_emails(id, most)!
-- What became of some mails.
delete from record_emails where ctid = any(array(select ctid from record_emails where import_id = :id limit :most));

-- name: remove_words(id, most)!
-- Some words.
delete from record_words where ctid = any(array(select ctid from record_words where import_id = :id limit :most));

-- name: note_no_records_left(id)!
-- All of them are removed.
update imports set records_left = false where id = :id;

-- name: oldest_sign_in()$
-- Since when the oldest session, link or count works no more.
select least(
    (select min(expires_at) from sessions), (select min(expires_at) from sign_in_links),
    (select min(expires_at) from rate_counts)
);

-- name: remove_sessions(before)!
-- Sessions that ended before then.
delete from sessions where expires_at < :before;

-- name: remove_links(before)!
-- Sign-in links that worked until then.
delete from sign_in_links where expires_at < :before;

-- name: remove_counts(before)!
-- Counts of periods that were over then.
delete from rate_counts where expires_at < :before;

-- name: oldest_action()$
-- The first line of the audit log.
select at from audit_log order by id limit 1;

-- name: allow_removing_actions()$
-- For this transaction the audit log gives lines away.
select set_config('rollcall.audit', 'retention', true);

-- name: remove_actions(before, most)!
-- The first lines of the audit log, as far as they were written before then.
delete from audit_log where id in (
    select id from (select id, at from audit_log order by id limit :most) as first where at < :before
);
