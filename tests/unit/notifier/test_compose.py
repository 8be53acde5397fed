"""What people read. The letters are read back with the standard library's parser."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from html.parser import HTMLParser

import pytest

from services.notifier.compose import CannotCompose, Composer
from shared.events import EmailKind
from tests.unit.notifier.builders import EXPERIENCE, IMPORT, mail

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def composer():
    return Composer(base_url="https://rollcall.example/", mail_from="Rollcall <no-reply@rollcall.example>")


def read(letter):
    return message_from_bytes(letter.message, policy=policy.default)


def display_name(letter):
    """Read with the older parser: the newer one puts spaces between the pieces of a long name."""
    header = message_from_bytes(letter.message)["To"].rpartition(" <")[0]
    name = str(make_header(decode_header(header)))
    return name[1:-1].replace('\\"', '"').replace("\\\\", "\\") if header.startswith('"') else name


def text_of(message, side):
    return message.get_body((side,)).get_content()


def test_a_welcome_says_what_happened_and_what_to_do_next(composer):
    message = read(composer.compose(mail(), AT))
    assert message["Subject"] == "Your account for Biology"
    for side in ("plain", "html"):
        text = text_of(message, side)
        for words in ("Hello Ada,", "an account has been created for you", "Biology", "ada@example.edu", "password"):
            assert words in text


def test_the_welcome_link_holds_no_personal_data(composer):
    text = text_of(read(composer.compose(mail(), AT)), "plain")
    (link,) = (line.strip() for line in text.splitlines() if "https://" in line)
    assert link == f"https://rollcall.example/welcome?account=7&experience={EXPERIENCE}"


def test_a_finish_mail_holds_the_counts_and_the_link(composer):
    message = read(composer.compose(mail(EmailKind.FINISH), AT))
    assert message["Subject"] == "Import finished: learners.csv (245 of 250 imported)"
    lines = [" ".join(line.split()) for line in text_of(message, "plain").splitlines()]
    for line in ("240 accounts created, and added as learners", "4 not imported because of errors in the file",
                 "250 records in all", "https://rollcall.example/imports/1"):  # fmt: skip
        assert line in lines
    assert 'href="https://rollcall.example/imports/1"' in text_of(message, "html")


def test_the_headers_are_those_of_an_automatic_mail(composer):
    message = read(composer.compose(mail(), AT))
    assert message["From"] == "Rollcall <no-reply@rollcall.example>"
    assert message["To"].addresses[0].addr_spec == "ada@example.edu"
    assert message["Message-ID"] == f"<welcome.7.{IMPORT}@rollcall.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == AT
    assert message.get_content_type() == "multipart/alternative"
    assert not message.defects


def test_every_attempt_has_the_same_message_id(composer):
    again = AT.replace(hour=11)
    assert read(composer.compose(mail(), AT))["Message-ID"] == read(composer.compose(mail(), again))["Message-ID"]


@pytest.mark.parametrize(
    "name", ["Ada\r\nBcc: everyone@example.org", "Ada\n\nbody", 'A" <x@example.org>, "B', "=?utf-8?q?a=0d=0aBcc:_x?="]
)
@pytest.mark.parametrize("field", ["first_name", "last_name", "experience_name"])
def test_no_value_can_add_a_header_or_a_recipient(composer, name, field):
    usual = read(composer.compose(mail(), AT))
    message = read(composer.compose(mail(**{field: name}), AT))
    assert message.keys() == usual.keys()
    assert [recipient.addr_spec for recipient in message["To"].addresses] == ["ada@example.edu"]
    assert not message.defects


def test_markup_in_names_is_shown_and_not_obeyed(composer):
    message = read(
        composer.compose(mail(first_name="<img src=x>", experience_name="R&D <script>alert(1)</script>"), AT)
    )
    tags, texts = [], []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.handle_data = texts.append
    parser.feed(text_of(message, "html"))
    assert not {"img", "script"} & set(tags)
    assert "R&D <script>alert(1)</script>" in "".join(texts)
    assert "Hello <img src=x>," in text_of(message, "plain")


@pytest.mark.parametrize(
    "name", ["Zoë", "Владимир", "李小龍", "محمد", "Nguyễn", "👩‍🎓", 'o\'Brien \\ "Q"', "x" * 256, "ß" * 256]
)
def test_any_name_arrives_whole(composer, name):
    letter = composer.compose(mail(first_name=name, last_name=name, experience_name=name), AT)
    message = read(letter)
    assert display_name(letter) == f"{name} {name}"
    assert message["Subject"] == f"Your account for {name}"
    assert name in text_of(message, "plain")


def test_no_line_is_longer_than_mail_servers_take(composer):
    letter = composer.compose(mail(first_name="x" * 256, last_name="ß" * 256, experience_name="y " * 500), AT)
    lines = letter.message.split(b"\r\n")
    assert max(map(len, lines)) <= 200
    assert not any(b"\r" in line or b"\n" in line for line in lines)


@pytest.mark.parametrize(("address", "utf8"), [("ada@bücher.example", False), ("jörg@bücher.example", True)])
def test_only_letters_before_the_at_need_a_newer_mail_server(composer, address, utf8):
    letter = composer.compose(mail(address=address), AT)
    assert letter.needs_smtputf8 is utf8
    assert letter.recipient.endswith("@xn--bcher-kva.example")


def test_without_names_nobody_is_greeted_by_a_gap(composer):
    message = read(composer.compose(mail(first_name="", last_name=""), AT))
    assert text_of(message, "plain").startswith("Hello,")
    assert message["To"] == "ada@example.edu"


def test_an_address_that_is_none_cannot_be_written_to(composer):
    with pytest.raises(CannotCompose):
        composer.compose(mail(address="nobody"), AT)


def test_an_operators_templates_replace_ours_one_by_one(tmp_path):
    (tmp_path / "welcome.txt").write_text("Bonjour {{ full_name }}, {{ experience_name }} : {{ link }}\n")
    composer = Composer(base_url="https://r.example", mail_from="r@r.example", templates_folder=str(tmp_path))
    message = read(composer.compose(mail(), AT))
    assert text_of(message, "plain").startswith("Bonjour Ada Lovelace, Biology : https://r.example/welcome")
    assert "Hello Ada" in text_of(message, "html")


@pytest.mark.parametrize("template", ["{{ no_such_word }}", "{{ 1 / 0 }}", "{{ counts.created.foo.bar }}"])
def test_a_faulty_template_is_found_at_the_start(tmp_path, template):
    (tmp_path / "finish.html").write_text(template)
    composer = Composer(base_url="https://r.example", mail_from="r@r.example", templates_folder=str(tmp_path))
    with pytest.raises(CannotCompose, match="finish template"):
        composer.check()
