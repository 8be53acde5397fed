-- name: oldest_address()$
-- Since when the first mail is settled that still says to whom it went.
select settled_at from emails where settled_at is not null and address <> '' order by settled_at limit 1;

-- name: remove_addresses(before, most)!
-- Forget to whom some mails went. That they went stays known, so that the same fact told again sends none.
update emails set address = '', first_name = '', last_name = ''
where id in (
    select id from emails where settled_at is not null and address <> '' and settled_at < :before
    order by settled_at limit :most
    for update skip locked
);

-- name: oldest_never_sent()$
-- Since when the first mail is kept back.
select next_attempt_at from emails where status in ('waiting', 'held') order by next_attempt_at limit 1;

-- name: end_never_sent(before, most, reason)!
-- Mails that were kept back since before then are not sent any more.
update emails set
    status = 'failed', reason = :reason, address = '', first_name = '', last_name = '',
    settled_at = clock_timestamp(), told = false
where id in (
    select id from emails where status in ('waiting', 'held') and next_attempt_at < :before
    order by next_attempt_at limit :most
    for update skip locked
);
