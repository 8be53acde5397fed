-- name: hold_directory(lock)
-- Wait for the batches under way, and keep new ones waiting until this change is done.
select pg_advisory_xact_lock(:lock);

-- name: insert_account(email_key, email, first_name, last_name)$
-- A new account; no id when there is one already.
insert into accounts (email_key, email, first_name, last_name)
values (:email_key, :email, :first_name, :last_name)
on conflict (email_key) do nothing
returning id;

-- name: delete_account(email_key)$
-- The id of the account that is gone, if there was one.
delete from accounts where email_key = :email_key returning id;

-- name: delete_memberships_of(account_id)
-- All memberships of an account that goes.
delete from memberships where account_id = :account_id returning experience_id::text as experience_id, role;

-- name: insert_membership(account_id, experience_id, role)$
-- A new membership; nothing when it is there already.
insert into memberships (account_id, experience_id, role)
values (:account_id, :experience_id, :role)
on conflict do nothing
returning account_id;

-- name: delete_membership(account_id, experience_id, role)$
-- The account whose membership is gone, if there was one.
delete from memberships
where account_id = :account_id and experience_id = :experience_id and role = :role
returning account_id;

-- name: account_id_of(email_key)$
-- The account of a person.
select id from accounts where email_key = :email_key;

-- name: accounts_to_tell(account_id, limit)
-- The accounts after one.
select id as account_id, email_key from accounts where id > :account_id order by id limit :limit;

-- name: memberships_to_tell(experience_id, account_id, role, limit)
-- The memberships after one, or the first ones.
select m.experience_id::text as experience_id, m.account_id, m.role, a.email_key
from memberships m
join accounts a on a.id = m.account_id
where
    (m.experience_id, m.account_id, m.role)
    > (coalesce(:experience_id::text, '00000000-0000-0000-0000-000000000000')::uuid, :account_id::bigint, :role::text)
order by m.experience_id, m.account_id, m.role
limit :limit;

-- name: moment()$
-- The time, later than everything this transaction has seen or done.
select clock_timestamp();

-- name: account_by_key(email_key)^
-- One account by its owner.
select id, email, first_name, last_name, created_at, created_by_import from accounts where email_key = :email_key;

-- name: account_by_id(account_id)^
-- One account by its number.
select id, email, first_name, last_name, created_at, created_by_import from accounts where id = :account_id;

-- name: accounts_after(after, limit)
-- A page of accounts.
select id, email, first_name, last_name, created_at, created_by_import
from accounts
where id > :after
order by id
limit :limit;

-- name: members_after(experience_id, after_account, after_role, limit)
-- A page of an experience's memberships with the people behind them.
select m.account_id, a.email, a.first_name, a.last_name, m.role, m.created_at, m.created_by_import
from memberships m
join accounts a on a.id = m.account_id
where m.experience_id = :experience_id and (m.account_id, m.role) > (:after_account::bigint, :after_role::text)
order by m.account_id, m.role
limit :limit;
