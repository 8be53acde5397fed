-- name: actions(since, after, limit)
-- What was done, newest first.
select id, at, email_key as who, action, import_id, experience_id, person, about from audit_log
where id < :after and (:since::timestamptz is null or at >= :since)
order by id desc limit :limit;

-- name: actions_of_person(who, since, after, limit)
-- What somebody did.
select id, at, email_key as who, action, import_id, experience_id, person, about from audit_log
where email_key = :who and id < :after and (:since::timestamptz is null or at >= :since)
order by id desc limit :limit;

-- name: actions_in_experience(experience_id, who, since, after, limit)
-- What was done in an experience.
select id, at, email_key as who, action, import_id, experience_id, person, about from audit_log
where experience_id = :experience_id
    and id < :after and (:who::text is null or email_key = :who) and (:since::timestamptz is null or at >= :since)
order by id desc limit :limit;

-- name: actions_on_import(import_id, experience_id, who, since, after, limit)
-- What was done with an import.
select id, at, email_key as who, action, import_id, experience_id, person, about from audit_log
where import_id = :import_id and (:experience_id::uuid is null or experience_id = :experience_id)
    and id < :after and (:who::text is null or email_key = :who) and (:since::timestamptz is null or at >= :since)
order by id desc limit :limit;
