-- name: add_webhook(experience_id, url, events, secret, most)$
-- A webhook of an experience that has not too many; answers its id.
insert into webhooks (experience_id, url, events, secret)
select :experience_id, :url, :events, :secret
where (select count(*) from webhooks where experience_id = :experience_id) < :most
returning id;

-- name: webhooks_of(experience_id)
-- An experience's webhooks, oldest first.
select id, url, events, created_at, off_since, off_reason, failing_since, old_secret_until
from webhooks where experience_id = :experience_id order by created_at, id;

-- name: webhook_of(experience_id, id)^
-- One of them.
select id, url, events, created_at, off_since, off_reason, failing_since, old_secret_until
from webhooks where experience_id = :experience_id and id = :id;

-- name: delete_webhook(id)$
-- With all that waits for it and its log.
delete from webhooks where id = :id returning id;

-- name: replace_secret(id, secret, hours)!
-- A new secret; the one before signs too, for a while.
update webhooks set old_secret = secret, old_secret_until = now() + make_interval(hours => :hours), secret = :secret
where id = :id;

-- name: switch_on(id)$
-- Call it again, as if nothing had failed.
update webhooks set off_since = null, off_reason = null, failing_since = null
where id = :id and off_since is not null returning id;

-- name: switch_off(id, reason)$
-- Call it no more.
update webhooks set off_since = now(), off_reason = :reason where id = :id and off_since is null returning id;

-- name: give_up(id)!
-- What waits for a webhook that is off will not be sent.
update webhook_deliveries set status = 'failed' where webhook_id = :id and status = 'waiting';

-- name: newest_attempts(id, most)
-- The delivery log, newest first.
select event_id, type, at, http_status, error, next_at, exists (
    select from webhook_deliveries d where d.webhook_id = a.webhook_id and d.event_id = a.event_id
) as kept
from webhook_attempts a where webhook_id = :id order by id desc limit :most;

-- name: waiting_deliveries(id, most)$
-- How many wait, counted up to `most`.
select count(*) from (select from webhook_deliveries where webhook_id = :id and status = 'waiting' limit :most) as n;

-- name: queue_for_experience(experience_id, event_id, type, body)!
-- An event for each webhook of the experience that wants its kind. Webhooks are locked against deletion until the event is
-- written; one that is being deleted is waited for, and left out.
insert into webhook_deliveries (webhook_id, event_id, type, body)
select id, :event_id, :type, :body from webhooks
where experience_id = :experience_id and off_since is null and :type = any(events)
for key share
on conflict (webhook_id, event_id) do nothing;

-- name: queue_test(id, event_id, type, body)$
-- A test, unless the webhook is off or another test waits.
insert into webhook_deliveries (webhook_id, event_id, type, body)
select id, :event_id, :type, :body from webhooks
where id = :id and off_since is null and not exists (
    select 1 from webhook_deliveries d where d.webhook_id = :id and d.status = 'waiting' and d.type = :type
)
for key share
returning id;

-- name: lock_webhook_that_is_on(id)$
-- Before its deliveries, always.
select id from webhooks where id = :id and off_since is null for no key update;

-- name: deliver_again(id, event_id)$
-- Send it now. What was settled begins anew, with its days to be tried; its attempts are counted on, so that whoever is still
-- at an earlier one settles nothing.
update webhook_deliveries set
    status = 'waiting', next_at = now(), created_at = case when status = 'waiting' then created_at else now() end
where webhook_id = :id and event_id = :event_id
returning id;
