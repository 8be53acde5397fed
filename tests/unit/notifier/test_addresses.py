"""What a mail server is given as an address, and what of its words is shown."""

import pytest

from services.notifier.addresses import AddressNotUsable, envelope_address, without_addresses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada.Lovelace@example.edu", "Ada.Lovelace@example.edu"),
        (" ada@example.edu ", "ada@example.edu"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
    ],
)
def test_the_domain_becomes_an_a_label_and_the_rest_stays(text, expected):
    assert envelope_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.edu",
        "ada@",
        "a b@example.edu",
        "ada@example.edu>",
        "a@x.org,b@y.org",
        "ada@-ü-.x",
        "a@b\r\nc",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(text):
    with pytest.raises(AddressNotUsable) as caught:
        envelope_address(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("5.1.1 <Ada@example.edu>: unknown", "5.1.1 …: unknown"),
        ("no mailbox ada@example.edu here", "no mailbox … here"),
        ("user ADA is not known", "user … is not known"),
        ("Canada is full", "Canada is full"),
        ("forwarded by other@example.org, bye", "forwarded by …, bye"),
    ],
)
def test_a_mail_servers_words_lose_their_addresses(words, expected):
    assert without_addresses(words, "ada@example.edu") == expected
