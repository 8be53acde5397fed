"""How to reach Kafka: one set of arguments for consumers, producers and the admin client."""

import ssl
from typing import Any

from shared.settings import KafkaSettings


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Arguments that every aiokafka client takes."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in settings.kafka_bootstrap.split(",")],
        "security_protocol": settings.kafka_security,
        "client_id": "rollcall",
    }
    if settings.kafka_security.endswith("SSL"):
        arguments["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file or None)
    if settings.kafka_security.startswith("SASL"):
        password = settings.kafka_password
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments["sasl_plain_username"] = settings.kafka_username
        arguments["sasl_plain_password"] = password.get_secret_value() if password else ""
    return arguments
