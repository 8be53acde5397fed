"""What an operator can set for the notifier, beside what every service has."""

from email.utils import parseaddr
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The mail server, the sender, the pace and the texts."""

    base_url: str = Field(
        "http://127.0.0.1:8000",
        description="Address of the web pages, as people reach them; links in mails start with it.",
    )
    smtp_host: str = Field("localhost", description="Mail server that takes the mails.")
    smtp_port: int = Field(25, description="Port of the mail server.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        "none", description="`starttls` (usually port 587), `tls` from the first byte (usually port 465), or `none`."
    )
    smtp_username: str = Field("", description="User at the mail server; empty: do not sign in.")
    smtp_password: SecretStr | None = Field(None, description="Password of the user at the mail server.")
    smtp_ca_file: str = Field(
        "", description="File with the certificate authority of the mail server; empty: the system's."
    )
    smtp_connections: int = Field(4, ge=1, le=100, description="Connections to the mail server, per replica.")
    smtp_seconds: float = Field(10.0, gt=0, description="How long the mail server may take for each step, in seconds.")
    smtp_answer_seconds: float = Field(
        60.0,
        gt=0,
        description="How long the mail server may take to say that it has a mail, in seconds; after that the mail is doubtful.",
    )
    mail_from: str = Field(
        "Rollcall <no-reply@localhost>", description="Sender of all mails: an address, or `Name <address>`."
    )
    mails_per_second: float = Field(100.0, ge=0, description="Most mails per second, per replica; 0: no limit.")
    mail_retry_seconds: float = Field(
        5.0,
        gt=0,
        description="Pause after a mail was put off by the mail server, in seconds; doubled each time up to an hour.",
    )
    mail_retry_hours: float = Field(
        24.0, ge=0, description="After how many hours of being put off a mail counts as failed."
    )
    address_days: float = Field(
        90.0,
        gt=0,
        description="For how many days after a mail was settled it is kept to whom it went. A mail that failed cannot be tried "
        "again after it.",
    )
    never_sent_days: float = Field(
        180.0,
        gt=0,
        description="After how many days a welcome mail that is held back is not sent any more and forgotten.",
    )
    templates_folder: str = Field(
        "",
        description="Folder with own mail texts: `welcome` and `finish`, each as `.subject.txt`, `.txt` and `.html`. "
        "What is not there is taken from Rollcall.",
    )

    @field_validator("mail_from")
    @classmethod
    def _an_address(cls, value: str) -> str:
        address = parseaddr(value)[1]
        local, _, domain = address.rpartition("@")
        if not (local and domain and address.isascii() and value.isprintable()):
            raise ValueError("must be an address in ASCII, or `Name <address>`")
        return value
