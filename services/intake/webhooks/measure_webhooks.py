"""Webhooks as numbers for operators. Every replica sees the same ones."""

from math import nan

import asyncpg

from services.intake.webhooks.webhook_queries import queries
from shared.measure import Measurement
from shared.metrics import WEBHOOK_LATE, WEBHOOK_OLDEST


def measure_webhooks(pool: asyncpg.Pool) -> Measurement:
    """How old the oldest delivery is that waits, whatever its receiver does, and how late we are."""

    async def measure() -> None:
        ages = await queries.waiting_ages(pool)
        WEBHOOK_OLDEST.set(ages["oldest"])
        WEBHOOK_LATE.set(ages["late"])

    def forget() -> None:
        WEBHOOK_OLDEST.set(nan)
        WEBHOOK_LATE.set(nan)

    return Measurement(what="webhooks", measure=measure, forget=forget)
