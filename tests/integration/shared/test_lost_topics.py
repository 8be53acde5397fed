"""A topic that is deleted and made again, while somebody consumes it."""

from shared.kafka.admin import apply_topics, open_admin
from shared.kafka.publish import Publisher
from shared.settings import ServiceSettings
from shared.topics import ROWS

from .conftest import Consuming, row, until
from .test_consume import Seen


async def test_a_consumer_whose_topic_was_gone_reads_the_new_one_from_its_beginning(
    publisher: Publisher, consuming: Consuming, settings: ServiceSettings
) -> None:
    seen = Seen()
    async with consuming(seen) as broker:
        await publisher.publish(ROWS, [row(number, partition=2) for number in range(50)])
        await until(lambda: len(seen.rows) == 50)
        async with open_admin(settings) as admin:
            await admin.delete_topics([settings.topic_prefix + ROWS.name])
        [consumer] = broker.consumers
        await until(lambda: not consumer.polling.assignment(), seconds=120)  # the group has seen it
        await apply_topics(settings, [ROWS])
        await publisher.publish(ROWS, [row(number, partition=2) for number in range(50, 60)])
        await until(lambda: len(seen.rows) == 60, seconds=120)
    assert seen.rows == list(range(60))
