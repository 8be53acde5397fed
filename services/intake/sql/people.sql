-- name: add_user(email_key, email)!
-- A user, unless known.
insert into users (email_key, email) values (:email_key, :email) on conflict (email_key) do nothing;

-- name: make_platform_administrator(email_key)!
-- May create experiences and appoint administrators anywhere.
update users set platform_administrator = true where email_key = :email_key;

-- name: add_experience(name)$
-- A new experience; answers its id.
insert into experiences (name) values (:name) returning id;

-- name: add_administrator(experience_id, email_key)!
-- Appoint; a person who is one already stays one.
insert into administrators (experience_id, email_key) values (:experience_id, :email_key) on conflict do nothing;

-- name: experience_exists(experience_id)$
-- Is there such an experience?
select exists (select 1 from experiences where id = :experience_id);

-- name: administers(experience_id, email_key)$
-- Is this person an administrator of the experience?
select exists (select 1 from administrators where experience_id = :experience_id and email_key = :email_key);

-- name: experiences_of(email_key)
-- The experiences a person administers, by name.
select e.id, e.name, e.created_at
from administrators a join experiences e on e.id = a.experience_id
where a.email_key = :email_key order by e.name, e.id;

-- name: experience_for(experience_id, email_key)^
-- An experience, if this person administers it.
select e.id, e.name, e.created_at
from administrators a join experiences e on e.id = a.experience_id
where a.experience_id = :experience_id and a.email_key = :email_key;

-- name: administrators_of(experience_id)
-- Who administers an experience, by email.
select u.email from administrators a join users u on u.email_key = a.email_key
where a.experience_id = :experience_id order by u.email_key;

-- name: note_action(email_key, action, import_id, experience_id, about, person)!
-- One line in the audit log. What is done with an import is done in its experience.
insert into audit_log (email_key, action, import_id, experience_id, about, person)
values (
    :email_key, :action, :import_id,
    coalesce(:experience_id::uuid, (select experience_id from imports where id = :import_id::uuid)), :about, :person
);

-- name: add_token(email_key, name, hash)$
-- Keep a token's hash; answers the token's id.
insert into api_tokens (email_key, name, hash) values (:email_key, :name, :hash) returning id;

-- name: revoke_token(id)$
-- End a token's life; answers whether it lived.
update api_tokens set revoked_at = now() where id = :id and revoked_at is null returning true;

-- name: tokens_of(email_key)
-- A person's tokens, newest first, never the tokens themselves.
select id, name, created_at, revoked_at from api_tokens where email_key = :email_key order by created_at desc, id;

-- name: bearer_of_token(hash)^
-- Whose living token this is.
select u.email_key, u.email, u.platform_administrator
from api_tokens t join users u on u.email_key = t.email_key
where t.hash = :hash and t.revoked_at is null;
