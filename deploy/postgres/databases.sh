#!/bin/bash
# Run once by the Postgres image on an empty data folder: a role and a database of its own for each service.
set -euo pipefail
for service in intake validator provisioner notifier; do
    psql --username "$POSTGRES_USER" --set ON_ERROR_STOP=1 --set service="$service" --set password="$SERVICES_PASSWORD" <<'SQL'
create role :"service" login password :'password';
create database :"service" owner :"service";
revoke all on database :"service" from public;
SQL
done
