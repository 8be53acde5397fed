"""Whatever a caller sends to what the OpenAPI documents describe: no failure of ours, and every answer is as described."""

import os
import random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.integration.callers.world import DIRECTORY_TOKEN, Intake, a_webhook, described_directory, described_intake
from tests.unit.provisioner.builders import EXPERIENCE

EXAMPLES = int(os.environ.get("ROLLCALL_API_EXAMPLES", "8"))  # per operation
BOUNDED = settings(
    max_examples=EXAMPLES, derandomize=EXAMPLES < 50, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


intake_schema = schemathesis.openapi.from_dict(described_intake())
directory_schema = schemathesis.openapi.from_dict(described_directory())


@pytest.fixture(scope="module")
def known(intake: Intake) -> list[dict[str, str]]:
    """Ids that exist, of imports in states that answers differ by."""
    imports = [intake.new_import(status=status) for status in ("ready", "running", "finished", "rejected", "cancelled")]
    experience = intake.people["experience_id"]
    webhook = intake.run(lambda pool: a_webhook(pool, experience))
    return [{"import_id": one, "experience_id": experience, "webhook_id": webhook} for one in imports]


def ask(case: Any, base_url: str, known: list[dict[str, str]], *, token: str) -> None:
    """Send the case; half the time to something that there is."""
    places = random.Random(repr((case.path_parameters, case.query)))
    for name in case.path_parameters or {}:
        case.path_parameters[name] = places.choice([*known, {}, {}]).get(name, case.path_parameters[name])
    if case.headers:
        case.headers.pop("content-length", None)  # a wrong one is no HTTP, and answered by the server itself
    checks = [negative_data_rejection]  # what we know nothing of is left out, as is what a form sends empty
    if "email" in (case.path_parameters or {}) or case.operation.path.endswith("/webhooks"):
        checks.append(positive_data_acceptance)  # which addresses can be mailed or called, no schema can say
    case.call_and_validate(base_url, headers={"Authorization": f"Bearer {token}"}, timeout=60, excluded_checks=checks)


@intake_schema.exclude(path_regex="/events$").parametrize()
@BOUNDED
def test_intake_answers_as_it_says(case: Any, intake: Intake, known: list[dict[str, str]]) -> None:
    ask(case, intake.base_url, known, token=intake.people["token"])


@directory_schema.parametrize()
@BOUNDED
def test_the_directory_answers_as_it_says(case: Any, directory: str) -> None:
    ask(case, directory, [{"experience_id": EXPERIENCE, "account_id": "1"}], token=DIRECTORY_TOKEN)
