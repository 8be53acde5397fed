-- An import that holds its welcome mails may be told to let them go. Its policy, told again, stays what it was.
alter table imports add column released boolean not null default false;
alter table imports add column policy_now text -- what happens with its welcome mails now
    generated always as (case when released and policy = 'hold' then 'send' else policy end) stored;
