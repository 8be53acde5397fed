-- name: known_people(experience_id, email_keys)
-- Who of these people has an account, and who is a learner of the experience. An account that went away after a membership
-- was made took it along.
select email_key, false as learner from known_accounts where email_key = any(:email_keys::text[]) and present
union all
select m.email_key, true
from known_memberships m
where m.experience_id = :experience_id and m.email_key = any(:email_keys::text[]) and m.present
and not exists (
    select from known_accounts a where a.email_key = m.email_key and not a.present and a.changed_at >= m.changed_at
);

-- name: account_facts(email_keys)
-- What was known of these accounts.
select email_key, present, changed_at from known_accounts where email_key = any(:email_keys::text[]);

-- name: membership_facts(experience_id, email_keys)
-- What was known of these people's memberships in one experience.
select email_key, present, changed_at
from known_memberships
where experience_id = :experience_id and email_key = any(:email_keys::text[]);

-- name: learn_accounts(email_keys, present, changed_at)!
-- Newer facts replace older ones; at the same instant "gone" wins, so that the order of arrival never matters.
insert into known_accounts as known (email_key, present, changed_at)
select * from unnest(:email_keys::text[], :present::boolean[], :changed_at::timestamptz[]) as fact (email_key, present, at)
order by email_key
on conflict (email_key) do update set present = excluded.present, changed_at = excluded.changed_at
where (excluded.changed_at, not excluded.present) > (known.changed_at, not known.present);

-- name: learn_memberships(experience_ids, email_keys, present, changed_at)!
-- The same for memberships.
insert into known_memberships as known (experience_id, email_key, present, changed_at)
select *
from unnest(:experience_ids::uuid[], :email_keys::text[], :present::boolean[], :changed_at::timestamptz[])
    as fact (experience_id, email_key, present, at)
order by experience_id, email_key
on conflict (experience_id, email_key) do update set present = excluded.present, changed_at = excluded.changed_at
where (excluded.changed_at, not excluded.present) > (known.changed_at, not known.present);
