-- name: imports_to_search()
-- All imports that may say something of somebody.
select id, status, read_row, detected::text as detected, problems::text as problems, moved_at, file_gone_at
from imports where records_left or file_gone_at is null order by submitted_at;

-- name: import_to_search(id)^
-- What is said of the file of an import, which stays so until the transaction ends.
select detected::text as detected, problems::text as problems from imports where id = :id for update;

-- name: records_perhaps_about(import_id, after, upto, key, likes)
-- Records between two rows that are about somebody, or whose cells look as if they named them.
select row, email_key, cells from records
where import_id = :import_id and row > :after and row <= :upto
    and (email_key = :key or lower(cells::text) like any(:likes::text[]))
order by row;

-- name: records_to_erase(import_id, rows)
-- These records, which nobody changes until the transaction ends.
select row, email_key, cells, values, problems from records
where import_id = :import_id and row = any(:rows::int[]) order by row for update;

-- name: replace_record(import_id, row, email_key, cells, vals, problems)!
-- What is left of a record.
update records set email_key = :email_key, cells = :cells::json, values = :vals::json, problems = :problems::json
where import_id = :import_id and row = :row;

-- name: remove_words_of(import_id, row, words)!
-- A record is not found by these words any more.
delete from record_words where import_id = :import_id and word = any(:words::text[]) and row = :row;

-- name: mark_erased(import_id, rows)!
-- Let these records be found as erased.
insert into record_problems (import_id, code, row)
select :import_id, 'person.erased', * from unnest(:rows::int[]) on conflict do nothing;

-- name: replace_words_of_file(id, detected, problems)!
-- What is said of a file.
update imports set detected = :detected::text::jsonb, problems = :problems::text::jsonb where id = :id;

-- name: files_of(ids)
-- Where source files are, how they are called, and since when their imports are over.
select id, file_path, coalesce(finished_at, cancelled_at, submitted_at) as over_at from imports
where id = any(:ids::uuid[]) and file_gone_at is null order by submitted_at;

-- name: note_files_gone(ids)!
-- These source files are removed.
update imports set file_gone_at = now() where id = any(:ids::uuid[]);

-- name: days_of(what)$
-- For how many days something is kept, as retention applies it.
select days from retention where what = :what;

-- name: secret()$
-- What hashes of erased addresses are keyed with.
select key from signing_keys limit 1;

-- name: erased_before(about)
-- From which imports a person was erased, and when.
select import_id, max(at) as at from audit_log where action = 'person.erased' and about = :about group by import_id;

-- name: actions_of(key)^
-- How often somebody stands in the audit log, and the last time.
select count(*) as actions, max(at) as last from audit_log where email_key = :key or person = :key;

-- name: user_of(key)^
-- What somebody may do, and whether they are busy with it.
select
    u.platform_administrator,
    (select count(*) from administrators a where a.email_key = u.email_key) as experiences,
    (select count(*) from api_tokens t where t.email_key = u.email_key) as tokens,
    (
        select count(*) from administrators a where a.email_key = u.email_key and not exists (
            select 1 from administrators b where b.experience_id = a.experience_id and b.email_key <> a.email_key
        )
    ) as alone,
    (
        select count(*) from imports i
        where i.status not in ('finished', 'rejected', 'cancelled') and u.email_key in (i.submitted_by, i.started_by)
    ) as at_work
from users u where u.email_key = :key;

-- name: add_nobody(name)!
-- Somebody in whose name an erased person's imports stay.
insert into users (email_key, email) values (:name, :name) on conflict do nothing;

-- name: rename_in_imports(key, name)!
-- Who submitted, ran, cancelled or released is called otherwise.
update imports set
    submitted_by = case submitted_by when :key then :name else submitted_by end,
    started_by = case started_by when :key then :name else started_by end,
    cancelled_by = case cancelled_by when :key then :name else cancelled_by end,
    emails_released_by = case emails_released_by when :key then :name else emails_released_by end
where :key in (submitted_by, started_by, cancelled_by, emails_released_by);

-- name: remove_user(key)!
-- Nobody signs in or calls the API as this person any more.
with appointments as (delete from administrators where email_key = :key),
tokens as (delete from api_tokens where email_key = :key),
opened as (delete from sessions where email_key = :key)
delete from sign_in_links where email_key = :key;

-- name: forget_user(key)!
-- The person is not known any more.
delete from users where email_key = :key;
