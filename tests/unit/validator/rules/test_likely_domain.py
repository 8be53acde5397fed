"""Which domains look like slips."""

import pytest

from services.validator.rules.likely_domain import COMMON, REAL, SEEN_OFTEN, likely_domain, one_slip_apart


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"), ("gamil.com", "gmail.com"), ("gmai.com", "gmail.com"), ("gmail.co", "gmail.com"),
        ("gmail.con", "gmail.com"), ("gmaill.com", "gmail.com"), ("gnail.com", "gmail.com"), ("gmail.cmo", "gmail.com"),
        ("gmail.co.uk", "gmail.com"), ("yaho.com", "yahoo.com"), ("yahooo.com", "yahoo.com"), ("hotmial.com", "hotmail.com"),
        ("hotmal.com", "hotmail.com"), ("outlok.com", "outlook.com"), ("iclould.com", "icloud.com"),
        ("protonmial.com", "protonmail.com"), ("gmx.con", "gmx.com"),
    ],
)  # fmt: skip
def test_slips_name_the_domain_that_was_meant(domain: str, meant: str) -> None:
    assert likely_domain(domain) == meant


@pytest.mark.parametrize(
    "domain",
    [
        "gmx.com", "gmx.de", "gmx.net", "mail.com", "ymail.com", "email.com", "live.com", "me.com", "mac.com", "aol.com",
        "aon.com", "msn.com", "web.de", "proton.me", "pm.me", "qq.com", "163.com", "mail.ru", "yandex.com", "yahoo.ca", "yahoo.gr",
        "hotmail.nl", "outlook.fr", "outlook.de", "zoho.com", "example.org", "uni-bonn.de", "ubc.ca", "rocketmail.com",
    ],
)  # fmt: skip
def test_real_domains_are_never_suspicious(domain: str) -> None:
    assert likely_domain(domain) is None


@pytest.mark.parametrize("domain", sorted({*COMMON, *REAL, *SEEN_OFTEN.values()}))
def test_no_domain_of_the_tables_is_suspicious_itself(domain: str) -> None:
    assert likely_domain(domain) is None


@pytest.mark.parametrize("domain", sorted(REAL))
def test_only_domains_that_would_be_suspicious_need_an_exception(domain: str) -> None:
    assert any(one_slip_apart(domain, common) for common in COMMON)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("abc", "abc", False), ("abc", "abx", True), ("abc", "ab", True), ("abc", "abcd", True), ("abc", "acb", True),
        ("abc", "bac", True), ("abc", "xabc", True), ("abc", "cba", False), ("abcd", "badc", False), ("abc", "axxc", False), ("", "a", True),
    ],
)  # fmt: skip
def test_one_slip_is_one_letter_more_less_wrong_or_two_swapped(one: str, other: str, apart: bool) -> None:
    assert one_slip_apart(one, other) is apart
    assert one_slip_apart(other, one) is apart
