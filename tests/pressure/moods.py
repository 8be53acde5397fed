"""A mail server with moods: slow, full, busy, mute, and particular about addresses."""

import asyncio
import math
from collections import Counter
from enum import StrEnum

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.integration.notifier.post_office import PostOffice, Reply


class Mood(StrEnum):
    """What whoever connects meets."""

    WELL = "well"
    BUSY = "busy"  # 421, and the connection ends
    MUTE = "mute"  # the connection stays open and nothing is said


class MoodyOffice(PostOffice):
    """Answers by what stands in an address, instead of by turns."""

    def __init__(self) -> None:
        super().__init__()
        self.mood = Mood.WELL
        self.seconds_per_mail = 0.0  # one mail at a time, whoever brings it
        self.most = math.inf  # mails that it takes, all in all, and up to three that are half there by then
        self.for_recipients: dict[str, Reply] = {}  # part of an address: what RCPT is answered
        self.for_mails: dict[str, Reply] = {}  # part of an address: what the end of DATA is answered
        self.greylisted = ""  # addresses with this in them are taken at their second time
        self.seen: Counter[str] = Counter()  # addresses that were asked for
        self._one_at_a_time = asyncio.Lock()

    def hang_up(self) -> None:
        """End the connections that are open."""
        for transport in self._open:
            transport.abort()
        self._open.clear()

    def _connection(self) -> asyncio.Protocol:
        return super()._connection() if self.mood is Mood.WELL else _Unwelcome(self.mood)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options) -> str:  # noqa: N802 - aiosmtpd calls it so
        if len(self.mails) >= self.most:
            return "421 4.3.2 Full for now, come again"
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options) -> str:  # noqa: N802 - aiosmtpd calls it so
        self.seen[address] += 1
        if self.greylisted and self.greylisted in address and self.seen[address] == 1:
            return "451 4.7.1 Greylisted, come again"
        self.to_recipient.extend(reply for part, reply in self.for_recipients.items() if part in address)
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        async with self._one_at_a_time:
            await asyncio.sleep(self.seconds_per_mail)
        self.to_mail.extend(reply for part, reply in self.for_mails.items() if part in envelope.rcpt_tos[0])
        return await super().handle_DATA(server, session, envelope)


class _Unwelcome(asyncio.Protocol):
    """One connection in a bad mood."""

    def __init__(self, mood: Mood) -> None:
        self._mood = mood

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._mood is Mood.BUSY:
            transport.write(b"421 4.3.2 Too busy, come again\r\n")
            transport.close()
