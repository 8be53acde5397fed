-- name: forgotten(import_ids)
-- Which of these imports are over for us.
select import_id::text as import_id from forgotten_imports where import_id = any(:import_ids::uuid[]);

-- name: seen_rows(import_id, keys)
-- The rows of one import that had these emails first.
select key, row from seen where import_id = :import_id and key = any(:keys::bytea[]);

-- name: remember_if_new(import_ids, keys, rows)!
-- Note first rows where another process may have noted some meanwhile; sorted, so that two processes never wait in a ring.
insert into seen (import_id, key, row)
select * from unnest(:import_ids::uuid[], :keys::bytea[], :rows::integer[]) as candidate (import_id, key, row)
order by import_id, key
on conflict do nothing;

-- name: mark_forgotten(import_ids)!
-- From now on these imports are over.
insert into forgotten_imports (import_id)
select unnest(:import_ids::uuid[])
order by 1
on conflict do nothing;

-- name: forget_emails(import_ids)!
-- The emails seen of imports that are over.
delete from seen where import_id = any(:import_ids::uuid[]);
