-- What an action was about that is no import: a topic, a reason, an offset. Never anything personal.
alter table audit_log add column about text;
