"""The provisioner's settings: what every service needs, who may read the directory, how long answers are kept."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from `ROLLCALL_*` variables."""

    directory_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token that opens the provisioner's read-only directory API. It is the only key to all accounts; "
        "make it long and random. Not set: the API is off and answers 404.",
    )
    answer_days: float = Field(
        210.0,
        gt=0,
        description="For how many days the answer about each record is kept, so that a record that comes again changes nothing. "
        "Longer than intake's `ROLLCALL_RECORD_DAYS`, and a day longer than topics keep records and dead letters.",
    )

    @model_validator(mode="after")
    def _remembers_longer_than_topics(self) -> Self:
        if self.answer_days <= self.told_again_days:
            raise ValueError("answer_days must be more than a day longer than topics keep records and dead letters")
        return self
