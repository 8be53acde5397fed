"""A mail server in every mood: each mail ends as it truly ended, none is doubled, and what others wait for goes on."""

import math
import time
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.integration.notifier.post_office import Silence
from tests.pressure.four import Four
from tests.pressure.moods import Mood, MoodyOffice
from tests.system.outside import Outside, people, table, until


@pytest.fixture
def office(four: Four) -> Iterator[MoodyOffice]:
    """The mail server, in a good mood again after the test."""
    yield four.office
    four.office.mood, four.office.greylisted = Mood.WELL, ""
    four.office.most, four.office.seconds_per_mail = math.inf, 0.0
    four.office.for_recipients.clear()
    four.office.for_mails.clear()


def mails_settle(outside: Outside, import_id: str, total: int) -> dict[str, int]:
    """What became of an import's welcome mails, once none is on its way."""

    def settled() -> dict[str, int]:
        counts = {name: count for name, count in outside.import_(import_id)["email_counts"].items() if count}
        return counts if sum(counts.values()) == total and "queued" not in counts else {}

    return until(settled, seconds=120, what="all mails to settle")


def test_each_mail_ends_as_the_server_said_and_none_is_sent_twice(
    four: Four, outside: Outside, office: MoodyOffice
) -> None:
    tag = f"p{uuid.uuid4().hex[:8]}"
    office.greylisted = f"{tag}.0001"  # ten of them
    office.for_recipients = {f"{tag}.00001": "550 5.1.1 No such mailbox", f"{tag}.00002": "450 4.2.0 Later, and later"}
    office.for_mails = {
        f"{tag}.00003": "552 5.2.2 The mailbox is full", f"{tag}.00004": "554 5.7.1 Not wanted here",
        f"{tag}.00005": Silence.HANG, f"{tag}.00006": Silence.DROP,
    }  # fmt: skip
    ready = outside.prepared(outside.experience(f"Moods {tag}"), table(people(30, tag)))
    outside.run(ready["id"])
    until(
        lambda: office.seen[f"{tag}.00002@northfield-college.org"] > 2, seconds=120, what="a put-off mail to come again"
    )
    assert outside.import_(ready["id"])["email_counts"]["queued"] > 0
    del office.for_recipients[f"{tag}.00002"]
    assert mails_settle(outside, ready["id"], 30) == {"failed": 3, "doubtful": 2, "sent": 25}
    told = {record["row"] - 2: record["email"] for record in outside.records(ready["id"])}
    assert [number for number, email in told.items() if email == "failed"] == [1, 3, 4]
    assert [number for number, email in told.items() if email == "doubtful"] == [5, 6]
    arrived = Counter(address for address in office.recipients if address.startswith(tag))
    assert (len(arrived), set(arrived.values())) == (27, {1})  # the doubtful ones are there


@pytest.mark.parametrize("mood", [Mood.BUSY, Mood.MUTE])
def test_a_server_that_lets_nobody_in_delays_mails_and_nothing_else(
    four: Four, outside: Outside, office: MoodyOffice, mood: Mood
) -> None:
    tag = f"q{uuid.uuid4().hex[:8]}"
    office.mood = mood
    four.background.call(office.hang_up)
    ready = outside.prepared(outside.experience(f"Closed {tag}"), table(people(100, tag)))
    assert outside.run(ready["id"])["counts"]["created"] == 100
    notifier = four.services["notifier"]
    until(lambda: notifier.impaired() == ["mail_server: ConnectionError"], seconds=120, what="the notifier to tell")
    assert outside.import_(ready["id"])["email_counts"]["queued"] == 100
    office.mood = Mood.WELL
    assert mails_settle(outside, ready["id"], 100) == {"sent": 100}
    assert set(Counter(address for address in office.recipients if address.startswith(tag)).values()) == {1}
    until(lambda: notifier.impaired() == [], seconds=60, what="the notifier to be whole again")


def test_a_server_that_takes_a_mail_a_second_delays_mails_and_nothing_else(
    outside: Outside, office: MoodyOffice
) -> None:
    tag = f"t{uuid.uuid4().hex[:8]}"
    office.seconds_per_mail = 1.0
    begun = time.monotonic()
    slow = outside.run(outside.prepared(outside.experience(f"Slow {tag}"), table(people(20, f"{tag}s")))["id"])
    other = outside.prepared(outside.experience(f"Beside {tag}"), table(people(1000, f"{tag}b")), emails="hold")
    assert outside.run(other["id"])["counts"]["created"] == 1000
    assert mails_settle(outside, slow["id"], 20) == {"sent": 20}
    assert time.monotonic() - begun > 19  # it was so slow, and no patience ended meanwhile
    assert set(Counter(address for address in office.recipients if address.startswith(tag)).values()) == {1}


def test_a_server_with_room_for_few_gets_the_finish_mail_and_a_small_import_before_the_crowd(
    four: Four, outside: Outside, office: MoodyOffice
) -> None:
    tag = f"s{uuid.uuid4().hex[:8]}"
    experience = outside.experience(f"Few {tag}")
    large, small = (
        outside.prepared(experience, table(people(rows, f"{tag}{name}"))) for rows, name in ((250, "l"), (5, "s"))
    )
    office.most = len(office.mails)  # no more for now
    outside.run(large["id"])
    until(lambda: in_queue(four, large["id"]) == 251, seconds=120, what="the notifier to know the crowd")
    office.most += 60  # more than are claimed at once, so that some were claimed when the whole crowd waited
    until(lambda: len(office.mails) >= office.most, seconds=120, what="so many mails")
    outside.run(small["id"])
    until(lambda: in_queue(four, small["id"]) == 6, seconds=120, what="the notifier to know the small import")
    office.most += 100  # what was claimed before that, and as many again
    assert mails_settle(outside, small["id"], 5) == {"sent": 5}
    until(lambda: arrivals(office, f"finish.{large['id']}") == 1, seconds=120, what="the finish mail")
    assert outside.import_(large["id"])["email_counts"]["queued"] > 80
    office.most = math.inf
    assert mails_settle(outside, large["id"], 250) == {"sent": 250}
    assert (arrivals(office, f".{large['id']}"), arrivals(office, f".{small['id']}")) == (251, 6)


def in_queue(four: Four, import_id: str) -> int:
    """How many mails of an import the notifier knows, the finish mail too."""
    return int(four.asked("notifier", f"select count(*) from emails where import_id = '{import_id}'"))


def arrivals(office: MoodyOffice, fact: str) -> int:
    """How many mails arrived whose Message-ID has this in it."""
    return sum(fact in str(mail["Message-ID"]) for mail in list(office.mails))
