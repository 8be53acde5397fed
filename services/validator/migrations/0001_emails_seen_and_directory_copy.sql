-- Which row of an import had an email first. `key` is a 16-byte digest of the email key: short keys make this, the busiest
-- table of pre-processing, a third cheaper, and 128 bits do not meet by chance.
create table seen (
    import_id uuid not null,
    key bytea not null check (octet_length(key) = 16),
    row integer not null,
    primary key (import_id, key)
);

-- Imports whose rows are all checked or no longer wanted: what is delivered again is answered but not remembered.
create table forgotten_imports (
    import_id uuid primary key,
    forgotten_at timestamptz not null default now()
);

-- A copy of the directory, from facts that come in any order: the newest wins, so what is gone is kept as not present.
create table known_accounts (
    email_key text primary key,
    present boolean not null,
    changed_at timestamptz not null
);
create table known_memberships ( -- role learner only
    experience_id uuid not null,
    email_key text not null,
    present boolean not null,
    changed_at timestamptz not null,
    primary key (experience_id, email_key)
);
