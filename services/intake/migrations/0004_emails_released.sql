-- Who let the welcome mails go out that an import held, and when.
alter table imports add column emails_released_at timestamptz, add column emails_released_by text references users;
