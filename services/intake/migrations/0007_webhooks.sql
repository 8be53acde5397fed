-- Addresses that an experience's administrators want to be called, what waits to be sent there, and what became of each try.
create table webhooks (
    id uuid primary key default gen_random_uuid(),
    experience_id uuid not null references experiences,
    url text not null,
    events text[] not null, -- import.ready, import.completed
    secret text not null, -- signs; not a hash, because it must be known to sign with
    old_secret text, -- signs too, for a while after a new one was made
    old_secret_until timestamptz,
    created_at timestamptz not null default now(),
    off_since timestamptz, -- null: it is on
    off_reason text check (off_reason in ('person', 'gone', 'failing')),
    failing_since timestamptz, -- the first failure with no success after it
    -- sending: one process at a time sends to a webhook, one delivery after the other
    lease_owner uuid,
    lease_until timestamptz,
    check ((off_since is null) = (off_reason is null))
);
create index webhooks_of_experience on webhooks (experience_id, created_at, id);

create table webhook_deliveries (
    id bigint generated always as identity primary key,
    webhook_id uuid not null references webhooks on delete cascade,
    event_id text not null, -- what receivers know it by
    type text not null, -- import.ready, import.completed, webhook.test
    body text not null, -- as it is signed and sent
    status text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed')),
    attempts integer not null default 0,
    created_at timestamptz not null default now(),
    next_at timestamptz not null default now(), -- of one that waits: when it is tried next
    unique (webhook_id, event_id)
);
create index webhook_deliveries_waiting on webhook_deliveries (webhook_id, next_at) where status = 'waiting';
create index webhook_deliveries_oldest on webhook_deliveries (created_at) where status = 'waiting';
create index webhook_deliveries_settled on webhook_deliveries (webhook_id, id) where status <> 'waiting';

create table webhook_attempts (
    id bigint generated always as identity primary key,
    webhook_id uuid not null references webhooks on delete cascade,
    event_id text not null,
    type text not null,
    at timestamptz not null default now(),
    http_status integer, -- null: there was no answer
    error text, -- why not, or why the answer is none
    next_at timestamptz -- null: it was the last one
);
create index webhook_attempts_newest on webhook_attempts (webhook_id, id);
