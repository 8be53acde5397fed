-- What the mails say about their import. A row without a policy was put there by a result that came before its import's
-- lifecycle event; its mails wait.
create table imports (
    id uuid primary key,
    policy text check (policy in ('send', 'hold', 'none')),
    experience_id text not null default '',
    experience_name text not null default '',
    file_name text not null default '',
    review_url text not null default '',
    counts jsonb not null default '{}' -- of the finished import, empty until then
);

-- One mail per fact. The id is made of the fact alone, so that the same fact told again meets the mail that is there.
create table emails (
    id text primary key, -- "welcome.<account>.<import>" or "finish.<import>"; the Message-ID before its @
    kind text not null check (kind in ('welcome', 'finish')),
    import_id uuid not null,
    account_id bigint, -- null in finish mails
    row integer not null, -- 0 in finish mails; the place in the queue
    address text not null, -- as written in the source file
    first_name text not null,
    last_name text not null,

    status text not null check (status in ('waiting', 'held', 'queued', 'claimed', 'sending', 'sent', 'failed', 'doubtful')),
    sender uuid, -- the process that claimed it last
    lease_until timestamptz, -- when another process may take it from that one
    attempts integer not null default 0,
    first_attempt_at timestamptz,
    next_attempt_at timestamptz not null default now(),
    settled_at timestamptz, -- sent, failed or doubtful since
    reason text not null default '', -- the mail server's last words, without addresses
    told boolean not null default false -- EmailSettled is published and acknowledged
);
create index emails_to_try on emails (row) where status = 'queued' and attempts = 0;
create index emails_to_try_again on emails (next_attempt_at) where status = 'queued' and attempts > 0;
create index emails_in_hand on emails (lease_until) where status in ('claimed', 'sending');
create index emails_kept_back on emails (import_id) where status in ('waiting', 'held');
create index emails_to_tell on emails (settled_at) where settled_at is not null and not told;
