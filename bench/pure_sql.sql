-- What one connection of plain SQL does with the same file and the same tables: the limit that the services are held against.

-- name: staging
create table staging (
    email text,
    first_name text,
    last_name text,
    row integer generated always as identity (start with 2)
);

-- name: known
-- A tenth of the people is known, half of these as learners of this experience.
insert into provisioner.accounts (email_key, email, first_name, last_name)
select lower(email), lower(email), first_name, last_name from staging where (row - 2) % 10 = 0 order by 1;
insert into provisioner.memberships (account_id, experience_id)
select id, $experience from provisioner.accounts a join staging s on a.email_key = lower(s.email) where (row - 2) % 20 = 0;
insert into validator.known_accounts select email_key, true, now() from provisioner.accounts order by 1;
insert into validator.known_memberships
select experience_id, email_key, true, now() from provisioner.memberships join provisioner.accounts on id = account_id order by 2;
analyze staging, provisioner.accounts, provisioner.memberships, validator.known_accounts, validator.known_memberships;

-- name: check
-- Each email's first row, then every record with its status and plan.
insert into validator.seen (import_id, key, row)
select $import, decode(md5(lower(trim(email))), 'hex'), min(row) from staging where email like '%@%' group by 2;
insert into intake.records (import_id, row, email_key, status, plan, cells, values, problems)
select $import, s.row, lower(trim(email)),
    case when email not like '%@%' or seen.row < s.row then 'error' else 'ready' end,
    case when email not like '%@%' or seen.row < s.row then 'none'
        when m.email_key is not null then 'nothing' when a.email_key is not null then 'add' else 'create' end,
    json_build_array(email, first_name, last_name),
    json_build_object('email', lower(trim(email)), 'first_name', trim(first_name), 'last_name', trim(last_name)),
    null
from staging s
left join validator.seen on seen.import_id = $import and seen.key = decode(md5(lower(trim(email))), 'hex')
left join validator.known_accounts a on a.email_key = lower(trim(email))
left join validator.known_memberships m on m.experience_id = $experience and m.email_key = lower(trim(email));
insert into intake.record_problems
select $import, 'email.invalid', row from intake.records where import_id = $import and status = 'error';

-- name: between
analyze intake.records;

-- name: run
-- Accounts, memberships, answers, the ledger's outcomes, the directory's copy, the mails.
insert into provisioner.accounts (email_key, email, first_name, last_name, created_by_import)
select email_key, values ->> 'email', values ->> 'first_name', values ->> 'last_name', $import
from intake.records where import_id = $import and status <> 'error' and plan = 'create' order by 1;
insert into provisioner.memberships (account_id, experience_id, created_by_import)
select id, $experience, $import from intake.records r join provisioner.accounts a using (email_key)
where import_id = $import and plan in ('create', 'add');
insert into provisioner.results (import_id, row, event)
select $import, row, convert_to(json_build_object('import_id', import_id, 'experience_id', $experience, 'row', row, 'email_key', email_key,
    'values', values, 'plan', plan, 'outcome', plan, 'at', now(), 'account_id', id)::text, 'UTF8')
from intake.records join provisioner.accounts using (email_key) where import_id = $import and status <> 'error';
insert into intake.record_results (import_id, row, outcome, account_id, at)
select $import, row, plan, id, now() from intake.records join provisioner.accounts using (email_key)
where import_id = $import and status <> 'error';
insert into validator.known_accounts
select email_key, true, now() from intake.records where import_id = $import and plan = 'create' order by 1;
insert into validator.known_memberships
select $experience, email_key, true, now() from intake.records where import_id = $import and plan in ('create', 'add') order by 2;
insert into notifier.emails (id, kind, import_id, account_id, row, address, first_name, last_name, status)
select 'welcome.' || id || '.' || $import, 'welcome', $import, id, row, email, first_name, last_name, 'held'
from intake.records join provisioner.accounts using (email_key) where import_id = $import and plan = 'create';
