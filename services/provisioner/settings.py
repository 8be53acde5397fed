"""The provisioner's settings: what every service needs, and who may read the directory."""

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from `ROLLCALL_*` variables."""

    directory_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token that opens the provisioner's read-only directory API. It is the only key to all accounts; "
        "make it long and random. Not set: the API is off and answers 404.",
    )
