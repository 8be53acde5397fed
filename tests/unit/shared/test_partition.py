import random

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as reference

from shared.kafka.partition import murmur2, partition_of

# Kafka's own test vectors (clients' UtilsTest), as signed 32-bit numbers.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", JAVA)
def test_the_hash_is_that_of_the_java_client(key: bytes) -> None:
    assert murmur2(key) == JAVA[key] & 0xFFFFFFFF


def test_keys_of_every_length_meet_the_partition_that_other_clients_choose() -> None:
    chosen = random.Random(1)
    choose = DefaultPartitioner()
    for length in range(80):
        for _ in range(20):
            key = chosen.randbytes(length)
            assert murmur2(key) == reference(key)
            assert partition_of(key, 6) == choose(key, list(range(6)), [])


def test_no_key_at_all_has_a_partition_too() -> None:
    assert 0 <= partition_of(b"", 6) < 6
