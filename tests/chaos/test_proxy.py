"""The proxy really passes, slows, hangs, refuses and cuts: one that did nothing would prove nothing."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from cli.local.ports import HOST
from tests.stack.proxy import Pace, Proxy, quiet_port

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    nobody = quiet_port()
    async with await asyncio.start_server(echo, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        made = Proxy(lambda: [nobody, port])
        await made.heal()
        yield made
        await made.close()


@pytest.fixture
async def ends(proxy: Proxy) -> AsyncIterator[Ends]:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    yield reader, writer
    writer.transport.abort()


async def said(ends: Ends, seconds: float = 60.0) -> bytes:
    """What comes back."""
    ends[1].write(b"hello")
    async with asyncio.timeout(seconds):
        return await ends[0].readexactly(5)


async def test_it_passes_to_the_target_that_answers(ends: Ends) -> None:
    assert await said(ends) == b"hello"


async def test_cut_resets_what_is_open_and_lets_new_connections_through(proxy: Proxy, ends: Ends) -> None:
    await said(ends)
    proxy.cut()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await said(ends)
    again = await asyncio.open_connection(HOST, proxy.port)
    assert await said(again) == b"hello"
    again[1].transport.abort()


async def test_refuse_cuts_and_listens_no_more_until_it_is_healed(proxy: Proxy, ends: Ends) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, proxy.port)
    await proxy.heal()
    again = await asyncio.open_connection(HOST, proxy.port)
    assert await said(again) == b"hello"
    again[1].transport.abort()


async def test_what_hangs_arrives_when_it_is_healed(proxy: Proxy, ends: Ends) -> None:
    await said(ends)
    proxy.hang()
    with pytest.raises(TimeoutError):
        await said(ends, seconds=0.3)
    await proxy.heal()
    async with asyncio.timeout(60):
        assert await ends[0].readexactly(5) == b"hello"


async def test_what_is_slowed_takes_its_time_and_arrives_whole(proxy: Proxy, ends: Ends) -> None:
    proxy.slow(Pace(delay_seconds=0.1))
    started = time.monotonic()
    assert await said(ends) == b"hello"
    assert time.monotonic() - started >= 0.2  # there and back; a bound from below, whatever the machine does
