"""Connections to the mail server, kept open from mail to mail."""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPDataError, SMTPException, SMTPNotSupported, SMTPServerDisconnected

from services.notifier.answers import Answer, Step, Trouble, Verdict, judge, judge_connection
from services.notifier.compose import Letter
from services.notifier.settings import Settings

MOST_MAILS = 100  # through one connection; mail servers grow suspicious of longer ones
LONGEST_IDLE_SECONDS = 30.0
ASK_AFTER_SECONDS = 5.0  # of silence, whether the connection still lives
_DOT = re.compile(rb"(?m)^\.")
_GO_AHEAD, _DONE = 354, 250


class NoConnectionError(Exception):
    """The mail server cannot be reached or does not let us in; no mail is to blame."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


class Connection:
    """One connection, used for one mail at a time."""

    def __init__(self, client: SMTP, *, seconds: float, answer_seconds: float) -> None:
        self._client = client
        self._answer_seconds = answer_seconds
        self._limit = 6 * seconds + answer_seconds  # each step has its own limit; this one holds whatever happens
        self.mails = 0
        self.used_at = time.monotonic()

    @property
    def worn_out(self) -> bool:
        """Closed, or better not used again."""
        idle = time.monotonic() - self.used_at
        return not self._client.is_connected or self.mails >= MOST_MAILS or idle > LONGEST_IDLE_SECONDS

    async def answers(self) -> bool:
        """Whether it still lives. Only asked after a silence."""
        if time.monotonic() - self.used_at < ASK_AFTER_SECONDS:
            return True
        try:
            await self._client.noop()
        except (SMTPException, OSError):
            return False
        return True

    async def hand_over(self, letter: Letter) -> Answer:
        """Give one mail to the mail server. Errors are answers; only a cancellation is raised."""
        self.mails += 1
        progress = _Progress()
        try:
            async with asyncio.timeout(self._limit):
                await self._converse(letter, progress)
        except (SMTPException, OSError, ValueError) as error:
            answer = judge(progress.step, error, letter.recipient)
            await self._clear(answer)
            return answer
        finally:
            self.used_at = time.monotonic()
        return Answer(Verdict.SENT)

    async def _converse(self, letter: Letter, progress: "_Progress") -> None:
        client = self._client
        options, encoding = (["SMTPUTF8", "BODY=8BITMIME"], "utf-8") if letter.needs_smtputf8 else ([], "ascii")
        if letter.needs_smtputf8 and not client.supports_extension("smtputf8"):
            raise SMTPNotSupported("SMTPUTF8")
        await client.mail(letter.sender, options=options, encoding=encoding)
        progress.step = Step.RECIPIENT
        await client.rcpt(letter.recipient, encoding=encoding)
        progress.step = Step.DATA
        answer = await client.execute_command(b"DATA")
        if answer.code != _GO_AHEAD:
            raise SMTPDataError(answer.code, answer.message)
        # aiosmtplib's data() does not tell a silence before the mail is written from one after it. The first is harmless.
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        protocol.write(_DOT.sub(b"..", letter.message) + b".\r\n")
        progress.step = Step.ANSWER
        answer = await protocol.read_response(timeout=self._answer_seconds)
        if answer.code != _DONE:
            raise SMTPDataError(answer.code, answer.message)

    async def _clear(self, answer: Answer) -> None:
        """Leave nothing half done for the next mail."""
        if answer.trouble is Trouble.NONE:
            with suppress(SMTPException, OSError):
                await self._client.rset()
                return
        self.drop()

    def drop(self) -> None:
        """Close at once."""
        self._client.close()

    async def end(self) -> None:
        """Take leave and close."""
        with suppress(SMTPException, OSError):
            await self._client.quit(timeout=1)
        self.drop()


class _Progress:
    """How far a mail has come, for the one who catches the error."""

    step = Step.SENDER


class SmtpPool:
    """Idle connections, the one used last on top, so that few mails need few connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = (
            ssl.create_default_context(cafile=settings.smtp_ca_file or None) if settings.smtp_tls != "none" else None
        )
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection that works, for one mail. Raises NoConnectionError."""
        connection = await self._take()
        try:
            yield connection
        except BaseException:
            connection.drop()
            raise
        self._idle.append(connection)

    async def end_worn_out(self) -> None:
        """End connections that nobody used for a while."""
        await self._end_idle(lambda connection: connection.worn_out)

    async def close(self) -> None:
        """End all connections."""
        await self._end_idle(lambda _: True)

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.worn_out and await connection.answers():
                return connection
            await connection.end()
        return await self._open()

    async def _open(self) -> Connection:
        seconds = self._settings.smtp_seconds
        try:
            async with asyncio.timeout(4 * seconds):  # greeting, EHLO, TLS, sign-in
                client = _client(self._settings, self._tls)
                await client.connect()
                await client.ehlo()
        except (SMTPException, OSError) as error:
            code = getattr(error, "code", "")
            raise NoConnectionError(judge_connection(error), f"{type(error).__name__} {code}".strip()) from error
        return Connection(client, seconds=seconds, answer_seconds=self._settings.smtp_answer_seconds)

    async def _end_idle(self, chosen: Callable[[Connection], bool]) -> None:
        ending = [connection for connection in self._idle if chosen(connection)]
        self._idle = [connection for connection in self._idle if connection not in ending]
        for connection in ending:
            await connection.end()


def _client(settings: Settings, tls: ssl.SSLContext | None) -> SMTP:
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username or None,
        password=password if settings.smtp_username else None,
        local_hostname=socket.gethostname(),  # the library would ask DNS, which may hang
        timeout=settings.smtp_seconds,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
        tls_context=tls,
    )
