"""Which addresses a webhook may call: public ones, and those that the operator allows. A name is judged by what it resolves to,
and what was judged is what is called (post.py)."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import httpx

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

LONGEST_URL = 2000
MOST_ADDRESSES = 8  # of one host that are looked at
RESOLVE_SECONDS = 5.0
FIRST_FREE_PORT = 1024  # below it are the ports of other protocols
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?|[0-9a-f:.]+")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are the IPv4 address that is called
_REFUSED = (
    IPv4Network("168.63.129.16/32"),  # Azure's inside, on a public address
    IPv4Network("192.0.0.0/24"),  # protocols' own, and Oracle's metadata
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("2001::/23"),  # Teredo and other tunnels
    IPv6Network("3fff::/20"),  # for examples in documents
)
_DNS = ThreadPoolExecutor(16, "webhook-dns")  # its own: a name server that is silent holds up nothing else


class NotCallable(Exception):
    """An address that webhooks do not call. The message is a sentence for the person who entered it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows though it is not public, and over http too."""

    names: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Allowed":
        """Host names and networks, comma separated. Raises ValueError."""
        names, networks = set(), []
        for part in filter(None, (part.strip().lower() for part in text.split(","))):
            if "/" in part or ":" in part or part.replace(".", "").isdigit():
                networks.append(ip_network(part))
            else:
                names.add(part)
        return cls(frozenset(names), tuple(networks))

    def covers(self, address: Address) -> bool:
        """Is the address in a network that is allowed?"""
        return any(address.version == network.version and address in network for network in self.networks)


async def resolve_host(host: str, port: int) -> list[str]:
    """The host's addresses in the order in which they should be tried. Raises OSError."""
    asked = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_DNS, asked)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def read_url(text: str) -> httpx.URL:
    """The URL as it will be called: read by the library that calls it. Raises NotCallable."""
    try:
        url = httpx.URL(text.strip())
        host = url.raw_host.decode()
    except (httpx.InvalidURL, ValueError, TypeError):
        raise NotCallable("This is not a URL; enter one like https://hooks.example.org/rollcall.") from None
    if url.scheme not in ("https", "http") or not _HOST.fullmatch(host) or len(str(url)) > LONGEST_URL:
        raise NotCallable("This is not a URL; enter one like https://hooks.example.org/rollcall.")
    if url.userinfo or url.fragment:
        raise NotCallable("The URL must have no user, password or fragment; leave them out.")
    return url


@dataclass(frozen=True, slots=True)
class Guard:
    """Says which addresses of a URL may be called."""

    allowed: Allowed
    resolve: Resolve = resolve_host

    async def addresses(self, url: httpx.URL) -> list[str]:
        """All addresses of the URL's host, once each of them may be called. Raises NotCallable. What is internal and what does
        not exist are refused in the same words, so that nobody learns of our network by asking."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = (await self.resolve(url.raw_host.decode(), port))[:MOST_ADDRESSES]
            judged = [ip_address(address) for address in found]
        except (OSError, ValueError, UnicodeError):
            judged = []
        if judged and (url.host.lower() in self.allowed.names or all(map(self.allowed.covers, judged))):
            return found
        if not judged or not all(is_public(address) or self.allowed.covers(address) for address in judged):
            raise NotCallable("The host has no public address; only servers on the internet are called.")
        if url.scheme != "https":
            raise NotCallable("Only https is called, because what is sent must not be read on the way.")
        if port != 443 and port < FIRST_FREE_PORT:
            raise NotCallable("The port must be 443, or 1024 and above.")
        return found


def is_public(address: Address) -> bool:
    """Is this an address of one host on the internet? What an IPv6 address stands for by its last bytes is judged, too."""
    if isinstance(address, IPv6Address):
        if embedded := address.ipv4_mapped or (_last_bytes(address) if address in _TRANSLATED else None):
            return is_public(embedded)
        if address not in _GLOBAL_UNICAST:
            return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in _REFUSED)


def _last_bytes(address: IPv6Address) -> IPv4Address:
    return IPv4Address(address.packed[-4:])
