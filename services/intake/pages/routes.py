"""All pages, for the app to mount."""

from fastapi import FastAPI

from services.intake.pages import experiences, help, imports, one_import, static_files, webhooks
from services.intake.pages.errors import show_errors_on_pages


def add_pages(app: FastAPI) -> None:
    """Mount the pages beside the API. Comes after the app's error handlers, because it writes their answers for people."""
    for part in (experiences, imports, one_import, webhooks, help, static_files):
        app.include_router(part.router)
    show_errors_on_pages(app)
