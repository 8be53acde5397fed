"""docker-compose.yml cannot be run everywhere; what it says can be compared with what the code knows."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from cli.local.service_parts import SERVICES
from shared.settings import KafkaSettings, ServiceSettings

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
PARTS: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
CHART = ROOT / "deploy" / "kubernetes" / "rollcall"
MONITORING = {"prometheus", "grafana", "kafka-exporter"}
SECONDS = re.compile(r"(\d+)s")


def settings_in(part: str) -> dict[str, str]:
    given = PARTS[part].get("environment", {})
    return {name.removeprefix("ROLLCALL_").lower(): value for name, value in given.items()}


def settings_of(service: str) -> type[BaseSettings]:
    return importlib.import_module(f"services.{service}.settings").Settings  # type: ignore[no-any-return]


def scraped() -> dict[str, list[str]]:
    """The addresses of each of Prometheus' jobs."""
    jobs = yaml.safe_load((ROOT / "deploy" / "monitoring" / "prometheus.yml").read_text(encoding="utf-8"))[
        "scrape_configs"
    ]
    return {job["job_name"]: [t for config in job["static_configs"] for t in config["targets"]] for job in jobs}


def test_compose_has_every_service_and_what_it_stands_on() -> None:
    assert set(PARTS) == {*SERVICES, "topics", "kafka", "postgres", "mailpit"} | MONITORING
    assert {name for name, part in PARTS.items() if part.get("profiles") == ["monitoring"]} == MONITORING


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


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_one_that_there_is_and_writes_nowhere_but_where_it_may(service: str) -> None:
    part = PARTS[service]
    assert part["command"] == ["python", "-m", f"services.{service}"]
    assert importlib.util.find_spec(f"services.{service}.__main__")
    assert part["read_only"]
    assert part["cap_drop"] == ["ALL"]
    scratch = {*part["tmpfs"], *(mount.split(":")[1] for mount in part.get("volumes", []))}
    assert scratch - {"/var/lib/rollcall/files"} == {"/tmp"}  # noqa: S108 - inside a container


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_longer_to_stop_than_it_takes(service: str) -> None:
    grace = SECONDS.fullmatch(PARTS[service]["stop_grace_period"])
    assert grace
    assert int(grace[1]) >= ServiceSettings.model_fields["stop_seconds"].default + 10


def test_ports_are_those_that_things_listen_on() -> None:
    inside = {name: {port.split(":")[2] for port in part.get("ports", [])} for name, part in PARTS.items()}
    assert inside["intake"] == set(re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)) == {"8000"}
    assert "ROLLCALL_PORT=8000" in DOCKERFILE
    assert settings_in("notifier")["smtp_port"] == "1025"  # Mailpit's
    assert all(settings_in(name)["kafka_bootstrap"] == "kafka:9092" for name in (*SERVICES, "topics"))
    assert "PLAINTEXT://:9092" in PARTS["kafka"]["environment"]["KAFKA_LISTENERS"]


def test_what_is_waited_for_has_a_health_check_or_ends() -> None:
    for name, part in PARTS.items():
        for other, condition in part.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "test" in PARTS[other]["healthcheck"], f"{name} waits for {other}"
            else:
                assert other == "topics"


def test_the_health_check_of_the_image_asks_for_a_page_that_there_is() -> None:
    path = re.search(r"ROLLCALL_PORT'\] \+ '(/\w+)'", DOCKERFILE)
    assert path
    assert path[1] == "/livez"  # tests/integration/shared/test_health.py asks it of a running service


def test_the_topics_job_is_a_command_with_settings_that_it_has() -> None:
    assert PARTS["topics"]["command"] == ["rollcall", "topics", "apply"]
    assert set(settings_in("topics")) <= set(KafkaSettings.model_fields)


def test_prometheus_asks_every_service_where_it_listens() -> None:
    jobs = scraped()
    assert {name: jobs[name] for name in SERVICES} == {name: [f"{name}:8000"] for name in SERVICES}
    assert {target.split(":")[0] for targets in jobs.values() for target in targets} <= set(PARTS)


def test_every_file_and_volume_that_is_mounted_is_there() -> None:
    for part in PARTS.values():
        for mount in part.get("volumes", []):
            source = mount.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], source


def test_every_file_that_the_image_copies_is_in_the_build_context() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == allowed


def test_the_image_runs_as_nobody_known_by_number() -> None:
    """A cluster that asks for `runAsNonRoot` refuses an image whose user is a name."""
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user
    assert user.start() < DOCKERFILE.index('CMD ["python"')
    assert user.groups() == ("10001", "10001")
    assert "runAsUser: 10001\nrunAsGroup: 10001" in (CHART / "templates" / "_names.tpl").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["docker-compose.yml", "deploy/kubernetes/rollcall/templates/NOTES.txt"])
def test_whoever_starts_it_is_told_how_to_open_the_pages(page: str) -> None:
    assert "rollcall sign-in-link" in (ROOT / page).read_text(encoding="utf-8")
