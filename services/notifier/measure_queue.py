"""The queue as numbers for operators. Every replica sees the same queue."""

from math import nan

from services.notifier.store import Store
from shared.measure import Measurement
from shared.metrics import MAILS_DOUBTFUL, MAILS_QUEUED

STATES = ("new", "put_off", "in_hand")


def measure_queue(store: Store) -> Measurement:
    """How many mails wait, and how many are doubtful."""

    async def measure() -> None:
        counted = await store.queue_length()
        for state in STATES:
            MAILS_QUEUED.labels(state).set(counted[state])
        MAILS_DOUBTFUL.set(counted["doubtful"])

    def forget() -> None:
        MAILS_QUEUED.clear()
        MAILS_DOUBTFUL.set(nan)

    return Measurement(what="mails", measure=measure, forget=forget)
