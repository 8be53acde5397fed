"""`rollcall release-mails` and `resend-mails`: welcome mails of an import that a person asks for."""

from typing import Annotated

import typer

from cli.client import connect
from cli.imports import JsonOption, ServerOption, TokenOption, show_import


def release_mails(
    import_id: Annotated[str, typer.Argument(help="The import.")],
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Let the welcome mails go out that an import holds."""
    show_import(connect(server, token).post(f"/imports/{import_id}/emails/release"), as_json=as_json)


def resend_mails(
    import_id: Annotated[str, typer.Argument(help="The import.")],
    as_json: JsonOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Try the welcome mails of an import again that failed."""
    show_import(connect(server, token).post(f"/imports/{import_id}/emails/resend"), as_json=as_json)
