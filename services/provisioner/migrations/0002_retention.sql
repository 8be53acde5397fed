create index cancelled_imports_by_age on cancelled_imports (cancelled_at);
-- A tombstone on a compacted topic has no value.
alter table outbox alter column value drop not null;

-- The limits as this service applies them, and when it did last.
create table retention (
    what text primary key,
    days float8 not null,
    applied_at timestamptz not null,
    removed bigint not null
);
