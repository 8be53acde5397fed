"""The whole stack on one machine without Docker: Kafka from jars, Postgres from a wheel, a mail inbox, the services."""
