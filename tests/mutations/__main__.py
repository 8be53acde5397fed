"""`python -m tests.mutations [--only NAME ...]`: breaks a copy of the product in each way of the list and runs the tests that
must notice. The exit code is 1 when something stays unnoticed."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutations.mutation import Mutation, read_mutations
from tests.mutations.run import Copy, Finding, Verdict, copy_checkout
from tests.stack.servers import servers

console = Console()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="only this mutation; may be given again")
    only = parser.parse_args().only
    mutations = [one for one in read_mutations().mutations if not only or one.name in only]
    if not mutations:
        parser.error("there is no mutation of this name")
    with tempfile.TemporaryDirectory(prefix="rollcall-mutations-") as folder, servers() as started:
        root = Path(folder).resolve()
        root.chmod(0o755)
        copy_checkout(root)
        copy = Copy(root, started)
        copy.check()
        return _judge_all(copy, mutations)


def _judge_all(copy: Copy, mutations: Sequence[Mutation]) -> int:
    tests = sorted({test for mutation in mutations for test in mutation.caught_by})
    for file in sorted({test.partition("::")[0] for test in tests}):
        code, output = copy.pytest([test for test in tests if test.startswith(f"{file}::")])
        if code:
            console.print(output, markup=False)
            console.print(f"{file}: tests fail without any mutation; nothing can be said.", markup=False)
            return 1
    console.print(f"{len(tests)} tests pass while nothing is broken.")
    findings = []
    for mutation in mutations:
        findings.append(copy.judge(mutation))
        console.print(
            f"rule {mutation.rule}  {mutation.name}: {findings[-1].verdict} {findings[-1].detail}", markup=False
        )
    _show(findings)
    return int(any(finding.verdict is not Verdict.CAUGHT for finding in findings))


def _show(findings: Sequence[Finding]) -> None:
    table = Table("rule", "broken", "caught by")
    for finding in findings:
        caught = "\n".join(test.partition("::")[2] for test in finding.mutation.caught_by)
        verdict = caught if finding.verdict is Verdict.CAUGHT else f"[red]{finding.verdict}"
        table.add_row(str(finding.mutation.rule), finding.mutation.name, verdict)
    console.print(table)
    caught = sum(finding.verdict is Verdict.CAUGHT for finding in findings)
    console.print(f"{caught} of {len(findings)} mutations are caught.")


if __name__ == "__main__":
    sys.exit(main())
