"""How to reach Kafka: one set of arguments for consumers, producers and the admin client."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.kafka.cut_off import close_when_cut_off
from shared.settings import KafkaSettings

close_when_cut_off()

METADATA_MS = 10_000  # how late a consumer whose topic was gone sees that it is back (Kafka's default: five minutes)
READ_BYTES = 64 * 1024  # of one partition; a larger batch comes alone


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Arguments that every aiokafka client takes."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in settings.kafka_bootstrap.split(",")],
        "security_protocol": settings.kafka_security,
        "client_id": "rollcall",
        "metadata_max_age_ms": METADATA_MS,
    }
    if settings.kafka_security.endswith("SSL"):
        arguments["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file or None)
    if settings.kafka_security.startswith("SASL"):
        password = settings.kafka_password
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments["sasl_plain_username"] = settings.kafka_username
        arguments["sasl_plain_password"] = password.get_secret_value() if password else ""
    return arguments


@asynccontextmanager
async def open_reader(settings: KafkaSettings) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, closed at the end: it reads and leaves no trace. Raises KafkaError when no broker answers."""
    reader = AIOKafkaConsumer(**connection(settings), request_timeout_ms=15_000, max_partition_fetch_bytes=READ_BYTES)
    try:
        await reader.start()
        yield reader
    finally:
        await reader.stop()
