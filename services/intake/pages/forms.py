"""Reads small forms as browsers send them. Files stream elsewhere (receive_file)."""

from urllib.parse import parse_qsl

from fastapi import Request

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 50


async def read_form(request: Request) -> dict[str, str]:
    """The form's fields; empty when the body is no such form. May be asked any number of times."""
    if not hasattr(request.state, "form"):
        request.state.form = await _read(request)
    form: dict[str, str] = request.state.form
    return form


async def _read(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return {}
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:  # too many fields, or not UTF-8
        return {}
