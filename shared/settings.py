"""Settings that every service has. Each service adds its own fields; all are read from `ROLLCALL_*` variables."""

import ssl
from typing import Any, Literal, TypeVar

from aiokafka.conn import collect_hosts
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.topics import DEAD_LETTER_DAYS, LIFECYCLE_DAYS, RESULT_DAYS, ROW_DAYS

PREFIX = "ROLLCALL_"  # of the variables


class WrongSettingsError(Exception):
    """Settings that cannot be used. The message says which, by their variables, and never what they hold."""


class KafkaSettings(BaseSettings):
    """What it takes to find and read the broker: all that topics, lag and dead letters need."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    kafka_bootstrap: str = Field(
        "localhost:9092", description="Kafka brokers to start from: `host:port`, comma separated."
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How to sign in to Kafka when `kafka_security` starts with SASL."
    )
    kafka_username: str = Field("", description="Kafka user, with SASL.")
    kafka_password: SecretStr | None = Field(None, description="Password of the Kafka user, with SASL.")
    kafka_ca_file: str = Field(
        "", description="File with the certificate authority of the brokers; empty: the system's."
    )
    topic_prefix: str = Field(
        "", description="Put before every topic and group name, so that installations share a cluster."
    )
    row_topics_days: float = Field(
        ROW_DAYS, gt=0, description="For how many days `imports.rows`, `.checks` and `.approvals` are kept; "
        "`rollcall topics apply` sets what stands here and in the next three.",
    )  # fmt: skip
    result_topics_days: float = Field(
        RESULT_DAYS, gt=0, description="For how many days `imports.results` and `imports.emails` are kept."
    )
    lifecycle_topic_days: float = Field(
        LIFECYCLE_DAYS, gt=0, description="For how many days `imports.lifecycle` is kept."
    )
    dead_letters_days: float = Field(
        DEAD_LETTER_DAYS, gt=0, description="For how many days dead letters are kept, and can be put back."
    )

    @field_validator("kafka_bootstrap")
    @classmethod
    def _are_addresses(cls, servers: str) -> str:
        try:
            collect_hosts(servers)
        except ValueError:
            raise ValueError("give each broker as host:port, the next behind a comma") from None
        return servers

    @field_validator("kafka_ca_file")
    @classmethod
    def _is_an_authority(cls, file: str) -> str:
        try:
            ssl.create_default_context(cafile=file or None)
        except OSError as error:
            raise ValueError(f"{file} cannot be read as PEM certificates ({type(error).__name__})") from None
        return file

    @property
    def told_again_days(self) -> float:
        """After so many days no topic brings back what it said about a record. What is remembered so that nothing is done
        twice must be remembered for longer."""
        return max(self.row_topics_days, self.result_topics_days, self.dead_letters_days) + 1


class ServiceSettings(KafkaSettings):
    """What any service needs beyond the broker: its database, its port, its place among its replicas."""

    replica: str = Field(
        "",
        description="Stable name of this replica among its peers, as a StatefulSet gives it: its partitions wait for it "
        "while it restarts. Two living replicas must never share one. Empty: none.",
    )
    database_url: SecretStr = Field(
        description="Postgres database of this service: `postgresql://user:password@host:port/name`, with `?sslmode=verify-full` for TLS, "
        "and `&sslrootcert=FILE` where the system does not know the authority of its certificate."
    )
    host: str = Field("127.0.0.1", description="Address that the HTTP port listens on.")
    port: int = Field(
        8000, description="Port of the pages and API (intake, provisioner) and of `/livez`, `/readyz`, `/metrics`."
    )
    log_format: Literal["json", "console"] = Field("json", description="`json` for machines, `console` for a terminal.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line to write."
    )
    traces_endpoint: str = Field(
        "",
        description="OpenTelemetry collector for traces, OTLP over HTTP: `http://collector:4318/v1/traces`. Empty: none.",
    )
    stop_seconds: float = Field(
        20.0,
        description="How long a stop may wait for work in flight, in seconds; after it and a little more the process ends hard.",
    )


K = TypeVar("K", bound=KafkaSettings)


def read_settings(kind: type[K], **given: Any) -> K:
    """The settings as given, and else as the environment says. Raises WrongSettingsError."""
    try:
        return kind(**given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise WrongSettingsError("; ".join(f"{_variable(wrong['loc'])}: {wrong['msg']}" for wrong in found)) from None


def _variable(path: tuple[int | str, ...]) -> str:
    return PREFIX + "_".join(map(str, path)).upper() if path else "settings"
