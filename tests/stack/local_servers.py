"""Kafka and Postgres for the tests of one session: `python -m tests.stack.local_servers FOLDER`.

Says where they are on standard output, and stops them when standard input ends."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

import structlog

from cli.local.kafka import kafka_part
from cli.local.part import PartFailed
from cli.local.ports import HOST, remembered_ports
from cli.local.postgres import admin_dsn, postgres_part
from cli.local.supervisor import Supervisor
from tests.stack.servers import Servers

_PASSWORD = "postgres"


async def main(home: Path) -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )  # the answer alone goes to standard output
    logs = home / "logs"
    ports = remembered_ports(home / "ports.json", ["kafka", "controller", "postgres"])
    supervisor = Supervisor(on_change=lambda: None)
    parts = (
        kafka_part(home / "kafka", port=ports["kafka"], controller_port=ports["controller"], log=logs / "kafka.log"),
        postgres_part(home / "postgres", port=ports["postgres"], password=_PASSWORD, log=logs / "postgres.log"),
    )
    try:
        await asyncio.gather(*(supervisor.add(part) for part in parts))
        started = Servers(kafka=f"{HOST}:{ports['kafka']}", postgres=admin_dsn(ports["postgres"], _PASSWORD))
        print(json.dumps(asdict(started)), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    except PartFailed as failure:
        print(failure, *(log.read_text() for log in logs.glob("*.log")), sep="\n", file=sys.stderr)
        raise SystemExit(1) from failure
    finally:
        await supervisor.stop([["kafka", "postgres"]])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
