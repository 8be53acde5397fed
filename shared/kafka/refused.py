"""Why a broker that is there does not take us. aiokafka says of a wrong password, authority or host name only that it could not
connect; here the brokers are asked once more, in a way that tells."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from shared.kafka.connect import connection
from shared.settings import KafkaSettings

LACKS_A_RIGHT = (ClusterAuthorizationFailedError, GroupAuthorizationFailedError, TopicAuthorizationFailedError)
_ANSWER_MS = 5_000
_OTHER_NAME = {62, 64}  # OpenSSL's codes: the certificate is for another host name, or another address


class BrokerRefusedError(KafkaConnectionError):  # type: ignore[misc] # aiokafka is untyped
    """A broker answers and does not take us. The message says why and what to do, and holds no secret."""

    def __str__(self) -> str:
        return str(self.args[0])


@asynccontextmanager
async def explained(settings: KafkaSettings) -> AsyncIterator[None]:
    """Raise BrokerRefusedError instead of an error that only says that there was no connection, where there is a reason."""
    try:
        yield
    except (KafkaConnectionError, TimeoutError) as error:
        if reason := await why_refused(settings):
            raise BrokerRefusedError(reason) from error
        raise


async def why_refused(settings: KafkaSettings) -> str:
    """A sentence; empty when a broker takes us, or none answers."""
    servers = collect_hosts(connection(settings)["bootstrap_servers"])  # without a port it is 9092
    reason, advertised = "", list[tuple[str, int]]()
    for host, port, _ in servers:
        reason, advertised = await _ask(host, port, settings)
        if reason or advertised:
            break
    for host, number in [] if reason else advertised:  # they may go by other names than those we were given
        reason = reason or (await _ask(host, number, settings))[0]
    return reason


async def _ask(host: str, port: int, settings: KafkaSettings) -> tuple[str, list[tuple[str, int]]]:
    """What it objects to, and which brokers it knows."""
    arguments: dict[str, Any] = connection(settings)
    for name in ("bootstrap_servers", "metadata_max_age_ms"):  # of clients, which have several connections
        del arguments[name]
    asked = AIOKafkaConnection(host, port, request_timeout_ms=_ANSWER_MS, **arguments)
    try:
        await asked.connect()
        metadata = await asked.send(MetadataRequest([]))
        return "", [(broker[1], broker[2]) for broker in metadata.brokers]
    except Exception as error:  # whatever it is, it must not take the place of what is to be explained
        return _sentence(error, f"{host}:{port}", settings), []
    finally:
        asked.close()


def _sentence(error: Exception, server: str, settings: KafkaSettings) -> str:
    match error:
        case ssl.SSLCertVerificationError() if error.verify_code in _OTHER_NAME:
            return (
                f"The certificate of {server} is for another name ({error.verify_message.rstrip('.')}); give the brokers in "
                "ROLLCALL_KAFKA_BOOTSTRAP, and in their own advertised.listeners, by a name that stands in it."
            )
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of {server} is not trusted ({error.verify_message}); set ROLLCALL_KAFKA_CA_FILE to a file "
                "with the authority that signed it."
            )
        case SaslAuthenticationFailed():
            return (
                f"{server} refuses the user {settings.kafka_username!r}: name or password is wrong, or it may not sign in by "
                f"{settings.kafka_sasl_mechanism}; look at ROLLCALL_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM."
            )
        case UnsupportedSaslMechanismError():
            return (
                f"{server} does not let anybody sign in by {settings.kafka_sasl_mechanism}; set ROLLCALL_KAFKA_SASL_MECHANISM "
                "to one that it offers."
            )
        case socket.gaierror() | ConnectionRefusedError() | TimeoutError():
            return ""  # nobody is there
        case ssl.SSLError() | IllegalSaslStateError() | ConnectionError() | KafkaConnectionError():
            return (
                f"{server} breaks the connection off; does it expect another ROLLCALL_KAFKA_SECURITY than "
                f"{settings.kafka_security}?"
            )
    return ""
