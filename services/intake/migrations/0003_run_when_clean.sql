-- When an import that is ready is run: when a person presses Run, or by itself if nothing is wrong with it.
alter table imports add column run text not null default 'after-review' check (run in ('after-review', 'when-clean'));
