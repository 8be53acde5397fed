-- Who may do what.
create table experiences (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    created_at timestamptz not null default now()
);
create table users (
    email_key text primary key, -- identity
    email text not null, -- as the person writes it
    platform_administrator boolean not null default false,
    created_at timestamptz not null default now()
);
create table administrators (
    experience_id uuid not null references experiences,
    email_key text not null references users,
    appointed_at timestamptz not null default now(),
    primary key (experience_id, email_key)
);
create index administrators_by_person on administrators (email_key);
create table api_tokens (
    id uuid primary key default gen_random_uuid(),
    email_key text not null references users,
    name text not null,
    hash bytea not null unique, -- SHA-256 of the token; the token itself is shown once and not kept
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    email_key text not null,
    action text not null, -- import.submitted, import.run, import.cancelled, records.downloaded, ...
    import_id uuid,
    experience_id uuid
);

-- One uploaded file and all that becomes of it. Counters move in the transaction of the records they count.
create table imports (
    id uuid primary key,
    experience_id uuid not null references experiences,
    type text not null,
    status text not null check (status in
        ('submitted', 'preprocessing', 'ready', 'running', 'cancelling', 'finished', 'rejected', 'cancelled')),
    emails text not null check (emails in ('send', 'hold', 'none')),
    idempotency_key text,
    same_as uuid references imports, -- the newest earlier import of the same bytes into the same experience

    file_name text not null,
    file_size bigint not null,
    file_sha256 text not null,
    file_path text not null, -- in the file store
    detected jsonb, -- encoding, delimiter, columns; null until read
    problems jsonb not null default '[]', -- of the file

    submitted_by text not null references users,
    submitted_at timestamptz not null default now(),
    ready_at timestamptz,
    started_by text references users,
    started_at timestamptz,
    cancelled_by text references users,
    cancelled_at timestamptz,
    finished_at timestamptz,

    -- reading: how far rows are published and acknowledged
    read_row integer not null default 0, -- the last row published
    rows integer not null default 0, -- records published; all of them once read_complete
    read_complete boolean not null default false,
    checked integer not null default 0,
    -- running: how far approvals are published and acknowledged
    approved_row integer not null default 0, -- the last row whose approval is acknowledged
    approving_row integer not null default 0, -- the last row whose approval may be out; noted before it is published
    approved integer not null default 0,
    approve_complete boolean not null default false,
    provisioned integer not null default 0, -- records with an outcome

    ready integer not null default 0,
    warning integer not null default 0,
    error integer not null default 0,
    plan_create integer not null default 0,
    plan_add integer not null default 0,
    plan_nothing integer not null default 0,
    created integer not null default 0,
    added integer not null default 0,
    unchanged integer not null default 0,
    failed integer not null default 0,
    skipped integer not null default 0,

    -- background work: one replica at a time holds the lease
    lease_owner text,
    lease_until timestamptz,
    moved_at timestamptz not null default now(), -- the last time anything went forward
    tries integer not null default 0, -- repairs since it last moved
    searchable_row integer not null default 0, -- record_words holds the rows up to here
    searchable boolean not null default false -- record_words holds all rows
);
create unique index imports_idempotency on imports (experience_id, submitted_by, idempotency_key);
create index imports_of_experience on imports (experience_id, submitted_at desc, id);
-- Neither here nor in another index: a column that moves with every batch, so that those updates stay cheap (HOT).
create index imports_with_work on imports (submitted_at)
    where status in ('submitted', 'preprocessing', 'running', 'cancelling') or lease_owner is not null;
create index imports_to_index on imports (submitted_at)
    where not searchable and status in ('ready', 'running', 'cancelling', 'finished');
create index imports_same_file on imports (experience_id, file_sha256, submitted_at desc);

create table records (
    import_id uuid not null,
    row integer not null,
    email_key text not null,
    status text not null,
    plan text not null,
    cells json not null,
    values json not null,
    problems json, -- null: none
    primary key (import_id, row)
);
create index records_by_status on records (import_id, status, plan, row);

create table record_problems (
    import_id uuid not null,
    code text not null,
    row integer not null,
    primary key (import_id, code, row)
);

create table record_results (
    import_id uuid not null,
    row integer not null,
    outcome text not null,
    account_id bigint,
    problem json,
    at timestamptz not null,
    primary key (import_id, row)
);
create index record_results_by_outcome on record_results (import_id, outcome, row);

create table record_emails (
    import_id uuid not null,
    row integer not null,
    status text not null,
    reason text not null default '',
    at timestamptz not null,
    primary key (import_id, row)
);

-- Search by the beginnings of words: filled in the background once an import is ready.
create table record_words (
    import_id uuid not null,
    word text collate "C" not null,
    row integer not null,
    primary key (import_id, word, row)
);

create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea not null,
    value bytea not null,
    headers jsonb not null default '[]',
    created_at timestamptz not null default now()
);
