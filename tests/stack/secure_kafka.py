"""A broker as managed ones are: TLS with an authority of its own, users with passwords, and rights that are checked."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.local.kafka import kafka_part
from cli.local.ports import HOST
from cli.local.supervisor import Supervisor
from shared.kafka.admin import open_admin
from shared.rights import Right
from shared.settings import KafkaSettings
from tests.stack.certificates import Authority
from tests.stack.kafka_rights import allow, set_password
from tests.stack.proxy import quiet_port

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PASSWORD = "a-password-that-nobody-may-read"

_CONFIG = """
listeners=PLAINTEXT://{host}:{direct},CONTROLLER://{host}:{controller},SASL_SSL://{host}:{port},MISNAMED://{host}:{misnamed}
advertised.listeners=PLAINTEXT://{host}:{direct},SASL_SSL://{host}:{port},MISNAMED://localhost:{misnamed}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,MISNAMED:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
sasl.enabled.mechanisms={mechanisms}
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.misnamed.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.misnamed.sasl.enabled.mechanisms=SCRAM-SHA-512
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureKafka:
    """Where it listens. Whoever comes directly may do anything and needs no password: the test itself."""

    direct: str
    secure: str
    misnamed: str  # as secure, but the broker calls itself there by a name that its certificate has not
    ca_file: Path

    def environment(self, user: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """What a service of this user is told."""
        return {
            "ROLLCALL_KAFKA_BOOTSTRAP": self.secure, "ROLLCALL_KAFKA_SECURITY": "SASL_SSL",
            "ROLLCALL_KAFKA_SASL_MECHANISM": mechanism, "ROLLCALL_KAFKA_USERNAME": user,
            "ROLLCALL_KAFKA_PASSWORD": PASSWORD, "ROLLCALL_KAFKA_CA_FILE": str(self.ca_file),
        }  # fmt: skip

    async def introduce(self, users: dict[str, Iterable[Right]]) -> None:
        """These users may sign in by SCRAM, and do this."""
        async with open_admin(KafkaSettings(kafka_bootstrap=self.direct)) as admin:
            for user, rights in users.items():
                await allow(admin, user, rights)
        for user in users:
            await self.set_password(user, PASSWORD)

    async def set_password(self, user: str, password: str) -> None:
        """Of both kinds of SCRAM."""
        async with open_admin(KafkaSettings(kafka_bootstrap=self.direct)) as admin:
            for mechanism in MECHANISMS[1:]:
                await set_password(admin, user, password, mechanism=mechanism)


@asynccontextmanager
async def secure_kafka(folder: Path, *, plain_users: Iterable[str], more: str = "") -> AsyncIterator[SecureKafka]:
    """The broker, with its data in `folder`. PLAIN knows the users of its configuration alone."""
    authority = Authority(folder)
    certificate, key = authority.certificate([HOST])
    keystore = folder / "keystore.pem"
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes() + authority.ca_file.read_bytes())
    direct, controller, port, misnamed = (quiet_port() for _ in range(4))
    part = kafka_part(folder / "kafka", port=direct, controller_port=controller, log=folder / "kafka.log")
    users = " ".join(f'user_{user}="{PASSWORD}"' for user in plain_users)
    ports = {"direct": direct, "controller": controller, "port": port, "misnamed": misnamed}
    config = _CONFIG.format(host=HOST, **ports, keystore=keystore, mechanisms=",".join(MECHANISMS), users=users)
    with (folder / "kafka" / "server.properties").open("a") as file:
        file.write(config + more)
    supervisor = Supervisor(on_change=lambda: None)
    try:
        await supervisor.add(part)
        yield SecureKafka(
            direct=f"{HOST}:{direct}", secure=f"{HOST}:{port}", misnamed=f"{HOST}:{misnamed}", ca_file=authority.ca_file
        )
    finally:
        await supervisor.stop([["kafka"]])
