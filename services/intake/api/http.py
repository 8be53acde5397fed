"""The HTTP side of intake put together: routes under /api/v1, errors, the OpenAPI description."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import HTMLResponse

from services.intake.api import audit, events, experiences, import_types, imports, records, uploads, webhooks
from services.intake.api.access import get_caller
from services.intake.api.errors import answer_errors
from services.intake.deps import Deps
from services.intake.pages import oidc, sign_in
from services.intake.pages.headers import SecurityHeaders, guard_failures
from services.intake.pages.routes import add_pages
from services.intake.pages.sessions import SignInNeeded, go_to_sign_in, is_https
from services.intake.pages.signing import Signing
from services.intake.upload.upload_turns import UploadTurns
from services.intake.watch_imports import ImportWatches
from shared.described_errors import DescribedApi
from shared.http_bodies import LimitBodies

API = "/api/v1"
OPENAPI = f"{API}/openapi.json"

_ABOUT = """Bulk import of learners. Upload a file, look at what would happen to every row, run it.

Errors are problem details (RFC 9457) with a stable `code`. What is not yours is 404."""
_DOCS = f"""<!doctype html><html lang="en"><title>Rollcall API</title>
<p>The API is described by <a href="{OPENAPI}">its OpenAPI document</a>; open it in the viewer you like.</p></html>"""


def build_http(deps: Deps) -> FastAPI:
    """The app with all routes of the API; it takes nothing but `deps`."""
    app = DescribedApi(
        title="Rollcall", version="1", description=_ABOUT,
        openapi_url=OPENAPI, docs_url=None, redoc_url=None,
        redirect_slashes=False,  # such a redirect would believe the Host header
    )  # fmt: skip
    app.refuses_changes = True
    app.state.deps = deps
    app.state.upload_turns = UploadTurns()
    app.state.watches = ImportWatches(deps.pool)
    app.state.signing = Signing(deps.pool, deps.settings.session_secret)
    app.state.provider = oidc.open_provider(deps)
    app.add_middleware(LimitBodies, streams=uploads.is_upload)
    app.add_middleware(SecurityHeaders, https=is_https(deps.settings.base_url))
    answer_errors(app)
    app.exception_handler(SignInNeeded)(go_to_sign_in)
    # Access on the router too: a route that forgets to ask who is calling is closed all the same.
    api = APIRouter(prefix=API, dependencies=[Depends(get_caller)])
    for part in (experiences, audit, import_types, uploads, imports, records, events, webhooks):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(sign_in.router)
    app.include_router(oidc.router)
    app.add_api_route(f"{API}/docs", show_docs, response_class=HTMLResponse, include_in_schema=False)
    add_pages(app)
    guard_failures(app, https=is_https(deps.settings.base_url))
    return app


async def show_docs() -> str:
    """Where the description is. No viewer: it would load from other people's servers."""
    return _DOCS
