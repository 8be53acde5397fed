-- Since when the emails of an import are kept, as far as retention has noticed.
create table seen_imports (
    import_id uuid primary key,
    noticed_at timestamptz not null default now()
);
create index seen_imports_by_age on seen_imports (noticed_at);
create index forgotten_imports_by_age on forgotten_imports (forgotten_at);
create index accounts_gone on known_accounts (changed_at) where not present;
create index memberships_gone on known_memberships (changed_at) where not present;

-- The limits as this service applies them, and when it did last.
create table retention (
    what text primary key,
    days float8 not null,
    applied_at timestamptz not null,
    removed bigint not null
);
