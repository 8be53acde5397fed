-- Mails that still say to whom they went, and mails that were never sent. (One that waits keeps the moment it came as its next
-- attempt.)
create index emails_with_address on emails (settled_at) where settled_at is not null and address <> '';
create index emails_never_sent on emails (next_attempt_at) where status in ('waiting', 'held');

-- The limits as this service applies them, and when it did last.
create table retention (
    what text primary key,
    days float8 not null,
    applied_at timestamptz not null,
    removed bigint not null
);
