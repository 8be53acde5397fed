-- What retention has removed of an import. Its counts stay.
alter table imports
    add column file_gone_at timestamptz,
    add column records_gone_at timestamptz, -- since then none is shown; they are removed some at a time
    add column records_left boolean not null default true;
create index imports_with_file on imports ((coalesce(finished_at, cancelled_at, submitted_at)))
    where file_gone_at is null and status in ('finished', 'rejected', 'cancelled');
create index imports_with_records on imports ((coalesce(finished_at, cancelled_at, submitted_at)))
    where records_left and status in ('finished', 'rejected', 'cancelled');
create index imports_never_run on imports (ready_at) where status = 'ready';

-- The limits as this service applies them, and when it did last.
create table retention (
    what text primary key,
    days float8 not null,
    applied_at timestamptz not null,
    removed bigint not null
);

-- Whom an action was done to, by email key: who was appointed, whose token it is.
alter table audit_log add column person text;
update audit_log set experience_id = imports.experience_id
from imports where audit_log.import_id = imports.id and audit_log.experience_id is null;
create index audit_log_of_experience on audit_log (experience_id, id);
create index audit_log_of_import on audit_log (import_id, id) where import_id is not null;
-- Lines are added and, once they are old, removed; a mistake in the code can do nothing else.
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('rollcall.audit', true) = 'retention' then
        return old;
    end if;
    raise exception 'the audit log is only added to';
end $$;
create trigger audit_log_is_only_added_to before update or delete on audit_log
    for each row execute function refuse_audit_change();
