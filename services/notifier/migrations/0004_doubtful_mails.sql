-- So that doubtful mails, which are few, can be counted whenever an operator looks.
create index emails_doubtful on emails (settled_at) where status = 'doubtful';
