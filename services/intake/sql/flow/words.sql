-- name: import_to_index()^
-- The oldest import whose records cannot all be searched yet.
select id, searchable_row from imports
where not searchable and status in ('ready', 'running', 'cancelling', 'finished')
order by submitted_at limit 1;

-- name: records_to_index(import_id, after, most)
-- The next records whose words are to be found.
select row, values from records where import_id = :import_id and row > :after order by row limit :most;

-- name: set_searchable(id, row, complete)!
-- Up to where the words of records can be found, and whether that is all of them.
update imports set searchable_row = :row, searchable = :complete where id = :id;
