-- name: claim_webhooks(owner, lease_seconds, most, held)
-- Take webhooks for which something is due and that nobody has; those that this process has it does not take anew, however
-- late it is. Goes from webhook to webhook along the index of what waits, so that a long queue of one costs the same as a
-- short one.
with recursive firsts as (
    (
        select webhook_id, next_at from webhook_deliveries
        where status = 'waiting' order by webhook_id, next_at limit 1
    )
    union all
    select following.webhook_id, following.next_at from firsts cross join lateral (
        select webhook_id, next_at from webhook_deliveries
        where status = 'waiting' and webhook_id > firsts.webhook_id order by webhook_id, next_at limit 1
    ) as following
), due as (
    select w.id from firsts join webhooks w on w.id = firsts.webhook_id
    where firsts.next_at <= now() and (w.lease_until is null or w.lease_until < now())
        and w.id <> all(:held::uuid[])
    order by firsts.next_at limit :most for no key update of w skip locked
)
update webhooks set lease_owner = :owner, lease_until = now() + make_interval(secs => :lease_seconds)
from due where webhooks.id = due.id
returning webhooks.id;

-- name: next_delivery(id, owner, lease_seconds)^
-- What is due for a webhook, with what it takes to send it, under a lease that begins anew; nothing when nothing is due or
-- the lease is another's.
with held as (
    update webhooks set lease_until = now() + make_interval(secs => :lease_seconds)
    where id = :id and lease_owner = :owner
    returning *
)
select
    d.id, d.webhook_id, d.event_id, d.type, d.body, d.attempts, held.url, held.secret, held.off_since is not null as is_off,
    case when held.old_secret_until > now() then held.old_secret end as old_secret,
    extract(epoch from now() - d.created_at)::float8 as waited
from held cross join lateral (
    select * from webhook_deliveries
    where webhook_id = held.id and status = 'waiting' and next_at <= now() order by next_at limit 1
) as d;

-- name: release_webhook(id, owner, rest_seconds)!
-- Others may take it, after a rest.
update webhooks set lease_owner = null, lease_until = now() + make_interval(secs => :rest_seconds)
where id = :id and lease_owner = :owner;

-- name: release_webhooks(owner)!
-- This process stops: let others go on at once.
update webhooks set lease_owner = null, lease_until = null where lease_owner = :owner;

-- name: lock_webhook(id)$
-- Before its deliveries, always: the same order everywhere.
select id from webhooks where id = :id for no key update;

-- name: settle_delivery(id, attempts, status, pause)^
-- Write down what became of an attempt; nothing when somebody else already did.
update webhook_deliveries set
    status = :status, attempts = attempts + 1, next_at = now() + make_interval(secs => :pause)
where id = :id and status = 'waiting' and attempts = :attempts
returning next_at;

-- name: note_attempt(webhook_id, event_id, type, http_status, error, next_at)!
-- A line of the delivery log.
insert into webhook_attempts (webhook_id, event_id, type, http_status, error, next_at)
values (:webhook_id, :event_id, :type, :http_status, :error, :next_at);

-- name: note_success(id)!
-- It works.
update webhooks set failing_since = null where id = :id and failing_since is not null;

-- name: note_failure(id, days)$
-- It does not; answers whether it has not for so many days.
update webhooks set failing_since = coalesce(failing_since, now()) where id = :id
returning failing_since < now() - make_interval(days => :days);

-- name: trim_attempts(id, keep)!
-- The log keeps the newest.
delete from webhook_attempts where webhook_id = :id and id <= (
    select id from webhook_attempts where webhook_id = :id order by id desc offset :keep limit 1
);

-- name: trim_deliveries(id, keep)!
-- Of those that are settled the newest are kept.
delete from webhook_deliveries where webhook_id = :id and status <> 'waiting' and id <= (
    select id from webhook_deliveries
    where webhook_id = :id and status <> 'waiting' order by id desc offset :keep limit 1
);

-- name: waiting_ages()^
-- In seconds, 0 when there is none: the age of the oldest delivery that waits, and how late the one is that is due longest.
with recursive firsts as (
    (
        select webhook_id, next_at from webhook_deliveries
        where status = 'waiting' order by webhook_id, next_at limit 1
    )
    union all
    select following.webhook_id, following.next_at from firsts cross join lateral (
        select webhook_id, next_at from webhook_deliveries
        where status = 'waiting' and webhook_id > firsts.webhook_id order by webhook_id, next_at limit 1
    ) as following
)
select
    coalesce((
        select extract(epoch from now() - created_at)::float8 from webhook_deliveries
        where status = 'waiting' order by created_at limit 1
    ), 0.0) as oldest,
    coalesce(greatest((select extract(epoch from now() - min(next_at))::float8 from firsts), 0.0), 0.0) as late;
