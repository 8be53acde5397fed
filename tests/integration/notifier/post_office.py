"""A mail server that answers as a test tells it to, and keeps what it took."""

import asyncio
import ssl
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import Enum

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Silence(Enum):
    """Instead of an answer."""

    HANG = "hang"  # the connection stays open and nothing is said
    DROP = "drop"  # the connection ends


Reply = str | Silence


class PostOffice:
    """The next replies to MAIL, to RCPT and to the end of DATA; once they are used up, everything is taken."""

    def __init__(self, tls: ssl.SSLContext | None = None, **options: object) -> None:
        self.to_sender: deque[str] = deque()
        self.to_recipient: deque[Reply] = deque()
        self.to_mail: deque[Reply] = deque()
        self.keeps_unanswered = True  # whether a mail is kept although its answer is a silence
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.mail_options: list[list[str]] = []
        self.connections = 0
        self.port = 0
        self._tls = tls  # from the first byte on
        self._options = {"enable_SMTPUTF8": True, **options}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    async def open(self) -> None:
        """Listen, on the port of the last time."""
        self._server = await asyncio.get_running_loop().create_server(self._connection, HOST, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for transport in self._open:
            transport.abort()
        self._open.clear()
        await asyncio.sleep(0)

    def _connection(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="post.example", **self._options)

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses):  # noqa: N802 - aiosmtpd calls it so
        self._open.add(server.transport)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options) -> str:  # noqa: N802 - aiosmtpd calls it so
        reply = self.to_sender.popleft() if self.to_sender else "250 fine"
        if reply.startswith("250"):
            envelope.mail_from, envelope.mail_options = address, options
        return reply

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options) -> str:  # noqa: N802 - aiosmtpd calls it so
        reply = self.to_recipient.popleft() if self.to_recipient else "250 fine"
        if isinstance(reply, Silence):
            return await self._be_silent(server, reply)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        reply = self.to_mail.popleft() if self.to_mail else "250 kept"
        if (isinstance(reply, Silence) and self.keeps_unanswered) or str(reply).startswith("250"):
            self.mails.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
            self.recipients += envelope.rcpt_tos
            self.mail_options.append(list(envelope.mail_options))
        return await self._be_silent(server, reply) if isinstance(reply, Silence) else reply

    async def _be_silent(self, server: SMTP, silence: Silence) -> str:
        if silence is Silence.DROP:
            server.transport.abort()
            self._open.discard(server.transport)
        await asyncio.Event().wait()  # until the connection ends
        return ""
