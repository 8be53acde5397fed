-- name: policies(ids)
-- What the imports of a batch do with their welcome mails; an import that is not known yet is missing or has null.
select id, policy_now as policy from imports where id = any(:ids::uuid[]);

-- name: expect_imports(ids)!
-- Leave a row for imports that are not known yet, so that their lifecycle event must wait for this transaction.
insert into imports (id) select unnest(:ids::uuid[]) order by 1 on conflict do nothing;

-- name: policies_locked(ids)
-- The policies again, kept as they are until this transaction ends.
select id, policy_now as policy from imports where id = any(:ids::uuid[]) order by id for share;

-- name: add_mails(ids, kinds, import_ids, account_ids, rows, addresses, first_names, last_names, statuses)!
-- Queue mails, of which some may be there already.
insert into emails (id, kind, import_id, account_id, row, address, first_name, last_name, status)
select * from unnest(:ids::text[], :kinds::text[], :import_ids::uuid[], :account_ids::bigint[], :rows::int[],
    :addresses::text[], :first_names::text[], :last_names::text[], :statuses::text[])
on conflict do nothing;

-- name: keep_facts(id, policy, experience_id, experience_name, file_name, review_url, counts, released)*!
-- Keep what an import is about. Counts come with its completion and stay when an earlier turn is told again; so does that
-- its mails were released.
insert into imports (id, policy, experience_id, experience_name, file_name, review_url, counts, released)
values (:id, :policy, :experience_id, :experience_name, :file_name, :review_url, :counts::jsonb, :released)
on conflict (id) do update set
    policy = excluded.policy,
    experience_id = excluded.experience_id,
    experience_name = excluded.experience_name,
    file_name = excluded.file_name,
    review_url = case when excluded.review_url = '' then imports.review_url else excluded.review_url end,
    counts = case when excluded.counts = '{}' then imports.counts else excluded.counts end,
    released = imports.released or excluded.released;

-- name: end_waiting(ids)!
-- Queue or hold the mails that waited for their import to be known.
update emails set status = case imports.policy_now when 'send' then 'queued' else 'held' end, next_attempt_at = now()
from imports
where imports.id = any(:ids::uuid[]) and imports.policy in ('send', 'hold')
    and emails.import_id = imports.id and emails.status = 'waiting';

-- name: drop_unwanted(ids)!
-- Forget the waiting mails of imports that send none.
delete from emails using imports
where imports.id = any(:ids::uuid[]) and imports.policy = 'none'
    and emails.import_id = imports.id and emails.status = 'waiting';

-- name: release_held(import_id, most)!
-- Queue some of the welcome mails that an import holds back.
update emails set status = 'queued', next_attempt_at = now()
where id in (select id from emails where import_id = :import_id and status = 'held' limit :most);

-- name: note_resend(id, import_id)$
-- Up to when mails had failed when it was first asked for them again, by this event.
insert into resends (id, import_id) values (:id, :import_id) on conflict (id) do update set id = excluded.id returning upto;

-- name: fail_again(import_id, upto)!
-- Of those that had failed by then, the ones of which nobody knows any more to whom they go have failed once more.
update emails set settled_at = clock_timestamp(), told = false
where import_id = :import_id and status = 'failed' and settled_at <= :upto and kind = 'welcome' and address = '';

-- name: queue_failed(import_id, upto, most)!
-- Queue some of the welcome mails again that had failed by then, as if they had not been tried yet.
update emails set
    status = 'queued', attempts = 0, first_attempt_at = null, next_attempt_at = now(),
    settled_at = null, told = false, reason = ''
where id in (
    select id from emails
    where import_id = :import_id and status = 'failed' and settled_at <= :upto and kind = 'welcome'
    limit :most
);
