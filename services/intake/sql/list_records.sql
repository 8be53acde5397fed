-- Each query walks one index in the order of rows and stops at the limit. What else is asked of a record is looked up by its
-- key, in scalar subqueries on purpose: a join would let the planner read whole tables. A record's result is 'error' when
-- it has a pre-import error, else its outcome, else 'pending'.

-- name: rows_in_order(import_id, after, limit)
-- All records.
select row from records where import_id = :import_id and row > :after order by row limit :limit;

-- name: rows_by_status(import_id, after, limit, statuses, plans, results)
-- Records of these pre-import statuses and plans.
select found.row
from unnest(cast(:statuses as text[])) as s(status) cross join unnest(cast(:plans as text[])) as p(plan)
cross join lateral (
    select r.row from records r
    where r.import_id = :import_id and r.status = s.status and r.plan = p.plan and r.row > :after
        and (cast(:results as text[]) is null or :results @> array[case when r.status = 'error' then 'error' else coalesce(
            (select t.outcome from record_results t where t.import_id = r.import_id and t.row = r.row), 'pending') end])
    order by r.row limit :limit
) found
order by found.row limit :limit;

-- name: rows_by_result(import_id, after, limit, statuses, plans, results)
-- Records with these results, which are not 'pending'.
select found.row from (
    select e.row
    from (select 1 where 'error' = any(cast(:results as text[])) and 'error' = any(cast(:statuses as text[]))
        and 'none' = any(cast(:plans as text[]))) as wanted
    cross join lateral (
        select r.row from records r
        where r.import_id = :import_id and r.status = 'error' and r.plan = 'none' and r.row > :after
        order by r.row limit :limit
    ) e
    union all
    select o.row
    from unnest(:results) as wanted(outcome)
    cross join lateral (
        select t.row from record_results t
        where t.import_id = :import_id and t.outcome = wanted.outcome and t.row > :after
            and (select r.status = any(:statuses) and r.plan = any(:plans) from records r
                where r.import_id = t.import_id and r.row = t.row)
        order by t.row limit :limit
    ) o
) found
order by found.row limit :limit;

-- name: rows_by_problem(import_id, after, limit, statuses, plans, results, problem)
-- Records with this problem, found by the check or at Run.
select found.row from (
    (select p.row from record_problems p
    where p.import_id = :import_id and p.code = :problem and p.row > :after
        and (select r.status = any(cast(:statuses as text[])) and r.plan = any(cast(:plans as text[]))
                and (cast(:results as text[]) is null or :results @> array[case when r.status = 'error' then 'error'
                    else coalesce((select t.outcome from record_results t
                        where t.import_id = r.import_id and t.row = r.row), 'pending') end])
            from records r where r.import_id = p.import_id and r.row = p.row)
    order by p.row limit :limit)
    union
    (select t.row from record_results t
    where t.import_id = :import_id and t.outcome = 'failed' and t.row > :after and t.problem ->> 'code' = :problem
        and (:results is null or 'failed' = any(:results))
        and (select r.status = any(:statuses) and r.plan = any(:plans) from records r
            where r.import_id = t.import_id and r.row = t.row)
    order by t.row limit :limit)
) found
order by found.row limit :limit;

-- name: how_often(import_id, words, word_ends, bound)
-- For each beginning of a word, how often it occurs, counted up to a bound.
select (select count(*) from (
    select 1 from record_words w
    where w.import_id = :import_id and w.word >= s.word and w.word < s.word_end limit :bound) counted) as times
from unnest(cast(:words as text[]), cast(:word_ends as text[])) with ordinality as s(word, word_end, place) order by s.place;

-- name: candidates_by_word(import_id, after, until, limit, statuses, plans, results, problem, word, word_end)
-- Records with a word that begins so, by the index of words; with their values, for the other words to be looked for.
select r.row, r.values
from (
    select distinct w.row from record_words w
    where w.import_id = :import_id and w.word >= :word and w.word < :word_end and w.row > :after and w.row <= :until
) found
cross join lateral (
    -- offset 0 keeps the conditions below out of here, and so the choice of the index simple
    select * from records r where r.import_id = :import_id and r.row = found.row offset 0
) r
where r.status = any(cast(:statuses as text[])) and r.plan = any(cast(:plans as text[]))
    and (cast(:results as text[]) is null or :results @> array[case when r.status = 'error' then 'error' else coalesce(
        (select t.outcome from record_results t where t.import_id = r.import_id and t.row = r.row), 'pending') end])
    and (cast(:problem as text) is null
        or (select true from record_problems p where p.import_id = r.import_id and p.code = :problem and p.row = r.row)
        or (select t.problem ->> 'code' = :problem from record_results t where t.import_id = r.import_id and t.row = r.row))
order by found.row limit :limit;

-- name: candidates_in_order(import_id, after, until, limit, statuses, plans, results, problem, pattern)
-- Records whose values look as if a word were in them, by reading them: where the index of words does not reach yet.
select r.row, r.values from records r
where r.import_id = :import_id and r.row > :after and r.row <= :until and lower(cast(r.values as text)) like :pattern
    and r.status = any(cast(:statuses as text[])) and r.plan = any(cast(:plans as text[]))
    and (cast(:results as text[]) is null or :results @> array[case when r.status = 'error' then 'error' else coalesce(
        (select t.outcome from record_results t where t.import_id = r.import_id and t.row = r.row), 'pending') end])
    and (cast(:problem as text) is null
        or (select true from record_problems p where p.import_id = r.import_id and p.code = :problem and p.row = r.row)
        or (select t.problem ->> 'code' = :problem from record_results t where t.import_id = r.import_id and t.row = r.row))
order by r.row limit :limit;

-- name: values_at(import_id, rows)
-- The values of these records.
select r.row, r.values
from unnest(cast(:rows as integer[])) as asked(row)
cross join lateral (select * from records r where r.import_id = :import_id and r.row = asked.row offset 0) r
order by asked.row;

-- name: records_at(import_id, rows)
-- All that is shown of these records.
select r.row, r.status, r.plan, r.cells, r.values, r.problems, t.outcome, t.problem, e.status as email, e.at as email_at, e.reason as email_reason
from unnest(cast(:rows as integer[])) as asked(row)
cross join lateral (select * from records r where r.import_id = :import_id and r.row = asked.row offset 0) r
left join lateral (select * from record_results t where t.import_id = :import_id and t.row = asked.row offset 0) t on true
left join lateral (select * from record_emails e where e.import_id = :import_id and e.row = asked.row offset 0) e on true
order by asked.row;
