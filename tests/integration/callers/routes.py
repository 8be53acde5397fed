"""Who may use which route of the running apps. A route that is not declared here fails the tests."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any


class Guard(StrEnum):
    """How a route treats callers it does not serve."""

    OPEN = "open"  # serves everybody
    API_KNOWN = "api known"  # 401 for who is nobody
    API_PLATFORM = "api platform"  # and 403 for who is no platform administrator
    API_MINE = "api mine"  # and 404 for who is no administrator of the experience
    PAGE_KNOWN = "page known"  # to the sign-in page for who is nobody
    PAGE_MINE = "page mine"  # and 404
    PAGE_PLATFORM = "page platform"  # and 404 for who is no platform administrator
    DIRECTORY = "directory"  # 401 for who has not the directory's token


def declared(guard: Guard, routes: str) -> dict[str, Guard]:
    return dict.fromkeys((line.strip() for line in routes.strip().splitlines()), guard)


HEALTH = declared(Guard.OPEN, "GET /livez\nGET /readyz\nGET /metrics")
INTAKE = HEALTH | declared(
    Guard.OPEN, """
    GET /api/v1/openapi.json
    GET /api/v1/docs
    GET /help
    GET /welcome
    GET /sign-in
    GET /sign-in/link
    POST /sign-in/link
    GET /sign-in/oidc
    GET /sign-in/oidc/back
    GET /signed-out
    POST /sign-out
    POST /sign-out-everywhere
    GET /static/{_version}/{name}
    """,
) | declared(
    Guard.API_KNOWN, """
    GET /api/v1/experiences
    GET /api/v1/import-types
    GET /api/v1/import-types/{name}/template.csv
    """,
) | declared(
    Guard.API_PLATFORM, """
    POST /api/v1/experiences
    """,
) | declared(
    Guard.API_MINE, """
    PUT /api/v1/experiences/{experience_id}/administrators/{email}
    GET /api/v1/experiences/{experience_id}/audit
    GET /api/v1/experiences/{experience_id}/imports
    POST /api/v1/experiences/{experience_id}/imports
    GET /api/v1/imports/{import_id}
    POST /api/v1/imports/{import_id}/run
    POST /api/v1/imports/{import_id}/cancel
    POST /api/v1/imports/{import_id}/emails/release
    POST /api/v1/imports/{import_id}/emails/resend
    GET /api/v1/imports/{import_id}/records
    GET /api/v1/imports/{import_id}/records.csv
    GET /api/v1/imports/{import_id}/events
    GET /api/v1/experiences/{experience_id}/webhooks
    POST /api/v1/experiences/{experience_id}/webhooks
    GET /api/v1/experiences/{experience_id}/webhooks/{webhook_id}
    DELETE /api/v1/experiences/{experience_id}/webhooks/{webhook_id}
    GET /api/v1/experiences/{experience_id}/webhooks/{webhook_id}/attempts
    POST /api/v1/experiences/{experience_id}/webhooks/{webhook_id}/test
    POST /api/v1/experiences/{experience_id}/webhooks/{webhook_id}/deliveries
    POST /api/v1/experiences/{experience_id}/webhooks/{webhook_id}/secret
    POST /api/v1/experiences/{experience_id}/webhooks/{webhook_id}/on
    POST /api/v1/experiences/{experience_id}/webhooks/{webhook_id}/off
    """,
) | declared(
    Guard.PAGE_KNOWN, """
    GET /
    GET /account
    """,
) | declared(
    Guard.PAGE_PLATFORM, """
    GET /operations
    GET /operations/audit
    POST /operations/audit
    GET /operations/dead-letters
    GET /operations/dead-letters/replay
    POST /operations/dead-letters/replay
    GET /operations/dead-letters/{topic}/{offset}
    POST /operations/dead-letters/{topic}/{offset}
    """,
) | declared(
    Guard.PAGE_MINE, """
    GET /experiences/{experience_id}
    GET /experiences/{experience_id}/settings
    GET /experiences/{experience_id}/settings/imports
    POST /experiences/{experience_id}/settings/imports
    GET /experiences/{experience_id}/settings/imports/new
    GET /experiences/{experience_id}/settings/audit
    GET /experiences/{experience_id}/settings/webhooks
    POST /experiences/{experience_id}/settings/webhooks
    GET /experiences/{experience_id}/settings/webhooks/{webhook_id}
    POST /experiences/{experience_id}/settings/webhooks/{webhook_id}/test
    POST /experiences/{experience_id}/settings/webhooks/{webhook_id}/deliveries
    POST /experiences/{experience_id}/settings/webhooks/{webhook_id}/secret
    POST /experiences/{experience_id}/settings/webhooks/{webhook_id}/on
    POST /experiences/{experience_id}/settings/webhooks/{webhook_id}/off
    GET /experiences/{experience_id}/settings/webhooks/{webhook_id}/delete
    POST /experiences/{experience_id}/settings/webhooks/{webhook_id}/delete
    GET /imports/{import_id}
    POST /imports/{import_id}/records
    GET /imports/{import_id}/run
    POST /imports/{import_id}/run
    GET /imports/{import_id}/cancel
    POST /imports/{import_id}/cancel
    GET /imports/{import_id}/emails/release
    POST /imports/{import_id}/emails/release
    GET /imports/{import_id}/emails/resend
    POST /imports/{import_id}/emails/resend
    """,
)  # fmt: skip
DIRECTORY = declared(Guard.OPEN, "GET /openapi.json") | declared(
    Guard.DIRECTORY, """
    GET /api/v1/accounts
    POST /api/v1/accounts/find
    GET /api/v1/accounts/{account_id}
    GET /api/v1/experiences/{experience_id}/memberships
    """,
)  # fmt: skip


def routes_of(routes: Iterable[Any]) -> Iterator[str]:
    """`METHOD /path` for each that the app answers, however deep its router is included."""
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from routes_of(route.effective_candidates())
        else:
            yield from (f"{method} {_pattern(route.path)}" for method in route.methods - {"HEAD"})


def _pattern(path: str) -> str:
    return path.replace(":id}", "}")


def under(matrix: dict[str, Guard], *guards: Guard) -> list[str]:
    return [route for route, guard in matrix.items() if guard in guards]
