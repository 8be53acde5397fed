"""One POST to a webhook's address: bounded in time and size, to exactly the address that was judged, following nobody."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import httpx

from services.intake.webhooks.addresses import Guard, NotCallable, read_url

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 4.0  # per address; a host has several
MOST_ANSWER_BYTES = 16_384  # are read, and forgotten
GONE = 410


class SendError(StrEnum):
    """Why there was no answer."""

    NO_PUBLIC_ADDRESS = "no_public_address"  # the host is unknown, or internal now
    NO_CONNECTION = "no_connection"
    NOT_SECURE = "not_secure"  # TLS failed: no trusted certificate for this host
    NOT_HTTP = "not_http"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a POST: a status, or an error."""

    status: int | None = None
    error: SendError | None = None

    @property
    def accepted(self) -> bool:
        """The receiver has it."""
        return self.status is not None and 200 <= self.status < 300


class Poster:
    """Posts to receivers. Each POST has a connection and a client of its own: nothing is shared between receivers."""

    def __init__(
        self, guard: Guard, *, total_seconds: float = TOTAL_SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        self._guard = guard
        self._total_seconds = total_seconds
        self._tls = tls or httpx.create_ssl_context()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once. A status counts as soon as it is there; what follows it is read only to be polite."""
        statuses: list[int] = []
        try:
            async with asyncio.timeout(self._total_seconds):
                await self._post(read_url(url), body, headers, statuses=statuses)
        except (NotCallable, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(status=statuses[0]) if statuses else Answer(error=_kind(error))
        return Answer(status=statuses[0])

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str], *, statuses: list[int]) -> None:
        addresses = await self._guard.addresses(url)
        for address in addresses:
            try:
                return await self._post_to(address, url, body, headers, statuses=statuses)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise

    async def _post_to(
        self, address: str, url: httpx.URL, body: bytes, headers: Mapping[str, str], *, statuses: list[int]
    ) -> None:
        """To this address and no other, whatever the host's name leads to by now; TLS and the receiver still see the name."""
        async with httpx.AsyncClient(
            verify=self._tls, trust_env=False, follow_redirects=False,
            timeout=httpx.Timeout(self._total_seconds, connect=CONNECT_SECONDS),
        ) as client, client.stream(
            "POST", url.copy_with(host=address), content=body,
            headers={"Host": url.netloc.decode(), "Content-Type": "application/json", "Accept-Encoding": "identity",
                     "User-Agent": "Rollcall-Webhooks", **headers},
            extensions={"sni_hostname": url.raw_host.decode()},
        ) as response:  # fmt: skip
            statuses.append(response.status_code)
            await _read_a_little(response)


async def _read_a_little(response: httpx.Response) -> None:
    read = 0
    async for part in response.aiter_raw():
        read += len(part)
        if read > MOST_ANSWER_BYTES:
            return


def _kind(error: BaseException) -> SendError:
    match error:
        case NotCallable():
            return SendError.NO_PUBLIC_ADDRESS
        case TimeoutError() | httpx.TimeoutException():
            return SendError.TIMEOUT
        case httpx.ConnectError() if _is_tls(error):
            return SendError.NOT_SECURE
        case httpx.ConnectError() | OSError():
            return SendError.NO_CONNECTION
        case _:
            return SendError.NOT_HTTP


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
