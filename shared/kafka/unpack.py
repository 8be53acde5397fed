"""Unpacks what other clients wrote without trusting it: aiokafka unpacks batches whole, however large they become, and
gives up all of a batch for one header name that is not UTF-8."""

import gzip
import io
import mmap
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from struct import Struct
from typing import NamedTuple

import cramjam
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.codec import snappy_decode
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c, decode_varint

log = structlog.get_logger()

UNPACKED_LIMIT = 32 * 1024 * 1024  # bytes of a batch, and of all in one poll; one of our own is below a megabyte
NOT_UNPACKED = "batch.not_unpacked"  # the reason of a dead letter that stands for such a batch
_LENGTH = Struct(">qi")  # before every batch: its first offset, the bytes that follow
_HEADER = Struct(">qiibIhiqqqhii")
_CHECKSUM_FROM = 21  # bytes into a batch
_CODEC, _CONTROL = 0x07, 0x20  # bits of the attributes

_room = mmap.mmap(-1, UNPACKED_LIMIT)  # for one batch at a time; takes memory only as far as one was large
_left: ContextVar[int] = ContextVar("bytes that this poll may still unpack", default=sys.maxsize)


class PollTooLargeError(Exception):
    """One poll would unpack to more than the limit, though each of its batches may be fine."""


class UnreadableRecord(ConsumerRecord):  # type: ignore[misc] # aiokafka is untyped
    """Stands for a batch that cannot be unpacked, at the offset of its last record."""


class _Header(NamedTuple):
    """What stands before the records of a batch, in its order."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    checksum: int
    attributes: int
    last_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int


def bound_unpacking() -> None:
    """Let aiokafka refuse a batch that unpacks to more than the limit. A megabyte of zstd can hold thirty gigabytes;
    snappy grows 22-fold at most and needs no bound."""
    module = sys.modules[DefaultRecordBatch.__module__]
    for name, decode in (("gzip_decode", _gzip), ("lz4_decode", _lz4), ("zstd_decode", _zstd)):
        if not hasattr(module, name):
            raise RuntimeError(f"aiokafka has no {name} any more: nothing would bound what a batch unpacks to")
        setattr(module, name, decode)


@contextmanager
def one_poll() -> Iterator[None]:
    """For the time of the block this task may unpack as much as the limit says, and no more."""
    before = _left.set(UNPACKED_LIMIT)
    try:
        yield
    finally:
        _left.reset(before)


def unpack(
    data: bytes, partition: TopicPartition, first: int, *, last_try: bool
) -> Iterator[tuple[list[ConsumerRecord], int]]:
    """Each batch's records from offset `first` on, with the offset after the batch. A batch that cannot be unpacked
    becomes one UnreadableRecord. CorruptRecordException: a checksum is wrong, which another try may cure."""
    for content in _batches(data):
        header = _Header(*_HEADER.unpack_from(content))
        end = header.base_offset + header.last_delta + 1
        if header.attributes & _CONTROL or end <= first:
            yield [], end
            continue
        try:
            if calc_crc32c(content[_CHECKSUM_FROM:]) != header.checksum:
                raise CorruptRecordException(f"wrong checksum on partition {partition.partition}")
            with one_poll():
                records = [_record(cut, header, partition) for cut in _cut(content, header)]
        except Exception as error:  # hostile bytes reach any kind
            if isinstance(error, CorruptRecordException) and not last_try:
                raise
            log.error(NOT_UNPACKED, topic=partition.topic, partition=partition.partition,
                      offset=header.base_offset, records=header.record_count, error=type(error).__name__)  # fmt: skip
            records = [_unreadable(partition, end - 1)]
        yield [record for record in records if record.offset >= first], end


def _unreadable(partition: TopicPartition, offset: int) -> UnreadableRecord:
    return UnreadableRecord(partition.topic, partition.partition, offset, -1, 0, None, None, None, -1, -1, ())


def _batches(data: bytes) -> Iterator[bytes]:
    """The last one may be cut off; it comes whole when it is the first of another answer."""
    start = 0
    while start + _HEADER.size <= len(data):
        _, length = _LENGTH.unpack_from(data, start)
        end = start + _LENGTH.size + length
        if end > len(data):
            return
        yield data[start:end]
        start = end


def _cut(content: bytes, header: _Header) -> Iterator[bytearray]:
    """The bytes of each record; each says its length before it."""
    body, position = bytearray(_DECODE[header.attributes & _CODEC](content[_HEADER.size :])), 0
    for _ in range(header.record_count):
        length, position = decode_varint(body, position)
        if length < 0 or position + length > len(body):
            raise ValueError("a record is longer than its batch")
        yield body[position : position + length]
        position += length


def _record(content: bytearray, header: _Header, partition: TopicPartition) -> ConsumerRecord:
    """Header names that are not UTF-8 are written with replacement characters: nothing here reads headers by name."""
    timestamp, position = decode_varint(content, 1)  # behind a byte of attributes, which are not in use
    offset, position = decode_varint(content, position)
    key, position = _bytes(content, position)
    value, position = _bytes(content, position)
    count, position = decode_varint(content, position)
    headers = []
    for _ in range(count):
        name, position = _bytes(content, position)
        header_value, position = _bytes(content, position)
        headers.append(((name or b"").decode(errors="replace"), header_value))
    return ConsumerRecord(
        partition.topic, partition.partition, header.base_offset + offset, header.first_timestamp + timestamp, 0,
        key, value, None, -1 if key is None else len(key), -1 if value is None else len(value), tuple(headers),
    )  # fmt: skip


def _bytes(content: bytearray, position: int) -> tuple[bytes | None, int]:
    length, position = decode_varint(content, position)
    if length < 0:
        return None, position
    if position + length > len(content):
        raise ValueError("a value is longer than its record")
    return bytes(content[position : position + length]), position + length


def _gzip(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        unpacked = file.read(UNPACKED_LIMIT + 1)
    if len(unpacked) > UNPACKED_LIMIT:
        raise ValueError("a batch unpacks to more than it may")
    _spend(len(unpacked))
    return unpacked


def _lz4(content: bytes) -> bytes:
    size = cramjam.lz4.decompress_into(content, _room)
    _spend(size)
    return _room[:size]


def _zstd(content: bytes) -> bytes:
    size = cramjam.zstd.decompress_into(content, _room)
    _spend(size)
    return _room[:size]


def _spend(size: int) -> None:
    left = _left.get() - size
    if left < 0:
        raise PollTooLargeError
    _left.set(left)


def _plain(content: bytes) -> bytes:
    return content


_DECODE: dict[int, Callable[[bytes], bytes]] = {0: _plain, 1: _gzip, 2: snappy_decode, 3: _lz4, 4: _zstd}
