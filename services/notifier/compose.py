"""From a mail in the queue to the letter that is handed to the mail server. Texts are Jinja2 templates that an operator
can replace one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from services.notifier.addresses import AddressNotUsable, envelope_address
from services.notifier.mails import Mail, one_line
from services.notifier.mime import message_bytes, phrase, unstructured
from shared.clock import now
from shared.events import EmailKind

TEMPLATES = Path(__file__).parent / "templates"
OUTCOMES = ("created", "added", "unchanged", "failed", "skipped", "not_imported")  # they add up to the rows


class CannotCompose(ValueError):
    """The mail cannot be written. The message is for people and names nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the mail server gets."""

    sender: str
    recipient: str
    message: bytes

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the address has letters that only newer mail servers take."""
        return not self.recipient.isascii()


class Composer:
    """Writes letters from templates."""

    def __init__(self, *, base_url: str, mail_from: str, templates_folder: str = "") -> None:
        name, self._sender = parseaddr(mail_from)
        self._from = f"{phrase(name)} <{self._sender}>" if name else self._sender
        self._domain = self._sender.rpartition("@")[2]
        self._base_url = base_url.rstrip("/")
        folders = [Path(templates_folder), TEMPLATES] if templates_folder else [TEMPLATES]
        environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(enabled_extensions=("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates = {
            (kind, part): environment.get_template(f"{kind}.{part}")
            for kind in EmailKind
            for part in ("subject.txt", "txt", "html")
        }

    def compose(self, mail: Mail, at: datetime) -> Letter:
        """The letter for a mail; CannotCompose when its address or a template does not allow one."""
        try:
            recipient = envelope_address(mail.address)
            subject, text, html = self._render(mail)
        except AddressNotUsable as error:
            raise CannotCompose(str(error)) from error
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise CannotCompose(f"The {mail.kind} template cannot be filled ({type(error).__name__}).") from error
        name = phrase(full_name(mail))
        headers = (
            ("From", self._from),
            ("To", f"{name} <{recipient}>" if name else recipient),
            ("Subject", unstructured(subject)),
            ("Date", format_datetime(at)),
            ("Message-ID", f"<{mail.id}@{self._domain}>"),  # the same on every attempt, so that receivers see a double
            ("Auto-Submitted", "auto-generated"),
        )
        message = message_bytes(headers, text=text, html=html)
        return Letter(sender=self._sender, recipient=recipient, message=message)

    def check(self) -> None:
        """Fill every template once, so that a faulty one is found at the start. Raises CannotCompose."""
        for kind in EmailKind:
            self.compose(_sample(kind), now())

    def _render(self, mail: Mail) -> tuple[str, str, str]:
        words = self._words(mail)
        subject, text, html = (
            self._templates[mail.kind, part].render(words) for part in ("subject.txt", "txt", "html")
        )
        return one_line(subject), text, html

    def _words(self, mail: Mail) -> Mapping[str, Any]:
        counts = {outcome: mail.counts.get(outcome, 0) for outcome in OUTCOMES}
        way_in = urlencode(
            {"account": mail.account_id or "", "experience": mail.experience_id}
        )  # ids, no personal data
        return {
            "first_name": mail.first_name,
            "last_name": mail.last_name,
            "full_name": full_name(mail),
            "address": mail.address,
            "experience_name": mail.experience_name,
            "experience_id": mail.experience_id,
            "account_id": mail.account_id,
            "import_id": mail.import_id,
            "file_name": mail.file_name,
            "base_url": self._base_url,
            "link": f"{self._base_url}/welcome?{way_in}" if mail.kind is EmailKind.WELCOME else mail.review_url,
            "counts": counts,
            "imported": counts["created"] + counts["added"] + counts["unchanged"],
            "total": sum(counts.values()),
        }


def _sample(kind: EmailKind) -> Mail:
    return Mail(
        kind=kind, id="sample", import_id="", account_id=1, row=2, address="ada@example.org", first_name="Ada",
        last_name="Lovelace", attempts=0, tried_for=0.0, experience_id="", experience_name="Mathematics",
        file_name="learners.csv", review_url="", counts={},
    )  # fmt: skip


def full_name(mail: Mail) -> str:
    """First and last name, as far as known."""
    return f"{mail.first_name} {mail.last_name}".strip()
