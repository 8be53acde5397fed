"""Where somebody goes after signing in. Never to another site, however the address is dressed up."""

from urllib.parse import urlsplit

HOME = "/"
_LONGEST = 1000  # it travels in a cookie to the provider and back


def local_address(wanted: str | None) -> str:
    """The address if it is a page of ours, else the first page. Browsers drop tabs and line breaks and read `\\` as `/`,
    so an address with any of them is none of ours."""
    if not wanted or len(wanted) > _LONGEST or not wanted.startswith("/") or wanted.startswith("//"):
        return HOME
    if "\\" in wanted or not wanted.isascii() or not wanted.isprintable() or " " in wanted:
        return HOME
    if urlsplit(wanted).path.startswith(
        ("/sign-in", "/sign-out", "/signed-out", "/api/")
    ):  # would lead round in a circle
        return HOME
    return wanted
