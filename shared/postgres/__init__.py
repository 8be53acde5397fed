"""Postgres for all services: a pool, named SQL, migrations, the outbox."""
