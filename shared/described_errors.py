"""An HTTP API whose OpenAPI document says which errors can come where, in the form in which they come: problem details (RFC 9457)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FORM = "application/problem+json"
_DESCRIPTIONS = {
    401: "No token, or one that does not work.",
    403: "Not for you; or a session without its CSRF token in `X-CSRF-Token` (`auth.csrf`).",
    404: "Unknown, or not yours.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    422: "Something in the request is not right.",
    503: "The service cannot answer right now; `Retry-After` says when to come back.",
}
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")  # it would describe 422 by them


class ProblemDetails(BaseModel):
    """An error (RFC 9457, application/problem+json)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened and what to do.")
    code: str = Field(description="Stable.")


class DescribedApi(FastAPI):
    """FastAPI, with a document that follows the routes: an error cannot be forgotten."""

    refuses_changes = False  # may a caller who is known, and sees the thing, be refused a change?

    def openapi(self) -> dict[str, Any]:
        """The document."""
        if self.openapi_schema is None:
            document = super().openapi()
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _describe(operation["responses"], self._possible(method, path, operation))
            schemas = document["components"]["schemas"]
            for name in _FRAMEWORKS_OWN:
                schemas.pop(name, None)
            schemas["ProblemDetails"] = ProblemDetails.model_json_schema()
        return super().openapi()

    def allow(self, scope: Scope) -> str:
        """The methods that the request's address takes, for the header of a 405. The framework names those of one route."""
        tried = ({**scope, "method": method} for method in _METHODS)
        return ", ".join(str(one["method"]) for one in tried if _is_taken(self.routes, one))

    def _possible(self, method: str, path: str, operation: Mapping[str, Any]) -> Iterator[int]:
        yield from (401, 503)
        if method != "get" and self.refuses_changes:
            yield 403
        if "{" in path:
            yield 404
        if "requestBody" in operation:
            yield from (408, 413, 422)
        if operation.get("parameters"):
            yield 422


def _is_taken(routes: Sequence[BaseRoute], scope: Scope) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def _describe(responses: dict[str, Any], possible: Iterator[int]) -> None:
    for status in possible:
        responses.setdefault(str(status), {"description": _DESCRIPTIONS[status]})
    for code, response in responses.items():
        if code >= "400":
            response["content"] = {_FORM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
