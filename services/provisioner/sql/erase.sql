-- name: last_row(import_id)$
-- The last row of an import that was answered.
select row from results where import_id = :import_id order by row desc limit 1;

-- name: answers_with(import_id, after, upto, texts)
-- Answers between two rows that have one of these texts in them.
select import_id, row, event from results
where import_id = :import_id and row > :after and row <= :upto
    and exists (select from unnest(:texts::bytea[]) as t (text) where position(t.text in event) > 0);

-- name: replace_answer(import_id, row, event)!
-- From now on this is answered.
update results set event = :event where import_id = :import_id and row = :row;

-- name: places_of(email_key)
-- Where a person is what; from one experience to the next along the index.
with recursive experiences as (
    (select experience_id from memberships order by experience_id limit 1)
    union all
    select (select m.experience_id from memberships m where m.experience_id > e.experience_id order by m.experience_id limit 1)
    from experiences e where e.experience_id is not null
)
select m.experience_id::text as experience_id, m.role
from accounts a
cross join experiences e
join memberships m on m.experience_id = e.experience_id and m.account_id = a.id
where a.email_key = :email_key;
