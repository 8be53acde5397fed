"""Runs tests against a copy of the checkout with a mutation in it, on servers that all runs share."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutations.mutation import CHECKOUT, DoesNotApplyError, Mutation, mutated
from tests.stack.servers import KAFKA, POSTGRES, Servers

LONGEST_SECONDS = 180  # of the tests of one mutation: a test that hangs has noticed something
_TESTS_FAILED, _TESTS_PASSED = 1, 0  # exit codes of pytest
_FAILED = re.compile(r"^FAILED (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


class Verdict(StrEnum):
    """What became of a mutation."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"  # at least one of its tests passed
    GONE = "DOES NOT APPLY"  # the code has changed: the mutation must follow
    BROKEN = "BROKEN"  # the tests could not even be collected, which proves nothing


@dataclass(frozen=True, slots=True)
class Finding:
    """A mutation and what became of it. `detail`: which tests missed it, or what pytest said."""

    mutation: Mutation
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the checkout that may be broken."""

    root: Path
    servers: Servers

    def check(self) -> None:
        """Raise unless Python takes the code from the copy; the checkout is installed in the environment, too."""
        said = self._python("-c", "import services.intake, shared, tests; print(shared.__file__, tests.__path__[0])")
        for path in said.stdout.split():
            if not Path(path).is_relative_to(self.root):
                raise RuntimeError(f"tests would run on {path}, not on the copy")

    def pytest(self, tests: Sequence[str]) -> tuple[int, str]:
        """Exit code and output; a run that takes too long is ended and counts as failed."""
        try:
            done = self._python("-m", "pytest", "-q", "-rf", "--no-header", "-p", "no:cacheprovider", *tests)
        except subprocess.TimeoutExpired:
            return _TESTS_FAILED, "\n".join(f"FAILED {test} - it hung" for test in tests)
        return done.returncode, done.stdout + done.stderr

    def judge(self, mutation: Mutation) -> Finding:
        """Break the copy, run the mutation's tests, mend the copy."""
        try:
            broken = mutated(mutation, self.root)
        except DoesNotApplyError as error:
            return Finding(mutation, Verdict.GONE, str(error))
        file = self.root / mutation.file
        sound = file.read_bytes()
        file.write_text(broken, encoding="utf-8")
        try:
            code, output = self.pytest(mutation.caught_by)
        finally:
            file.write_bytes(sound)
        if code not in (_TESTS_FAILED, _TESTS_PASSED):
            return Finding(mutation, Verdict.BROKEN, output.strip().rpartition("\n")[2])
        missed = [test for test in mutation.caught_by if test not in _FAILED.findall(output)]
        return Finding(mutation, Verdict.SURVIVED if missed else Verdict.CAUGHT, " ".join(missed))

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true",
            KAFKA: self.servers.kafka, POSTGRES: self.servers.postgres,
        }  # fmt: skip
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=self.root, env=environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(timeout=LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with the services that the tests had started
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def copy_checkout(root: Path) -> None:
    """Everything that belongs to the checkout, as it is now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (CHECKOUT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, root / name)
