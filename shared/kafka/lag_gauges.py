"""The lag of all groups as gauges. One service shows those of all, so that the lag of one that is down is seen too."""

from collections.abc import Sequence

from shared.kafka.lag import PartitionLag, Positions, read_positions
from shared.measure import Measurement
from shared.metrics import END_OFFSET, GROUP_LAG, GROUP_LAG_SECONDS, GROUP_MEMBERS, GROUP_OFFSET
from shared.settings import KafkaSettings

_GAUGES = (END_OFFSET, GROUP_LAG, GROUP_LAG_SECONDS, GROUP_MEMBERS, GROUP_OFFSET)


def measure_lag(settings: KafkaSettings) -> Measurement:
    """Reads the broker: one question per group, two per broker, one fetch per partition that lags."""

    async def measure() -> None:
        found = await read_positions(settings)
        forget()  # what is not there any more
        _show(found, settings.topic_prefix)

    def forget() -> None:
        for gauge in _GAUGES:
            gauge.clear()

    return Measurement(what="lag", measure=measure, forget=forget)


def _show(found: Positions, prefix: str) -> None:
    for partition, end in found.ends.items():
        END_OFFSET.labels(partition.topic, partition.partition).set(end)
    _show_lags(found.lags, prefix)


def _show_lags(lags: Sequence[PartitionLag], prefix: str) -> None:
    for lag in lags:
        place = (lag.group, prefix + lag.topic, lag.partition)
        GROUP_MEMBERS.labels(lag.group).set(lag.members)
        GROUP_LAG.labels(*place).set(lag.lag)
        if lag.committed is not None:
            GROUP_OFFSET.labels(*place).set(lag.committed)
        if lag.age_seconds is not None:
            GROUP_LAG_SECONDS.labels(*place).set(lag.age_seconds)
