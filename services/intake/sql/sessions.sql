-- name: add_session(hash, email_key, how, lifetime)!
-- Somebody is signed in for this long.
insert into sessions (hash, email_key, how, expires_at) values (:hash, :email_key, :how, now() + :lifetime::interval);

-- name: person_of_session(hash)^
-- Whose living session this is.
select u.email_key, u.email, u.platform_administrator
from sessions s join users u on u.email_key = s.email_key
where s.hash = :hash and s.expires_at > now();

-- name: sessions_of(email_key)
-- A person's living sessions, newest first.
select hash, started_at, expires_at from sessions where email_key = :email_key and expires_at > now()
order by started_at desc, hash;

-- name: end_session(hash)$
-- Sign out; answers who was signed in.
delete from sessions where hash = :hash returning email_key;

-- name: end_all_sessions(email_key)!
-- Sign out everywhere.
delete from sessions where email_key = :email_key;

-- name: end_all_links(email_key)!
-- Links that were not used work no more.
delete from sign_in_links where email_key = :email_key and used_at is null;

-- name: forget_ended()!
-- Sessions and links that cannot be used any more.
with old_links as (delete from sign_in_links where expires_at < now() - interval '1 day')
delete from sessions where expires_at < now();

-- name: add_link(hash, email_key, lifetime)!
-- A link that lets this person sign in once.
insert into sign_in_links (hash, email_key, expires_at) values (:hash, :email_key, now() + :lifetime::interval);

-- name: person_of_link(hash)^
-- Whom a link would sign in, if it still works.
select u.email_key, u.email, u.platform_administrator
from sign_in_links l join users u on u.email_key = l.email_key
where l.hash = :hash and l.used_at is null and l.expires_at > now();

-- name: use_link(hash)$
-- Use a link up; answers whom it signs in. Of two at once one gets it.
update sign_in_links set used_at = now()
where hash = :hash and used_at is null and expires_at > now() returning email_key;

-- name: user_of(email_key)^
-- A known person.
select email_key, email, platform_administrator from users where email_key = :email_key;

-- name: signing_key()$
-- What cookies are signed with unless a setting says so.
select key from signing_keys limit 1;
