-- name: imports_with_results()
-- The imports of which answers are kept, each with the age of one of them; from one import to the next along the index.
with recursive found as (
    (select import_id, row from results order by import_id, row limit 1)
    union all
    select next.import_id, next.row
    from found cross join lateral (
        select r.import_id, r.row from results r where r.import_id > found.import_id order by r.import_id, r.row limit 1
    ) next
)
select found.import_id, r.created_at from found
join results r on r.import_id = found.import_id and r.row = found.row;

-- name: remove_answers(import_id, before, most)!
-- Some answers about an import's records.
delete from results where ctid = any(array(
    select ctid from results where import_id = :import_id and created_at < :before limit :most
));

-- name: oldest_cancelled()$
-- Since when the first import is remembered as cancelled.
select cancelled_at from cancelled_imports order by cancelled_at limit 1;

-- name: remove_cancelled(before, most)!
-- Imports that were cancelled before then.
delete from cancelled_imports where import_id in (
    select import_id from cancelled_imports where cancelled_at < :before order by cancelled_at limit :most
);
