"""All pages, for the app to mount."""

from fastapi import FastAPI

from services.intake.pages import (
    audit,
    dead_letters,
    experiences,
    help,
    imports,
    one_import,
    operations,
    replay,
    static_files,
    webhooks,
)
from services.intake.pages.errors import show_errors_on_pages


def add_pages(app: FastAPI) -> None:
    """Mount the pages beside the API. Comes after the app's error handlers, because it writes their answers for people."""
    for part in (
        experiences,
        imports,
        one_import,
        operations,
        audit,
        replay,
        dead_letters,
        webhooks,
        help,
        static_files,
    ):
        app.include_router(part.router)
    show_errors_on_pages(app)
