"""The email as identity."""

import pytest
from email_validator import validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from shared.email_key import email_key, without_invisible


@pytest.mark.parametrize(
    "spelling",
    [
        "ada@bücher.example.org", " ADA@BÜCHER.Example.org ", "ada@xn--bcher-kva.example.org", "ada@bu\u0308cher.example.org",
        "\u200bada@bücher\u00ad.example.org", "ada@bücher。example.org", "ada@ｂücher.example.org",
    ],
)  # fmt: skip
def test_spellings_of_one_email_have_one_key(spelling: str) -> None:
    assert email_key(spelling) == "ada@xn--bcher-kva.example.org"


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b\ufeff", "\u00a0\t"])
def test_nothing_visible_has_the_empty_key(nothing: str) -> None:
    assert email_key(nothing) == ""


@pytest.mark.parametrize(("text", "key"), [("Müller", "müller"), ("Ada", "ada"), ("É@", "é@"), ("@ü..", "@ü..")])
def test_what_is_no_address_keeps_its_text(text: str, key: str) -> None:
    assert email_key(text) == key


def test_the_domain_is_lowered_as_unicode_says_for_domains() -> None:
    assert email_key("ada@ZΣ。Z.org") == email_key("ada@zσ.z.org")


@given(st.text("ΣςσİıßẞÅéeö\u0301\u0307\u0308\u0345\u200daＡ。", min_size=1, max_size=6))
@example("a\u0345\u0307")  # marks in another order than NFC has
def test_the_address_that_mail_is_sent_to_has_the_key_of_the_text_it_was_read_from(name: str) -> None:
    text = f"ada@{name}.org"
    try:
        address = validate_email(without_invisible(text), check_deliverability=False)
    except ValueError:
        return
    assert email_key(address.normalized) == email_key(text)


@given(st.text(max_size=20) | st.builds("{}@{}.org".format, st.text(max_size=6), st.text("aZéßİẞΣ。Ａа", max_size=6)))
def test_a_key_is_its_own_key(text: str) -> None:
    key = email_key(text)
    assert email_key(key) == key
