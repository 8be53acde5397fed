"""What one version writes the other one reads: the examples of both, in both directions."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared import events
from shared.topics import TOPICS

from .last_release import NotThere, unpack

GOLDEN = Path("tests/contract/golden")
EVENTS = sorted({topic.event.__name__ for topic in TOPICS})


@pytest.fixture(scope="module")
def understood_then(last_release: Path) -> dict[str, Any]:
    """What the last release makes of today's examples."""
    script = Path(__file__).with_name("read_examples.py")
    examples = Path(__file__).parents[2] / GOLDEN
    done = subprocess.run(
        [sys.executable, script, last_release, examples], env={**os.environ, "PYTHONPATH": str(last_release)},
        cwd=last_release, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("event", EVENTS)
def test_the_last_release_understands_what_we_write(event: str, understood_then: dict[str, Any]) -> None:
    written = json.loads((Path(__file__).parents[2] / GOLDEN / f"{event}.json").read_bytes())
    assert understood_then[event].items() <= written.items()


@pytest.mark.parametrize("event", EVENTS)
def test_we_understand_what_the_last_release_writes(event: str, last_release: Path) -> None:
    written = (last_release / GOLDEN / f"{event}.json").read_bytes()
    understood = json.loads(events.encode(events.Codec(getattr(events, event)).decode(written)))
    assert json.loads(written).items() <= understood.items()


def test_a_checkout_without_that_history_says_what_to_do(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    with pytest.raises(NotThere, match="git fetch --unshallow"):
        unpack(tmp_path / "code", checkout=tmp_path)


def test_a_shallow_clone_fetches_it(tmp_path: Path, last_release: Path) -> None:
    assert last_release.is_dir()  # so the checkout has it now, even if it did not
    whole = Path(__file__).parents[2]
    subprocess.run(["git", "clone", "--quiet", "--depth=1", whole.as_uri(), tmp_path / "clone"], check=True)
    assert (unpack(tmp_path / "code", checkout=tmp_path / "clone") / "shared" / "events.py").is_file()
