-- name: imports_to_review(email_key)
-- How many imports wait for a review, for each experience that this person administers.
select i.experience_id, count(*) as imports
from administrators a join imports i on i.experience_id = a.experience_id and i.status = 'ready'
where a.email_key = :email_key group by i.experience_id;

-- name: problems_found(import_id, codes)
-- Which of these problems the check found in an import; a look into the index for each.
select c.code from unnest(cast(:codes as text[])) as c(code)
where exists (select 1 from record_problems p where p.import_id = :import_id and p.code = c.code);

-- name: file_names(ids)
-- What the files of these imports are called.
select id, file_name as name from imports where id = any(cast(:ids as uuid[]));

-- name: experience_names(ids)
-- What these experiences are called.
select id, name from experiences where id = any(cast(:ids as uuid[]));
