"""A client that says what it likes, as slowly as it likes."""

import socket
from urllib.parse import urlsplit

from tests.integration.callers.world import Intake

BOUND = 60.0  # seconds, for what ends by itself


def connect(intake: Intake) -> socket.socket:
    address = urlsplit(intake.base_url)
    return socket.create_connection((address.hostname, address.port), timeout=BOUND)


def answer_of(client: socket.socket) -> bytes:
    """All that comes until the server closes; a server that never does fails the test."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def upload_head(intake: Intake, length: int) -> bytes:
    path = f"/api/v1/experiences/{intake.people['experience_id']}/imports"
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {intake.people['token']}\r\n"
        f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {length}\r\n\r\n"
        '--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nEmail\r\n'
    ).encode()
