"""A person who asks again because no answer came is told "409" of what the first call did."""

import httpx
import pytest

from .person import Person

Answer = int | type[httpx.HTTPError]


@pytest.mark.parametrize(
    ("answers", "did_something"),
    [
        ((202,), True),
        ((409,), False),
        ((httpx.ReadTimeout, 202), True),
        ((httpx.ReadTimeout, 409), True),
        ((503, 409), True),
        ((httpx.ReadTimeout, 404), False),
    ],
)
async def test_whether_a_button_did_something(answers: tuple[Answer, ...], did_something: bool) -> None:
    left = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        now = left.pop(0)
        if isinstance(now, int):
            return httpx.Response(now)
        raise now("late")

    person = Person("http://intake.test", "token")
    await person.close()
    person._http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://intake.test")
    assert await person.press("one", "run") is did_something
    assert not left
    await person.close()
