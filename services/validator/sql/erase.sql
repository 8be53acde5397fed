-- name: forget_email(key)!
-- An email seen, in every import; from one import to the next along the index.
with recursive found as (
    (select import_id from seen order by import_id limit 1)
    union all
    select (select s.import_id from seen s where s.import_id > found.import_id order by s.import_id limit 1)
    from found where found.import_id is not null
)
delete from seen using found where seen.import_id = found.import_id and seen.key = :key;

-- name: experiences_of(email_key)
-- Where a person is known as a learner, or known not to be one any more; from one experience to the next along the index.
with recursive experiences as (
    (select experience_id from known_memberships order by experience_id limit 1)
    union all
    select (
        select m.experience_id from known_memberships m where m.experience_id > e.experience_id order by m.experience_id limit 1
    )
    from experiences e where e.experience_id is not null
)
select m.experience_id::text as experience_id
from experiences e
join known_memberships m on m.experience_id = e.experience_id and m.email_key = :email_key;

-- name: say_gone(email_key, experience_ids)!
-- Of whoever has no account nothing is there.
with memberships as (
    update known_memberships set present = false, changed_at = now()
    where experience_id = any(:experience_ids::uuid[]) and email_key = :email_key and present
)
update known_accounts set present = false, changed_at = now() where email_key = :email_key and present;

-- name: fact_of_account(email_key)^
-- What is known of a person's account.
select present, changed_at from known_accounts where email_key = :email_key;

-- name: days_of(what)$
-- For how many days something is kept, as retention applies it.
select days from retention where what = :what;
