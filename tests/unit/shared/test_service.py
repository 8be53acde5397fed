from functools import partial

from shared.service import _name_of


async def relay(where: str) -> None: ...


async def index(where: str) -> None: ...


def test_two_loops_with_arguments_have_names_of_their_own() -> None:
    assert _name_of(partial(relay, "here")) == "relay"
    assert _name_of(partial(index, "here")) == "index"
    assert _name_of(relay) == "relay"
