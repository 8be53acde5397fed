"""Which experience a command means."""

from typing import Any

import pytest

from cli.client import Api, Refused
from cli.imports import find_experience

AUTUMN = {"id": "1", "name": "Autumn"}
TWICE = [{"id": "2", "name": "Spring"}, {"id": "3", "name": "Spring"}]


class ApiWith(Api):
    """An installation with these experiences."""

    def __init__(self, *experiences: dict[str, str]) -> None:
        self._experiences = experiences

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return {"items": self._experiences}


@pytest.mark.parametrize("wanted", ["Autumn", "1"])
def test_an_experience_is_found_by_name_and_by_id(wanted: str) -> None:
    assert find_experience(ApiWith(AUTUMN, *TWICE), wanted) == "1"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("Atumn", "No experience of yours is called “Atumn”."), ("Spring", "2 experiences of yours are called “Spring”.")],
)
def test_a_name_that_means_none_or_several_is_said_with_those_there_are(wanted: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        find_experience(ApiWith(AUTUMN, *TWICE), wanted)
    assert "Autumn (1), Spring (2), Spring (3)" in str(refused.value)
