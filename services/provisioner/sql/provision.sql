-- name: share_directory(lock)
-- Batches hold the directory together; a change by hand waits for them and they for it.
select pg_advisory_xact_lock_shared(:lock);

-- name: moment_and_cancelled(import_ids)^
-- The time of this batch, and which of its imports are being cancelled.
select
    clock_timestamp() as moment,
    array(select import_id::text from cancelled_imports where import_id = any(:import_ids::uuid[])) as cancelled;

-- name: known_people(experience_ids, email_keys)
-- Which of these people have an account, and in which of these experiences they are learners.
-- (`offset 0` keeps it a look-up per person: joined freely, all members of an experience would be walked through.)
select a.email_key, a.id, m.experience_id::text as experience_id
from accounts a
left join lateral (
    select experience_id from memberships
    where experience_id = any(:experience_ids::uuid[]) and account_id = a.id and role = 'learner'
    offset 0
) m on true
where a.email_key = any(:email_keys::text[]);

-- name: take_account_ids(count)$
-- Numbers for so many new accounts.
select array(select nextval('account_ids') from generate_series(1, :count::int));

-- name: add_accounts(email_keys, emails, first_names, last_names, import_ids)
-- Accounts for those who have none, in an order that all writers keep, so that they never deadlock.
insert into accounts (id, email_key, email, first_name, last_name, created_by_import)
select nextval('account_ids'), p.email_key, p.email, p.first_name, p.last_name, p.import_id
from unnest(:email_keys::text[], :emails::text[], :first_names::text[], :last_names::text[], :import_ids::uuid[])
    as p (email_key, email, first_name, last_name, import_id)
order by p.email_key collate "C"
on conflict (email_key) do nothing
returning email_key, id;

-- name: add_memberships(account_ids, experience_ids, import_ids)
-- Learner memberships that do not exist yet, in the same order everywhere.
insert into memberships (account_id, experience_id, created_by_import)
select p.account_id, p.experience_id, p.import_id
from unnest(:account_ids::bigint[], :experience_ids::uuid[], :import_ids::uuid[])
    as p (account_id, experience_id, import_id)
order by p.account_id, p.experience_id
on conflict do nothing
returning account_id, experience_id::text as experience_id;

-- name: stored_results(import_ids, rows)
-- What was answered before for these records.
select r.import_id::text as import_id, r.row, r.event
from unnest(:import_ids::uuid[], :rows::int[]) as asked (import_id, row)
join results r on r.import_id = asked.import_id and r.row = asked.row;

-- name: remember_cancelled(import_ids)!
-- Approvals of these imports that come from now on are skipped.
insert into cancelled_imports (import_id) select unnest(:import_ids::uuid[]) order by 1 on conflict do nothing;
