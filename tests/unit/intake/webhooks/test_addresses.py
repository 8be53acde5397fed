"""Only servers on the internet are called, however an address is written and whatever a name leads to."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.webhooks.addresses import Allowed, Guard, NotCallable, is_public, read_url, resolve_host

PUBLIC = [
    "8.8.8.8",
    "93.184.215.14",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
INTERNAL = [
    "127.0.0.1", "127.255.255.254", "0.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.0.9",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "100::1", "5f00::1", "4000::1",
]  # fmt: skip
UNREADABLE = [
    "", "x", "//hooks.example.org", "https://", "https:///path", "ftp://hooks.example.org", "file:///etc/passwd",
    "gopher://hooks.example.org", "https://ho oks.example.org/", "https://hooks.example.org\\@10.0.0.1/", "https://[::1",
    "https://[fe80::1%25eth0]/", "https://hooks.example.org/" + "x" * 2000, "https://a@hooks.example.org/",
    "https://a:b@hooks.example.org/", "https://@hooks.example.org#@10.0.0.1/", "https://hooks.example.org/#x",
    "https://hooks.example.org:port/", "https://ho\r\noks.example.org/", "https://-/", "https://%31%32%37.0.0.1/",
]  # fmt: skip


async def addresses(url: str, *found: str, allow: str = "") -> list[str]:
    async def resolve(host: str, port: int) -> list[str]:
        return list(found)

    return await Guard(Allowed.read(allow), resolve).addresses(read_url(url))


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_called(address: str) -> None:
    assert is_public(ip_address(address))
    assert await addresses("https://hooks.example.org/x", address) == [address]


@pytest.mark.parametrize("address", INTERNAL)
async def test_an_internal_address_is_not_called(address: str) -> None:
    assert not is_public(ip_address(address))
    for found in ([address], ["8.8.8.8", address], [address, "8.8.8.8"]):
        with pytest.raises(NotCallable, match="no public address"):
            await addresses("https://hooks.example.org", *found)


@given(
    st.sampled_from(["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"]),
    st.data(),
)
def test_no_address_of_an_internal_network_is_public(network: str, data: st.DataObject) -> None:
    inside = ip_network(network)
    number = data.draw(st.integers(0, inside.num_addresses - 1))
    assert not is_public(inside[number])


@pytest.mark.parametrize("url", UNREADABLE)
async def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(NotCallable, match=r"not a URL|must have no user"):
        await addresses(url, "8.8.8.8")


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:7f00:1]",
        "localhost",
        "localhost.",
        "0",
        "127。0。0。1",
    ],
)
async def test_however_this_machine_is_written_it_is_not_called(host: str) -> None:
    with pytest.raises(NotCallable):
        await Guard(Allowed(), resolve_host).addresses(read_url(f"https://{host}/"))


async def test_a_host_that_is_not_there_is_refused_in_the_words_for_an_internal_one() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    said = []
    for guard in (Guard(Allowed(), nowhere), Guard(Allowed(), resolve_host)):
        with pytest.raises(NotCallable) as refused:
            await guard.addresses(read_url("https://localhost/"))
        said.append(str(refused.value))
    assert said[0] == said[1]


async def test_http_and_the_ports_of_other_protocols_are_refused() -> None:
    for url, why in (
        ("http://hooks.example.org", "Only https"),
        ("https://hooks.example.org:22", "port"),
        ("https://hooks.example.org:25/", "port"),
    ):
        with pytest.raises(NotCallable, match=why):
            await addresses(url, "8.8.8.8")
    assert await addresses("https://hooks.example.org:8443/x?y=z", "8.8.8.8") == ["8.8.8.8"]


async def test_what_the_operator_allows_is_called_and_nothing_beside_it() -> None:
    allow = "hooks.internal, 10.2.0.0/16, fd00::/8, 192.168.7.7"
    assert await addresses("http://hooks.internal:80/x", "172.16.0.1", allow=allow) == ["172.16.0.1"]
    assert await addresses("http://other:81", "10.2.3.4", "fd00::1", allow=allow) == ["10.2.3.4", "fd00::1"]
    assert await addresses("http://192.168.7.7", "192.168.7.7", allow=allow) == ["192.168.7.7"]
    for url, found in (
        ("http://other", ["10.3.0.1"]),
        ("http://other", ["10.2.0.1", "10.3.0.1"]),
        ("http://not.hooks.internal", ["172.16.0.1"]),
        ("http://other", ["10.2.0.1", "8.8.8.8"]),  # a public one is called by https only
    ):
        with pytest.raises(NotCallable):
            await addresses(url, *found, allow=allow)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "300.1.1.1", "::/129"])
def test_a_setting_that_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Allowed.read(text)
