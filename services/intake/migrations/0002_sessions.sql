-- Who is signed in, and the links that let people sign in. Secrets are kept as SHA-256 only.
create table sessions (
    hash bytea primary key, -- of the token in the cookie
    email_key text not null references users,
    how text not null, -- link or oidc
    started_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index sessions_by_person on sessions (email_key);
create index sessions_by_end on sessions (expires_at);
create table sign_in_links (
    hash bytea primary key, -- of the token in the link
    email_key text not null references users,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz -- a link works once
);
create index sign_in_links_by_end on sign_in_links (expires_at);

-- What cookies are signed with when the setting session_secret is empty: random, made here, shared by all replicas.
create table signing_keys (key bytea primary key);
insert into signing_keys (key)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- How often somebody did something in a period. What is lost in a crash is forgiven.
create unlogged table rate_counts (
    what text not null,
    who bytea not null, -- hash of an address or email key
    period bigint not null, -- seconds since 1970, rounded down to the period's length
    count integer not null,
    expires_at timestamptz not null,
    primary key (what, who, period)
);
create index rate_counts_by_end on rate_counts (expires_at);
