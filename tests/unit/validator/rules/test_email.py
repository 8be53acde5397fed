"""What counts as an email, and how it is shown and stored."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.validator.check_rows import judge_row
from services.validator.rules import EMAIL
from services.validator.rules.email import mailable, plain_email
from shared.email_key import email_key
from tests.unit.validator.builders import row_read


def codes(email: str) -> list[str]:
    return [problem.code for problem in judge_row(0, row_read(email)).problems]


def value(email: str) -> str:
    return judge_row(0, row_read(email)).values["email"]


def accepted_by_the_library(text: str) -> str | None:
    try:
        address = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{address.local_part.lower()}@{address.domain}"


@pytest.mark.parametrize("email", ["", "   ", "\t\n", "\u200b", "\ufeff\u00a0", "\u00ad \u2060"])
def test_an_email_of_nothing_visible_is_missing_and_nothing_else(email: str) -> None:
    assert codes(email) == ["email.missing"]
    assert value(email) == ""


@pytest.mark.parametrize(
    "email",
    [
        "ada", "ada@", "@example.org", "ada@example", "ada@@example.org", "ada lovelace@example.org", "ada@example..org",
        "ada.@example.org", ".ada@example.org", "a..b@example.org", "ada@-example.org", "ada@example-.org", "ada@example.org.",
        "ada@example.123", "ada@127.0.0.1", "ada@[127.0.0.1]", '"ada"@example.org', "Ada <ada@example.org>",
        "mailto:ada@example.org;bob@example.org", "ada@exa_mple.org", "ada@ab--c.org", "ada@xn--a.org", "ada,bob@example.org",
        "ada@example.test", "ada@sub.example.test", "ada@example.invalid", "ada@printer.local", "ada@localhost",
        "ada@host.localhost", "ada@hidden.onion", "ada@10.in-addr.arpa", "ada＠example.org", "ada@exam ple.org",
        f"ada@{'a' * 64}.org", f"ada@{'abc.' * 62}org", f"{'a' * 244}@example.org",
    ],
)  # fmt: skip
def test_what_mail_cannot_be_sent_to_is_invalid(email: str) -> None:
    assert codes(email) == ["email.invalid"]


@pytest.mark.parametrize(
    "email", ["ada\nb@example.org", "ada@exam\tple.org", "ada@\r\nexample.org", "ada\rb@example.org"]
)
def test_a_line_break_or_tab_inside_is_invalid(email: str) -> None:
    assert codes(email) == ["email.invalid"]


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("Ada.Lovelace@Example.ORG", "ada.lovelace@example.org"),
        ("ada+course@example.org", "ada+course@example.org"),
        ("o'hara_42!#$%&*/=?^`{|}~-@example.org", "o'hara_42!#$%&*/=?^`{|}~-@example.org"),
        (f"{'a' * 65}@example.org", f"{'a' * 65}@example.org"),  # long, and the library takes it
        ("ada@sub.1and1.example.org", "ada@sub.1and1.example.org"),
        ("ÅSA@EXAMPLE.ORG", "åsa@example.org"),
        ("A\u030asa@example.org", "åsa@example.org"),  # NFC
        ("ada@BÜCHER.example.org", "ada@bücher.example.org"),
        ("ada@xn--bcher-kva.example.org", "ada@bücher.example.org"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("ada@example。org", "ada@example.org"),
    ],
)
def test_an_address_is_shown_normalized_and_in_lower_case(email: str, shown: str) -> None:
    assert codes(email) == []
    assert value(email) == shown


@pytest.mark.parametrize(
    "email",
    [
        " ada@example.org", "ada@example.org  ", "ada@example.org\r\n", "\tada@example.org", "\ufeffada@example.org",
        "ada\u200b@example.org", "ada@exam\u00adple.org", "ada@\u00a0example.org", "a\u200dda@example.org", "\u3000ada@example.org",
    ],
)  # fmt: skip
def test_stray_and_invisible_characters_are_removed_with_a_warning(email: str) -> None:
    assert codes(email) == ["value.trimmed"]
    assert value(email) == "ada@example.org"


def test_the_characters_removed_are_told_also_when_the_rest_is_no_address() -> None:
    assert codes("\u200bada@") == ["value.trimmed", "email.invalid"]


@pytest.mark.parametrize(
    "email", ["a\0da@example.org", "ada@example.org\x7f", "ada@exam\x85ple.org", "\x1bada@example.org"]
)
def test_control_characters_in_an_email_are_an_error(email: str) -> None:
    assert "value.control_characters" in codes(email)


def test_an_email_over_256_characters_is_too_long_and_cut() -> None:
    email = "a" * 300 + "@example.org"
    problems = judge_row(0, row_read(email)).problems
    assert [problem.code for problem in problems] == ["email.invalid", "value.too_long"]
    assert problems[1].params == {"length": "312", "limit": "256"}
    assert value(email) == "a" * 256


def test_the_sentence_of_an_invalid_email_shows_no_more_than_fits_and_nothing_unprintable() -> None:
    long, broken = (judge_row(0, row_read(email)).problems[0] for email in ("x" * 200, "a\nb"))
    assert "x" * 80 + "…”" in long.message
    assert "“a\ufffdb”" in broken.message


@pytest.mark.parametrize(("email", "suggestion"), [("ada@gmial.com", "gmail.com"), ("Ada@Hotmail.CON", "hotmail.com")])
def test_a_slip_in_a_common_domain_is_a_warning_that_names_both(email: str, suggestion: str) -> None:
    (problem,) = judge_row(0, row_read(email)).problems
    assert problem.code == "email.domain_suspicious"
    assert problem.params == {"domain": email.lower().partition("@")[2], "suggestion": suggestion}


def test_a_suspicious_domain_of_no_address_is_not_discussed() -> None:
    assert codes("a da@gmial.com") == ["email.invalid"]


atom = st.text("aZ09!#$%&'*+-/=?^_`{|}~.é(", min_size=0, max_size=12)
label = st.text("azAZ09-_ü", min_size=0, max_size=8) | st.sampled_from(
    [
        "xn--",
        "xn--bcher-kva",
        "a" * 63,
        "a" * 64,
        "test",
        "com",
        "COM",
        "localhost",
        "local",
        "onion",
        "arpa",
        "invalid",
        "12",
    ]
)
address = st.builds(lambda local, labels: f"{local}@{'.'.join(labels)}", atom, st.lists(label, min_size=0, max_size=5))


@settings(max_examples=600, deadline=None)
@given(address | st.emails() | st.text(max_size=30))
@example("a" * 242 + "@example.org")
@example("a" * 243 + "@example.org")
@example("a@" + "abcdefghi." * 24 + "org")
@example("a@" + "abcdefghi." * 25 + "org")
@example("a@gmail.com\n")
@example("info@EXAMPLE.org")
def test_exactly_those_addresses_are_accepted_that_the_library_accepts(text: str) -> None:
    assert mailable(text) == accepted_by_the_library(text)


@settings(max_examples=400, deadline=None)
@given(address | st.emails() | st.text(max_size=30))
@example("ada@gmial.com")
def test_the_shortcut_for_plain_addresses_says_what_the_rules_say(text: str) -> None:
    shortcut = plain_email(text)
    if shortcut is not None:
        interpreted = EMAIL.interpret(text)
        assert shortcut == interpreted
        assert [rule("email", text, interpreted) for rule in EMAIL.rules] == [None] * len(EMAIL.rules)


@settings(max_examples=400, deadline=None)
@given(
    st.builds(
        lambda local, domain: f"{local}@{domain}.org",
        st.text(min_size=1, max_size=8),
        st.text("aZéßİẞΣ。ＡＫ\u200bа", min_size=1, max_size=6),
    )
)
@example("İ@example.org")
@example("0@ZΣ。Z.org")
@example("ΑΣ@example.org")
@example("ΑΣ.Α@ΑΣ.example.org")
@example("ada@STRAẞE.de")
def test_the_address_shown_has_the_identity_of_the_text_read(text: str) -> None:
    interpreted = EMAIL.interpret(text)
    if mailable(interpreted):
        assert email_key(interpreted) == email_key(text)
