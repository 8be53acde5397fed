-- name: oldest_seen()$
-- Since when retention knows that the oldest emails are remembered.
select noticed_at from seen_imports order by noticed_at limit 1;

-- name: notice_seen()!
-- Note imports whose emails are remembered, since now; from one import to the next along the index.
insert into seen_imports (import_id)
with recursive found as (
    (select import_id from seen order by import_id limit 1)
    union all
    select (select s.import_id from seen s where s.import_id > found.import_id order by s.import_id limit 1)
    from found where found.import_id is not null
)
select import_id from found where import_id is not null
on conflict do nothing;

-- name: first_seen_before(before)$
-- An import whose emails have been remembered since before then.
select import_id from seen_imports where noticed_at < :before order by noticed_at limit 1;

-- name: remove_seen(import_id, most)!
-- Some emails of an import.
delete from seen where ctid = any(array(select ctid from seen where import_id = :import_id limit :most));

-- name: remove_noticed(import_id)!
-- Nothing of this import is remembered any more.
delete from seen_imports where import_id = :import_id;

-- name: oldest_mark()$
-- Since when the oldest import is over for us.
select forgotten_at from forgotten_imports order by forgotten_at limit 1;

-- name: remove_marks(before, most)!
-- Marks of imports of which no row can come any more.
delete from forgotten_imports where import_id in (
    select import_id from forgotten_imports where forgotten_at < :before order by forgotten_at limit :most
);

-- name: oldest_gone()$
-- Since when the oldest account or membership is known to be gone.
select least(
    (select changed_at from known_accounts where not present order by changed_at limit 1),
    (select changed_at from known_memberships where not present order by changed_at limit 1)
);

-- name: accounts_gone(before, most)
-- Accounts that are gone since before then.
select email_key, changed_at from known_accounts where not present and changed_at < :before order by changed_at limit :most;

-- name: remove_memberships_with(email_keys, gone_at)!
-- What went with these accounts, in every experience; from one experience to the next along the index.
with recursive experiences as (
    (select experience_id from known_memberships order by experience_id limit 1)
    union all
    select (
        select m.experience_id from known_memberships m where m.experience_id > e.experience_id order by m.experience_id limit 1
    )
    from experiences e where e.experience_id is not null
)
delete from known_memberships m
using experiences e cross join unnest(:email_keys::text[], :gone_at::timestamptz[]) as gone (email_key, at)
where m.experience_id = e.experience_id and m.email_key = gone.email_key and m.changed_at <= gone.at;

-- name: remove_accounts_gone(email_keys, before)!
-- What is known of accounts that are gone.
delete from known_accounts where email_key = any(:email_keys::text[]) and not present and changed_at < :before;

-- name: remove_memberships_gone(before, most)!
-- What is known of memberships that are gone.
delete from known_memberships where ctid = any(array(
    select ctid from known_memberships where not present and changed_at < :before order by changed_at limit :most
));
