"""A mail server inside a test."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where the server answers, and the folder in which it keeps every mail."""

    host: str
    port: int
    folder: Path

    def mails(self) -> list[EmailMessage]:
        """The mails so far, in the order in which they came."""
        return [
            message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in sorted(self.folder.glob("[!.]*.eml"))
        ]
