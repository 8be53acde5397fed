-- name: queue_length(most)^
-- How many mails are in the queue, each kind counted along its index and no further than `most`.
select
    (select count(*) from (select from emails where status = 'queued' and attempts = 0 limit :most) as n) as new,
    (select count(*) from (select from emails where status = 'queued' and attempts > 0 limit :most) as n) as put_off,
    (select count(*) from (select from emails where status in ('claimed', 'sending') limit :most) as n) as in_hand,
    (select count(*) from (select from emails where status = 'doubtful' limit :most) as n) as doubtful;
