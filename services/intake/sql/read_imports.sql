-- name: import_for(import_id, email_key)^
-- An import, if this person administers its experience.
select i.* from imports i
join administrators a on a.experience_id = i.experience_id and a.email_key = :email_key
where i.id = :import_id;

-- name: import_by_id(import_id)^
-- An import, for those who were let in already.
select * from imports where id = :import_id;

-- name: import_by_key(experience_id, submitted_by, idempotency_key)$
-- The import that this person submitted under this idempotency key.
select id from imports
where experience_id = :experience_id and submitted_by = :submitted_by and idempotency_key = :idempotency_key;

-- name: newest_imports(experience_id, limit)
-- The first page of an experience's imports.
select * from imports where experience_id = :experience_id order by submitted_at desc, id limit :limit;

-- name: older_imports(experience_id, after, limit)
-- The page after an import.
select i.* from imports last join imports i on i.experience_id = last.experience_id
where last.id = :after and last.experience_id = :experience_id
    and i.submitted_at <= last.submitted_at and (i.submitted_at < last.submitted_at or i.id > last.id)
order by i.submitted_at desc, i.id limit :limit;
