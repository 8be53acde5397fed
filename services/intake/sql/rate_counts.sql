-- name: count_one(what, who, seconds)$
-- Once more in the current period; answers how often by now.
insert into rate_counts (what, who, period, count, expires_at)
values (:what, :who, extract(epoch from now())::bigint / :seconds * :seconds, 1, now() + make_interval(secs => 2 * :seconds))
on conflict (what, who, period) do update set count = rate_counts.count + 1
returning count;

-- name: forget_periods()!
-- Counts of periods that are over.
delete from rate_counts where expires_at < now();
