"""Settings of intake. Each stands beside a sentence that says what it changes."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.intake.webhooks.addresses import Allowed
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What intake needs besides broker and database: where files live, what is refused, how reading and repair go."""

    base_url: str = Field(
        "http://127.0.0.1:8000", description="Address under which people reach the pages; links in mails start with it."
    )
    platform_url: str = Field(
        "",
        description="Where learners sign in; the page that welcome mails lead to goes on to it. Empty: it says whom to ask.",
    )
    file_store_url: str = Field(
        description="Where source files are kept: `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or "
        "`az://account/container/prefix`; access keys come from the provider's usual variables."
    )
    upload_max_bytes: int = Field(
        100_000_000, gt=0, description="Largest source file, in bytes; a larger one is refused while it streams in."
    )
    upload_max_rows: int = Field(1_000_000, gt=0, description="Most rows of a source file; a longer one is rejected.")
    reading_window: int = Field(
        10_000,
        gt=0,
        description="How many rows may be under way at once, shared by the imports at work, so that a large one does not delay a small one.",
    )
    repair_after_seconds: float = Field(
        30.0, gt=0, description="Seconds without any progress after which rows without an answer are published again."
    )
    repair_tries: int = Field(
        3, gt=0, description="How often that is tried before such records get the problem `internal.no_answer`."
    )
    session_secret: SecretStr | None = Field(
        None,
        description="What session cookies are signed with; a new one signs everybody out. Empty: one that the database made.",
    )
    session_hours: int = Field(12, gt=0, description="How long somebody stays signed in, in hours.")
    oidc_issuer: str = Field(
        "",
        description="OpenID Connect provider that people sign in with, by its issuer: `https://login.example.org`. Empty: only "
        "links from `rollcall sign-in-link`. Its way back is `<base_url>/sign-in/oidc/back`.",
    )
    oidc_client_id: str = Field("", description="What the provider calls this installation.")
    oidc_client_secret: SecretStr | None = Field(None, description="What this installation proves itself with there.")
    oidc_trust_unverified_email: bool = Field(
        False,
        description="Believe an address that the provider does not call verified. Only for a provider that itself gives out its "
        "people's addresses, such as your own directory: where people enter any address, anybody could be anybody.",
    )
    sign_ins_per_minute: int = Field(
        60,
        gt=0,
        description="How often one network address may try to sign in (a link takes two tries: its page and its button). Behind a proxy, uvicorn's variable "
        "`FORWARDED_ALLOW_IPS` says whose word on the address counts.",
    )
    never_run_days: float = Field(
        90.0, gt=0, description="After how many days an import that is ready and that nobody runs is cancelled."
    )
    source_file_days: float = Field(
        90.0, gt=0, description="For how many days after its import is over a source file is kept."
    )
    record_days: float = Field(
        180.0,
        gt=0,
        description="For how many days after an import is over its records are kept; its counts stay. A day longer than topics "
        "keep records and dead letters, and shorter than the provisioner's `ROLLCALL_ANSWER_DAYS`.",
    )
    sign_in_days: float = Field(
        1.0, gt=0, description="For how many days sessions and sign-in links are kept that work no more."
    )
    audit_log_days: float = Field(730.0, gt=0, description="For how many days the audit log says who did what.")
    uploads_per_minute: int = Field(60, gt=0, description="How many source files one person may upload in a minute.")

    webhooks_allow: str = Field(
        "",
        description="Hosts and networks that webhooks may call though they are not on the internet, and over http too: "
        "`hooks.example.internal, 10.2.0.0/16`. Whoever administers an experience can then reach them. Empty: none.",
    )

    @field_validator("webhooks_allow")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        Allowed.read(text)
        return text

    @model_validator(mode="after")
    def _keeps_records_longer_than_topics(self) -> Self:
        if self.record_days <= self.told_again_days:
            raise ValueError("record_days must be more than a day longer than topics keep records and dead letters")
        return self

    @model_validator(mode="after")
    def _client_is_named(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("with oidc_issuer, oidc_client_id must be set too")
        return self
