-- Whether mails of a finished import are still to be heard of, and what became of its finish mail. Both for imports that
-- finish from now on.
alter table imports
    add column mails_open boolean not null default false,
    add column finish_email text,
    add column finish_email_at timestamptz; -- by the notifier's clock
drop index imports_with_work;
create index imports_with_work on imports (submitted_at)
    where status in ('submitted', 'preprocessing', 'running', 'cancelling') or lease_owner is not null or mails_open;
