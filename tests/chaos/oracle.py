"""Compares what was asked with what became of it, and says each violation in a sentence. Pure; its rules are a list."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .asking import FINAL, Asked
from .person import Json
from .seen import Seen

ENDS = {
    "finished": (("ImportSubmitted", "ImportReady", "ImportStarted", "ImportCompleted"),
                 ("ImportSubmitted", "ImportReady", "ImportStarted", "ImportCancelling", "ImportCompleted")),
    "cancelled": (("ImportSubmitted", "ImportCancelled"), ("ImportSubmitted", "ImportReady", "ImportCancelled")),
    "rejected": (("ImportSubmitted", "ImportRejected"),),
}  # fmt: skip
JOINED = ("created", "added")
DONE = (*JOINED, "unchanged")
COUNTED = (*DONE, "failed", "skipped")


class Wrong(StrEnum):
    """What kind of promise is broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    HANGING = "hanging"
    UNTRUE = "untrue"  # something is shown that is not so


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise, for a person to read."""

    wrong: Wrong
    sentence: str


Rule = Callable[[list[Asked], Seen], Iterator[Violation]]


def violations(asked: list[Asked], seen: Seen) -> list[Violation]:
    """Everything that should not be so."""
    return [violation for rule in RULES for violation in rule(asked, seen)]


def answers_were_right(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in asked:
        for complaint in one.complaints:
            yield Violation(Wrong.DOUBLED, complaint)


def every_import_ends(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in asked:
        status = seen.imports[one.id]["status"]
        if status not in FINAL:
            yield Violation(Wrong.HANGING, f"Import {one.id} is still {status}.")
        elif (status == "rejected") != bool(one.file.rejected) and not (one.cancelled and status == "cancelled"):
            yield Violation(
                Wrong.UNTRUE, f"Import {one.id} is {status}, and its file is {one.file.rejected or 'good'}."
            )
        elif status == "cancelled" and not one.cancelled:
            yield Violation(Wrong.UNTRUE, f"Import {one.id} is cancelled, and nobody cancelled it.")


def every_row_is_there_once(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in _finished(asked, seen):
        there = Counter(record["row"] for record in seen.records[one.id])
        wanted = {row.number for row in one.file.rows}
        for row in sorted(wanted - there.keys()):
            yield Violation(Wrong.LOST, f"Row {row} of import {one.id} has no record.")
        for row, times in sorted(there.items()):
            if row not in wanted:
                yield Violation(Wrong.UNTRUE, f"Import {one.id} has a record for row {row}, which its file has not.")
            elif times > 1:
                yield Violation(Wrong.DOUBLED, f"Row {row} of import {one.id} has {times} records.")


def every_row_was_judged_right(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in _finished(asked, seen):
        rows = {row.number: row for row in one.file.rows}
        for record in seen.records[one.id]:
            row = rows.get(record["row"])
            codes = {problem["code"] for problem in record["problems"]}
            if row and (record["status"] != row.status or (row.problem and row.problem not in codes)):
                yield Violation(
                    Wrong.UNTRUE,
                    f"Row {row.number} of import {one.id} is {record['status']} {sorted(codes)} instead of {row.status} {row.problem}.",
                )


def every_row_has_its_final_status(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in _finished(asked, seen):
        for record in seen.records[one.id]:
            found = (record["import_status"], record["outcome"])
            right = [("success", outcome) for outcome in DONE] if record["status"] != "error" else [("error", None)]
            if one.cancelled and record["status"] != "error":
                right.append(("skipped", "skipped"))
            if found not in right:
                yield Violation(
                    Wrong.LOST, f"Row {record['row']} of import {one.id} ended as {found[0]}, outcome {found[1]}."
                )


def counts_add_up(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in _finished(asked, seen):
        counts = seen.imports[one.id]["counts"]
        outcomes = Counter(record["outcome"] for record in seen.records[one.id])
        statuses = Counter(record["status"] for record in seen.records[one.id])
        really = {name: outcomes[name] for name in COUNTED} | {"not_imported": statuses["error"]}
        really |= {status: statuses[status] for status in ("ready", "warning", "error")}
        shown = {name: counts[name] for name in really}
        if shown != really:
            yield Violation(Wrong.UNTRUE, f"Import {one.id} shows counts {shown}, its records say {really}.")
        total = sum(counts[name] for name in (*COUNTED, "not_imported"))
        if not total == seen.imports[one.id]["progress"]["rows"] == len(one.file.rows):
            yield Violation(Wrong.UNTRUE, f"Import {one.id} counts {total} rows, its file has {len(one.file.rows)}.")


def accounts_are_made_once(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    created = Counter(key for one in asked for key, record in _keyed(one, seen) if record["outcome"] == "created")
    yield from _same("account of", created, Counter(seen.accounts))


def memberships_are_made_once(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for experience, members in seen.members.items():
        ours = [one for one in asked if one.experience == experience]
        joined = Counter(key for one in ours for key, record in _keyed(one, seen) if record["outcome"] in JOINED)
        yield from _same(f"membership in {experience} of", joined, Counter(members))
        known = Counter(key for one in ours for key, record in _keyed(one, seen) if record["outcome"] == "unchanged")
        for key in sorted(known.keys() - joined.keys()):
            yield Violation(Wrong.LOST, f"{key} is unchanged in {experience}, and no import made that membership.")


def mails_arrive_once(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    welcomes = Counter((mail.to, mail.import_id) for mail in seen.mails if mail.kind == "welcome")
    for one in asked:
        for key, record in _keyed(one, seen):
            allowed = _welcomes_allowed(one, record)
            if (found := welcomes.pop((key, one.id), 0)) not in allowed:
                wrong = Wrong.LOST if found < min(allowed) else Wrong.DOUBLED
                yield Violation(wrong, f"{key} got {found} welcome mails of import {one.id}; status {record['email']}.")
    for (to, import_id), found in welcomes.items():
        yield Violation(Wrong.DOUBLED, f"{to} got {found} welcome mails of import {import_id} that nothing asked for.")


def finish_mails_arrive_once(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    finishes = Counter(mail.import_id for mail in seen.mails if mail.kind == "finish")
    for one in asked:
        settled = seen.topics.finish_mails.get(one.id)
        wanted = {1} if seen.imports[one.id]["status"] == "finished" else {0}
        if finishes[one.id] not in (wanted | {0} if settled == "doubtful" else wanted):
            wrong = Wrong.LOST if finishes[one.id] < min(wanted) else Wrong.DOUBLED
            yield Violation(wrong, f"Import {one.id} has {finishes[one.id]} finish mails; settled as {settled}.")


def lifecycle_is_told_in_order(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in asked:
        turns = seen.topics.turns.get(one.id, [])
        types = tuple(dict.fromkeys(turn.type for turn in turns))  # a turn may be told again, with the same id
        status = seen.imports[one.id]["status"]
        if status in FINAL and types not in ENDS[status]:
            yield Violation(Wrong.UNTRUE, f"Import {one.id} is {status}, and its turns are told as {', '.join(types)}.")
        ids = Counter(type_ for type_, _ in {(turn.type, turn.id) for turn in turns})
        for type_, number in ids.items():
            if number > 1:
                yield Violation(Wrong.DOUBLED, f"Import {one.id} has {number} {type_} with ids of their own.")


def each_row_is_answered_with_one_voice(asked: list[Asked], seen: Seen) -> Iterator[Violation]:
    for one in asked:
        for key, record in _keyed(one, seen):
            told = seen.topics.answers.get((one.id, record["row"]), set())
            if len(told) > 1:
                yield Violation(
                    Wrong.DOUBLED,
                    f"Row {record['row']} of import {one.id} ({key}) was told as {sorted(told, key=str)}.",
                )
            elif record["outcome"] in DONE and {outcome for outcome, _ in told} != {record["outcome"]}:
                yield Violation(
                    Wrong.UNTRUE,
                    f"Row {record['row']} of import {one.id} is {record['outcome']}, told as {sorted(told, key=str)}.",
                )


RULES: tuple[Rule, ...] = (
    answers_were_right, every_import_ends, every_row_is_there_once, every_row_was_judged_right, every_row_has_its_final_status,
    counts_add_up, accounts_are_made_once, memberships_are_made_once, mails_arrive_once, finish_mails_arrive_once,
    lifecycle_is_told_in_order, each_row_is_answered_with_one_voice,
)  # fmt: skip


def doubtful(seen: Seen) -> list[str]:
    """Mails that may have arrived or not, because somebody died between the mail server's answer and its note: named."""
    welcomes = [
        f"the welcome mail of row {record['row']} of import {import_id}"
        for import_id, records in seen.records.items()
        for record in records
        if record["email"] == "doubtful"
    ]
    return welcomes + [f"the finish mail of import {i}" for i, s in seen.topics.finish_mails.items() if s == "doubtful"]


def _finished(asked: list[Asked], seen: Seen) -> list[Asked]:
    return [one for one in asked if seen.imports[one.id]["status"] == "finished"]


def _keyed(one: Asked, seen: Seen) -> Iterator[tuple[str, Json]]:
    """The import's records, with the emails that its file has there."""
    keys = {row.number: row.key for row in one.file.rows}
    for record in seen.records[one.id]:
        yield keys.get(record["row"], ""), record


def _welcomes_allowed(one: Asked, record: Json) -> set[int]:
    if one.policy != "send" or record["outcome"] != "created":
        return {0}
    return {0, 1} if record["email"] == "doubtful" else {1}


def _same(what: str, told: Counter[str], there: Counter[str]) -> Iterator[Violation]:
    """What outcomes tell is there exactly once, and nothing else is."""
    for key in sorted(told.keys() | there.keys()):
        sentence = f"The {what} {key} is told {told[key]} times and there {there[key]} times."
        if max(told[key], there[key]) > 1:
            yield Violation(Wrong.DOUBLED, sentence)
        elif there[key] != told[key]:
            yield Violation(Wrong.LOST if told[key] else Wrong.UNTRUE, sentence)
