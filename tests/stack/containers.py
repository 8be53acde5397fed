"""Kafka and Postgres as containers, where a Docker engine answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from cli.local.ports import free_port
from tests.stack.servers import Servers

KAFKA_IMAGE, POSTGRES_IMAGE = "apache/kafka:4.3.1", "postgres:18"


@contextmanager
def containers() -> Iterator[Servers]:
    """Both servers, removed with the block."""
    port = free_port()  # chosen by us: the broker has to advertise it before it runs
    with (
        _kafka(port).with_bind_ports(9092, port) as kafka,
        PostgresContainer(POSTGRES_IMAGE, driver=None).with_command("-c max_connections=200") as postgres,
    ):
        yield Servers(kafka=f"{kafka.get_container_host_ip()}:{port}", postgres=postgres.get_connection_url())


def _kafka(port: int) -> DockerContainer:
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    container = DockerContainer(KAFKA_IMAGE).waiting_for(LogMessageWaitStrategy("Kafka Server started"))
    for name, value in settings.items():
        container = container.with_env(f"KAFKA_{name}", value)
    return container
