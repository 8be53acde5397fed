"""A mail server that delivers nothing: every mail becomes an .eml file in a folder. To see what happens when mails fail, write
parts of addresses into the file `refused` beside them, one a line: their mails are refused until you remove it.

Run as `python -m cli.local.inbox PORT FOLDER`."""

import asyncio
import os
import signal
import sys
import time
import uuid
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from cli.local.part import Part
from cli.local.ports import HOST

_LARGEST_MAIL = 10_000_000  # bytes


class Inbox:
    """Takes every mail, for anyone who is not refused, and keeps it as it came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the address, or refuse it for good."""
        if any(part in address for part in self._refused()):
            return "550 Refused here, as the file `refused` says"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def _refused(self) -> list[str]:
        try:
            return (self._folder / "refused").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Write the mail under a name that sorts by arrival; readers see whole files only."""
        mail = self._folder / f"{time.time_ns()}-{uuid.uuid4().hex[:8]}.eml"
        content = envelope.original_content
        draft_of(mail).write_bytes(content if content is not None else b"")
        os.replace(draft_of(mail), mail)
        return "250 Kept"


def draft_of(mail: Path) -> Path:
    """Where a mail is written until it is whole. No `*.eml`: Python's globs find hidden files too."""
    return mail.with_suffix(".draft")


async def serve_inbox(folder: Path, port: int, host: str = HOST) -> asyncio.Server:
    """An SMTP server that writes into the folder; port 0 chooses a free one."""
    inbox = Inbox(folder)
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(inbox, enable_SMTPUTF8=True, data_size_limit=_LARGEST_MAIL, hostname="inbox.invalid"), host, port
    )


def inbox_part(folder: Path, *, port: int, log: Path, checkout: Path) -> Part:
    """The inbox as a process of its own."""
    return Part(
        name="inbox", command=[sys.executable, "-m", "cli.local.inbox", str(port), folder],
        folder=checkout, log=log, ready=lambda: _answers(port),
    )  # fmt: skip


async def _answers(port: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        await reader.readline()
    finally:
        writer.close()


async def _main(port: int, folder: Path) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with await serve_inbox(folder, port):
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2])))
