"""Kafka as if it had no traps: batches in, batches out, dead letters, topics, lag."""
