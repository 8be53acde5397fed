"""Whether all came out right in the end: chaos' oracle, the mails of which intake has heard, and nothing dead."""

from collections.abc import Collection

from tests.chaos.oracle import doubtful, violations
from tests.chaos.seen import Seen, look
from tests.stack.cluster import Cluster

from .story import Story

BROKEN = ("500", "501", "502", "504")  # 503 is said while a replica starts or ends
ABOUT_EMAILS = ("ImportEmailsReleased", "ImportEmailsResent")


async def complaints(cluster: Cluster, story: Story, *, besides: Collection[str]) -> list[str]:
    """A sentence for each thing that is wrong. `besides` are the ids of turns that the test told itself."""
    await story.until_all_is_done()
    seen = await look(cluster.stack, [one.id for one in story.asked], {one.experience for one in story.asked})
    _leave_out(seen, besides)
    found = [violation.sentence for violation in violations(story.asked, seen)]
    found += [f"Somebody was answered {code} {times} times." for code, times in story.trouble.items() if code in BROKEN]
    return found + [f"Nobody knows of {mail} whether it arrived." for mail in doubtful(seen)]


def _leave_out(seen: Seen, besides: Collection[str]) -> None:
    """The turns that the oracle does not know: those about mails."""
    for import_id, turns in seen.topics.turns.items():
        seen.topics.turns[import_id] = [
            turn for turn in turns if turn.type not in ABOUT_EMAILS and turn.id not in besides
        ]
