-- The times that failed mails were asked for again. The same event told once more means what had failed when it was told
-- first, which is queued since: nothing.
create table resends (
    id text primary key, -- of the event
    import_id uuid not null,
    upto timestamptz not null default clock_timestamp()
);
create index emails_failed on emails (import_id, settled_at) where status = 'failed';
