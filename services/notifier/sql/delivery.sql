-- name: claim(most, sender, lease)
-- Take mails that are due: those tried before first, then by row, so that the tenth mail of a small import does not wait
-- for the last one of a large import, and finish mails (row 0) wait for nobody.
with again as (
    select id from emails where status = 'queued' and attempts > 0 and next_attempt_at <= now()
    order by next_attempt_at limit :most for update skip locked
), fresh as (
    select id from emails where status = 'queued' and attempts = 0
    order by row limit :most for update skip locked
), claimed as (
    update emails set status = 'claimed', sender = :sender, lease_until = now() + :lease::interval
    where id in (select id from again union all select id from fresh)
    returning *
)
select claimed.id, kind, import_id::text, account_id, row, address, first_name, last_name, attempts,
    extract(epoch from now() - coalesce(first_attempt_at, now()))::float8 as tried_for,
    experience_id, experience_name, file_name, review_url, counts
from claimed join imports on imports.id = claimed.import_id
order by attempts = 0, row;

-- name: start_sending(id, sender)$
-- Note that a mail is about to be handed over; null when its lease has run out and it is not ours any more.
update emails set status = 'sending', first_attempt_at = coalesce(first_attempt_at, now())
where id = :id and sender = :sender and status in ('claimed', 'sending')
returning id;

-- name: settle(ids, statuses, reasons, pauses, sender)!
-- Write down what the mail server said. A mail called doubtful because its lease ran out may still be settled by its sender.
update emails set
    status = answer.status,
    reason = answer.reason,
    attempts = attempts + 1,
    next_attempt_at = now() + make_interval(secs => answer.pause),
    settled_at = case when answer.status = 'queued' then null else clock_timestamp() end,
    told = false
from unnest(:ids::text[], :statuses::text[], :reasons::text[], :pauses::float8[]) as answer (id, status, reason, pause)
where emails.id = answer.id and emails.sender = :sender and emails.status in ('claimed', 'sending', 'doubtful');

-- name: give_back(sender)!
-- Put claimed mails that were not tried back in the queue.
update emails set status = 'queued' where sender = :sender and status = 'claimed';

-- name: renew_leases(lease, ids, sender)!
-- Keep what this process has in hand.
update emails set lease_until = now() + :lease::interval
where id = any(:ids::text[]) and sender = :sender and status in ('claimed', 'sending');

-- name: take_back(reason)
-- End the leases of processes that are gone. What they only had claimed is queued again; what they were handing over may
-- have arrived, so it is doubtful and nobody sends it again by itself.
with late as (
    select id, status from emails where status in ('claimed', 'sending') and lease_until < now() for update skip locked
)
update emails set
    status = case late.status when 'claimed' then 'queued' else 'doubtful' end,
    reason = case late.status when 'claimed' then '' else :reason end,
    settled_at = case late.status when 'claimed' then null else clock_timestamp() end,
    told = false
from late where emails.id = late.id
returning emails.kind, emails.status;

-- name: to_tell(most)
-- Settled mails that nobody was told of, oldest first.
select id, kind, import_id::text, account_id, row, status, reason, settled_at from emails
where settled_at is not null and not told order by settled_at limit :most;

-- name: tell_again(ids)!
-- Have settled mails told once more. One that is locked is being told, or will be told once it is settled anew.
update emails set told = false
where id in (
    select id from emails where id = any(:ids::text[]) and settled_at is not null and told for update skip locked
);

-- name: mark_told(ids, times)!
-- Remember what is published, unless a mail was settled anew meanwhile.
update emails set told = true
from unnest(:ids::text[], :times::timestamptz[]) as told (id, settled_at)
where emails.id = told.id and emails.settled_at = told.settled_at;
