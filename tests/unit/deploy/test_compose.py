"""docker-compose.yml cannot be run everywhere; what it says can be compared with what the code knows."""

import importlib
import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from cli.local.service_parts import SERVICES
from shared.settings import KafkaSettings

ROOT = Path(__file__).parents[3]
_HEADING = re.compile(r"^  (\w+):( #.*)?$")
_SETTING = re.compile(r"^      ROLLCALL_(\w+): (.+)$")


def parts() -> dict[str, list[str]]:
    """The lines of each service in the file."""
    found: dict[str, list[str]] = {}
    text = (ROOT / "docker-compose.yml").read_text().split("\nservices:\n")[1].split("\nvolumes:\n")[0]
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            found[heading[1]] = []
        elif line.strip():
            list(found.values())[-1].append(line)
    return found


def settings_in(part: str) -> dict[str, str]:
    return {match[1].lower(): match[2].strip('"') for line in parts()[part] if (match := _SETTING.match(line))}


def settings_of(service: str) -> type[BaseSettings]:
    return importlib.import_module(f"services.{service}.settings").Settings  # type: ignore[no-any-return]


def test_compose_has_every_service_and_what_it_stands_on() -> None:
    assert set(parts()) == {*SERVICES, "topics", "kafka", "postgres", "mailpit"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_settings_that_it_has(service: str) -> None:
    assert set(settings_in(service)) <= set(settings_of(service).model_fields)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_every_setting_that_has_no_default(service: str) -> None:
    needed = {name for name, field in settings_of(service).model_fields.items() if field.is_required()}
    assert needed <= set(settings_in(service))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_uses_its_own_database(service: str) -> None:
    url = settings_in(service)["database_url"]
    assert url.startswith(f"postgresql://{service}:")
    assert url.endswith(f"/{service}")
    assert service in (ROOT / "deploy" / "postgres" / "databases.sh").read_text()


def test_the_topics_job_gets_settings_that_it_has() -> None:
    assert set(settings_in("topics")) <= set(KafkaSettings.model_fields)


def test_every_file_that_the_image_copies_is_in_the_build_context() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for names in copied for name in names.split()} == allowed
