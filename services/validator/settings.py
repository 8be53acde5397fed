"""What an operator can set for the validator."""

from typing import Self

from pydantic import Field, model_validator

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """How long the validator remembers what it needs no more."""

    seen_days: float = Field(
        30.0,
        gt=0,
        description="For how many days the emails seen of an import are remembered that never becomes ready and never ends.",
    )
    gone_days: float = Field(
        30.0,
        gt=0,
        description="For how many days it is remembered that an account or membership is gone, or an import over. At least a "
        "day longer than any topic of rows or results keeps its records and dead letters.",
    )

    @model_validator(mode="after")
    def _remembers_longer_than_topics(self) -> Self:
        if self.gone_days <= self.told_again_days:
            raise ValueError("gone_days must be more than a day longer than topics keep records and dead letters")
        return self
