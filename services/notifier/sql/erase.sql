-- name: mail_at(after, place)$
-- The id of the mail so many places behind one.
select id from emails where id > :after order by id offset :place limit 1;

-- name: mails_perhaps_to(after, upto, key)
-- Mails between two whose address is this one, or is not written in plain letters. Finish mails are for who administers.
select id, address from emails
where id > :after and (:upto::text is null or id <= :upto)
    and (kind = 'welcome' or settled_at is not null)
    and (lower(btrim(address)) = :key or octet_length(address) <> char_length(address));

-- name: erase_mails(ids, reason)!
-- Forget to whom these went; those that did not go do not go any more. What is being sent now is left.
update emails set
    address = '', first_name = '', last_name = '',
    reason = case when settled_at is null then :reason else reason end,
    told = case when settled_at is null then false else told end,
    status = case when settled_at is null then 'failed' else status end,
    settled_at = coalesce(settled_at, clock_timestamp())
where id = any(:ids::text[]) and status not in ('claimed', 'sending');

-- name: expect_no_mail(ids, import_ids, account_ids, rows, reason)!
-- Settle mails that were not asked for yet.
insert into emails (id, kind, import_id, account_id, row, address, first_name, last_name, status, settled_at, reason, told)
select t.id, 'welcome', t.import_id, t.account_id, t.row, '', '', '', 'failed', clock_timestamp(), :reason, true
from unnest(:ids::text[], :import_ids::uuid[], :account_ids::bigint[], :rows::int[]) as t (id, import_id, account_id, row)
on conflict do nothing;
