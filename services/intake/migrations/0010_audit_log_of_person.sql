-- What somebody did, newest first, in a log of any length.
create index audit_log_of_person on audit_log (email_key, id);
