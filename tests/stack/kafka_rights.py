"""What an administrator of a cluster does with Kafka's commands, said to the broker directly, because each command takes seconds:
passwords (`kafka-configs --alter --add-config SCRAM-...`) and rights (`kafka-acls --add`)."""

import hashlib
import secrets
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from shared.rights import On, Operation, Right

_ITERATIONS = 4096
_HASHES = {"SCRAM-SHA-256": (1, "sha256"), "SCRAM-SHA-512": (2, "sha512")}
# As Kafka's protocol numbers them.
_ON = {On.TOPIC: 2, On.GROUP: 3}
_OPERATIONS = {
    Operation.READ: 3, Operation.WRITE: 4, Operation.CREATE: 5, Operation.ALTER: 7, Operation.DESCRIBE: 8,
    Operation.DESCRIBE_CONFIGS: 10, Operation.ALTER_CONFIGS: 11,
}  # fmt: skip
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3


class _PasswordsSet(Response):
    API_KEY, API_VERSION = 51, 0
    _RESULT = (("user", CompactString("utf-8")), ("error_code", Int16), ("message", CompactString("utf-8")))
    SCHEMA = Schema(
        ("throttle_ms", Int32), ("results", CompactArray(*_RESULT, ("tags", TaggedFields))), ("tags", TaggedFields)
    )


class _SetPasswords(RequestStruct):
    FLEXIBLE_VERSION, API_KEY, API_VERSION, RESPONSE_TYPE = True, 51, 0, _PasswordsSet
    _DELETED = (("user", CompactString("utf-8")), ("mechanism", Int8))
    _SET = (*_DELETED, ("iterations", Int32), ("salt", CompactBytes), ("salted", CompactBytes))
    SCHEMA = Schema(
        ("deleted", CompactArray(*_DELETED, ("tags", TaggedFields))),
        ("set", CompactArray(*_SET, ("tags", TaggedFields))),
        ("tags", TaggedFields),
    )


class _Password(Request[_SetPasswords]):
    API_KEY = 51

    def __init__(self, user: str, mechanism: str, password: str) -> None:
        number, algorithm = _HASHES[mechanism]
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, _ITERATIONS)
        self._entry = (user, number, _ITERATIONS, salt, salted, {})

    def build(self, request_struct_class: type[_SetPasswords]) -> _SetPasswords:
        return request_struct_class([], [self._entry], {})


class _Allow(Request[CreateAclsRequest_v1]):
    API_KEY = 30

    def __init__(self, user: str, rights: Iterable[Right]) -> None:
        self._entries = [
            (
                _ON[right.on],
                right.name,
                _PREFIXED if right.prefixed else _LITERAL,
                f"User:{user}",
                "*",
                _OPERATIONS[operation],
                _ALLOW,
            )
            for right in rights
            for operation in right.operations
        ]

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class(self._entries)


async def set_password(admin: AIOKafkaAdminClient, user: str, password: str, *, mechanism: str) -> None:
    """With this mechanism the user signs in with this password from now on."""
    answer = await admin._send_to_controller(_Password(user, mechanism, password))
    for _, code, message, *_ in answer.results:
        if code:
            raise for_code(code)(message)


async def allow(admin: AIOKafkaAdminClient, user: str, rights: Iterable[Right]) -> None:
    """The user may do this, besides what was allowed before."""
    answer = await admin._send_to_controller(_Allow(user, rights))
    for code, message in answer.creation_responses:
        if code:
            raise for_code(code)(message)
