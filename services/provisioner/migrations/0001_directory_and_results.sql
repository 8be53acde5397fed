-- The directory: who has a login, and who is in which experience.
create sequence account_ids as bigint;
create table accounts (
    id bigint primary key default nextval('account_ids'),
    email_key text not null unique check (email_key <> '' and length(email_key) <= 320), -- identity
    email text not null check (length(email) <= 256), -- as the person writes it
    first_name text not null check (length(first_name) <= 256),
    last_name text not null check (length(last_name) <= 256),
    created_at timestamptz not null default now(),
    created_by_import uuid -- null: by hand
);
-- No foreign key to accounts: its check costs a locked look-up per row. Batches share the directory lock and changes by
-- hand hold it alone, so that an account cannot go while a batch adds a membership to it.
create table memberships (
    account_id bigint not null,
    experience_id uuid not null,
    role text not null default 'learner' check (role <> '' and length(role) <= 64),
    created_at timestamptz not null default now(),
    created_by_import uuid,
    primary key (experience_id, account_id, role) -- in the order in which an experience's members are listed
);

-- What was answered for a record, as the bytes that were published: asked again, the same words are said again.
create table results (
    import_id uuid not null,
    row int not null,
    event bytea not null,
    created_at timestamptz not null default now(),
    primary key (import_id, row)
);
create table cancelled_imports (
    import_id uuid primary key,
    cancelled_at timestamptz not null default now()
);

create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea not null,
    value bytea not null,
    headers jsonb not null default '[]',
    created_at timestamptz not null default now()
);
