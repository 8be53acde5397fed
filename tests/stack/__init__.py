"""Where tests get a real Kafka and Postgres from."""
