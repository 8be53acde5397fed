-- name: imports_at_work()
-- Imports that wait for the services, by status: how many, for how long none of it moved, and how many are under repair.
select
    status, count(*) as imports, count(*) filter (where tries > 0) as repaired,
    extract(epoch from now() - min(moved_at))::float8 as still
from imports where status in ('submitted', 'preprocessing', 'running', 'cancelling')
group by status;

-- name: phase_seconds(id)^
-- How long the phases of an import took that are over.
select
    extract(epoch from ready_at - submitted_at)::float8 as preprocessing,
    extract(epoch from finished_at - started_at)::float8 as run
from imports where id = :id;
