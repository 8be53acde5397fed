"""The bytes of a mail with a text and an HTML side. Written out here because `email.message` takes 3 ms per mail, a
hundred times as long; the tests read the result back with it."""

from binascii import b2a_qp
from collections.abc import Iterable
from email.header import Header

from services.notifier.mails import one_line

# "=_" never occurs in quoted-printable text, so no body can hold the boundary.
_BOUNDARY = "=_rollcall_=_alternative"
_LONGEST_PLAIN = 200  # characters of a header value; longer ones are folded as encoded words


def phrase(name: str) -> str:
    """A display name, as it may stand before an address."""
    name = one_line(name)
    if _needs_encoding(name):
        return _encoded(name)
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' if name else ""


def unstructured(value: str) -> str:
    """Free text such as a subject, as it may stand in a header."""
    value = one_line(value)
    return _encoded(value) if _needs_encoding(value) else value


def message_bytes(headers: Iterable[tuple[str, str]], *, text: str, html: str) -> bytes:
    """A multipart/alternative message, lines ended by CRLF. Header values must come from the functions above."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return b"".join(
        (
            head.encode(),
            b"MIME-Version: 1.0\r\n",
            f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'.encode(),
            _part("plain", text),
            _part("html", html),
            f"--{_BOUNDARY}--\r\n".encode(),
        )
    )


def _part(subtype: str, content: str) -> bytes:
    lines = "\r\n".join(content.splitlines()) + "\r\n"
    return (
        f"--{_BOUNDARY}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + b2a_qp(lines.encode(), istext=True)


def _needs_encoding(value: str) -> bool:
    # "=?" in a plain value would be read as an encoded word, and so as anything its writer likes.
    return not value.isascii() or "=?" in value or len(value) > _LONGEST_PLAIN


def _encoded(value: str) -> str:
    return Header(value, "utf-8", maxlinelen=66).encode(linesep="\r\n")
