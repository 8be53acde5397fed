-- name: look_at_mails(id, owner)^
-- Whether anything is still to be heard of the mails of a finished import, and whether of welcome mails.
update imports set mails_open = finish_email is null or looked.welcomes
from (
    select
        (emails = 'send' or emails_released_at is not null)
        and emails_sent + emails_failed + emails_doubtful < created as welcomes
    from imports where id = :id
) as looked
where id = :id and lease_owner = :owner and status = 'finished'
returning mails_open, looked.welcomes, finished_at, emails_released_at, emails_resent;

-- name: close_mails(id, owner)$
-- Ask no more what became of the mails of an import.
update imports set mails_open = false where id = :id and lease_owner = :owner and status = 'finished' returning id;

-- name: created_without_mail(import_id, after, most)
-- The next records whose account was created and of whose welcome mail nothing was heard, also not since it was asked for
-- again, in file order.
select x.row, r.email_key, r.values, r.plan from record_results x
join records r on r.import_id = x.import_id and r.row = x.row
where
    x.import_id = :import_id and x.outcome = 'created' and x.row > :after
    and not exists (
        select 1 from record_emails e
        where
            e.import_id = x.import_id and e.row = x.row
            and (
                e.status = 'failed' and e.at <= (select emails_resent_upto from imports where id = :import_id)
            ) is not true
    )
order by x.row limit :most;

-- name: keep_finish_emails(import_ids, statuses, ats)!
-- What became of finish mails; the newest word counts. The imports are locked.
update imports set
    finish_email = t.status, finish_email_at = t.at,
    moved_at = case when imports.status = 'finished' then now() else imports.moved_at end
from unnest(:import_ids::uuid[], :statuses::text[], :ats::timestamptz[]) as t (import_id, status, at)
where imports.id = t.import_id and (imports.finish_email_at is null or t.at > imports.finish_email_at);
