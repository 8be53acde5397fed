"""An oracle that cannot fail proves nothing: it is quiet about what is right, and names every lie that is planted."""

import ast
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from .asking import Asked
from .files import Row, SourceFile
from .oracle import Wrong, doubtful, violations
from .seen import Mail, Seen, Topics, Turn

ADA, BEN = "ada@northfield-college.org", "ben@northfield-college.org"
FILE = SourceFile(b"", (Row(2, ADA), Row(3, BEN), Row(4, "", "error", "email.missing")))
TOLD = ("ImportSubmitted", "ImportReady", "ImportStarted", "ImportCompleted")


def record(row: int, outcome: str | None, **more: Any) -> dict[str, Any]:
    kept = {
        "row": row, "status": "ready", "problems": [], "import_status": "success", "outcome": outcome,
        "email": "sent" if outcome == "created" else "none",
    }  # fmt: skip
    return kept | more


@pytest.fixture
def asked() -> list[Asked]:
    """One file that two experiences imported, one after the other."""
    return [Asked("i1", "e1", FILE, "send"), Asked("i2", "e2", FILE, "send")]


@pytest.fixture
def seen() -> Seen:
    """What is right then."""
    missing = record(4, None, status="error", import_status="error", problems=[{"code": "email.missing"}])
    records = {
        "i1": [record(2, "created"), record(3, "created"), missing],
        "i2": [record(2, "added"), record(3, "added"), deepcopy(missing)],
    }
    topics = Topics()
    for import_id, those in records.items():
        topics.turns[import_id] = [Turn(f"{import_id}/{type_}", type_) for type_ in TOLD]
        topics.finish_mails[import_id] = "sent"
        for one in those[:2]:
            topics.answers[import_id, one["row"]].add((one["outcome"], one["row"]))
    return Seen(
        imports={import_id: finished(those) for import_id, those in records.items()},
        records=records,
        accounts=[ADA, BEN],
        members={"e1": [ADA, BEN], "e2": [ADA, BEN]},
        mails=[
            Mail(ADA, "welcome", "i1"),
            Mail(BEN, "welcome", "i1"),
            Mail("x", "finish", "i1"),
            Mail("x", "finish", "i2"),
        ],
        topics=topics,
    )


def finished(records: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = [one["outcome"] for one in records]
    counts = {name: outcomes.count(name) for name in ("created", "added", "unchanged", "failed", "skipped")}
    return {
        "status": "finished",
        "counts": {**counts, "not_imported": 1, "ready": 2, "warning": 0, "error": 1},
        "progress": {"rows": 3},
    }


def the_lie(asked: list[Asked], seen: Seen) -> tuple[Wrong, str]:
    """The one violation that is found."""
    found = violations(asked, seen)
    assert len(found) == 1, found
    return found[0].wrong, found[0].sentence


def test_what_is_right_is_right(asked: list[Asked], seen: Seen) -> None:
    assert violations(asked, seen) == []


def test_a_lost_row_is_found(asked: list[Asked], seen: Seen) -> None:
    del seen.records["i1"][2]
    found = {violation.sentence for violation in violations(asked, seen)}
    assert "Row 4 of import i1 has no record." in found
    assert any("its records say" in sentence for sentence in found)


def test_a_record_that_is_there_twice_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.records["i1"].append(deepcopy(seen.records["i1"][2]))
    assert (Wrong.DOUBLED, "Row 4 of import i1 has 2 records.") in {
        (violation.wrong, violation.sentence) for violation in violations(asked, seen)
    }


@pytest.mark.parametrize("status", ["submitted", "preprocessing", "ready", "running", "cancelling"])
def test_an_import_that_hangs_is_found(asked: list[Asked], seen: Seen, status: str) -> None:
    seen.imports["i2"]["status"] = status
    assert (Wrong.HANGING, f"Import i2 is still {status}.") in {(v.wrong, v.sentence) for v in violations(asked, seen)}


def test_a_row_that_was_given_up_is_lost(asked: list[Asked], seen: Seen) -> None:
    seen.records["i2"][0] |= {"import_status": "error", "outcome": "failed"}
    wrongs = [(violation.wrong, violation.sentence) for violation in violations(asked, seen)]
    assert (Wrong.LOST, "Row 2 of import i2 ended as error, outcome failed.") in wrongs


def test_a_row_that_was_skipped_without_a_cancel_is_lost(asked: list[Asked], seen: Seen) -> None:
    seen.records["i2"][0] |= {"import_status": "skipped", "outcome": "skipped"}
    assert any(v.wrong is Wrong.LOST for v in violations(asked, seen))


def test_a_row_that_was_judged_wrongly_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.records["i1"][2]["problems"] = [{"code": "email.invalid"}]
    wrong, sentence = the_lie(asked, seen)
    assert (wrong, sentence.startswith("Row 4 of import i1 is error ['email.invalid']")) == (Wrong.UNTRUE, True)


def test_counts_that_do_not_add_up_are_found(asked: list[Asked], seen: Seen) -> None:
    seen.imports["i1"]["counts"]["created"] = 1
    assert {violation.wrong for violation in violations(asked, seen)} == {Wrong.UNTRUE}


def test_a_lost_account_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.accounts.remove(ADA)
    assert the_lie(asked, seen) == (Wrong.LOST, f"The account of {ADA} is told 1 times and there 0 times.")


def test_a_doubled_account_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.accounts.append(ADA)
    assert the_lie(asked, seen) == (Wrong.DOUBLED, f"The account of {ADA} is told 1 times and there 2 times.")


def test_an_account_that_two_imports_say_they_created_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.records["i2"][0]["outcome"] = "created"
    assert any("told 2 times" in v.sentence and v.wrong is Wrong.DOUBLED for v in violations(asked, seen))


def test_a_lost_and_a_stray_membership_are_found(asked: list[Asked], seen: Seen) -> None:
    seen.members["e2"] = [ADA, "eve@northfield-college.org"]
    assert [violation.wrong for violation in violations(asked, seen)] == [Wrong.LOST, Wrong.UNTRUE]


def test_a_doubled_welcome_mail_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.mails.append(Mail(ADA, "welcome", "i1"))
    assert the_lie(asked, seen) == (Wrong.DOUBLED, f"{ADA} got 2 welcome mails of import i1; status sent.")


def test_a_lost_welcome_mail_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.mails.remove(Mail(ADA, "welcome", "i1"))
    assert the_lie(asked, seen) == (Wrong.LOST, f"{ADA} got 0 welcome mails of import i1; status sent.")


def test_a_welcome_mail_to_somebody_who_was_only_added_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.mails.append(Mail(ADA, "welcome", "i2"))
    assert the_lie(asked, seen)[0] is Wrong.DOUBLED


def test_a_doubtful_mail_may_have_arrived_or_not_and_is_named(asked: list[Asked], seen: Seen) -> None:
    seen.records["i1"][0]["email"] = "doubtful"
    assert violations(asked, seen) == []
    seen.mails.remove(Mail(ADA, "welcome", "i1"))
    assert violations(asked, seen) == []
    assert doubtful(seen) == ["the welcome mail of row 2 of import i1"]


@pytest.mark.parametrize(("mails", "wrong"), [(0, Wrong.LOST), (2, Wrong.DOUBLED)])
def test_a_lost_or_doubled_finish_mail_is_found(asked: list[Asked], seen: Seen, mails: int, wrong: Wrong) -> None:
    seen.mails[-1:] = [Mail("x", "finish", "i2")] * mails
    assert the_lie(asked, seen) == (wrong, f"Import i2 has {mails} finish mails; settled as sent.")


def test_two_ids_of_one_turn_are_found(asked: list[Asked], seen: Seen) -> None:
    seen.topics.turns["i1"].append(Turn("another", "ImportCompleted"))
    assert the_lie(asked, seen) == (Wrong.DOUBLED, "Import i1 has 2 ImportCompleted with ids of their own.")


def test_a_turn_that_is_told_again_with_its_id_is_no_lie(asked: list[Asked], seen: Seen) -> None:
    seen.topics.turns["i1"] *= 2
    assert violations(asked, seen) == []


def test_turns_out_of_order_are_found(asked: list[Asked], seen: Seen) -> None:
    seen.topics.turns["i1"].reverse()
    assert the_lie(asked, seen)[0] is Wrong.UNTRUE


def test_a_row_that_is_answered_in_two_ways_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.topics.answers["i1", 2].add(("added", 2))
    assert the_lie(asked, seen)[0] is Wrong.DOUBLED


def test_an_import_that_ended_in_a_way_nobody_asked_for_is_found(asked: list[Asked], seen: Seen) -> None:
    seen.imports["i1"]["status"] = "cancelled"
    assert Wrong.UNTRUE in {violation.wrong for violation in violations(asked, seen)}


def test_the_oracle_looks_from_outside_only() -> None:
    for name in ("asking", "files", "oracle", "person", "seen"):
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
        modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not {module.partition(".")[0] for module in modules} & {"services", "shared", "cli", "tests"}, name
