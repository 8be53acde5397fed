-- How many welcome mails became what, counted as the notifier tells it; and how often failed ones were asked for again.
alter table imports
    add column emails_sent integer not null default 0,
    add column emails_failed integer not null default 0, -- and were not asked for again since
    add column emails_doubtful integer not null default 0,
    add column emails_failed_at timestamptz, -- the newest of all that ever failed, by the notifier's clock
    add column emails_resent integer not null default 0, -- how often failed ones were asked for again
    add column emails_resent_upto timestamptz; -- what failed until then is queued again, by the notifier's clock
update imports set
    emails_sent = counted.sent, emails_failed = counted.failed, emails_doubtful = counted.doubtful,
    emails_failed_at = counted.failed_at
from (
    select
        import_id,
        count(*) filter (where status = 'sent') as sent, count(*) filter (where status = 'failed') as failed,
        count(*) filter (where status = 'doubtful') as doubtful, max(at) filter (where status = 'failed') as failed_at
    from record_emails group by import_id
) as counted
where imports.id = counted.import_id;
