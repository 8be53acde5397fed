"""What each answer of a mail server, and each silence, means."""

import ssl

import pytest
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from services.notifier.answers import Answer, Step, Trouble, Verdict, judge, judge_connection, settlement
from services.notifier.mails import MailStatus
from tests.unit.notifier.builders import mail

ADDRESS = "ada@example.edu"
EARLY = [Step.SENDER, Step.RECIPIENT, Step.DATA]
SILENCES = [SMTPReadTimeoutError("no"), SMTPServerDisconnected("gone"), TimeoutError(), ConnectionResetError(),
            SMTPResponseException(-1, "malformed")]  # fmt: skip


@pytest.mark.parametrize("silence", SILENCES, ids=repr)
@pytest.mark.parametrize("step", EARLY)
def test_silence_before_the_mail_is_written_puts_it_off(step, silence):
    answer = judge(step, silence, ADDRESS)
    assert (answer.verdict, answer.trouble) == (Verdict.PUT_OFF, Trouble.AWAY)


@pytest.mark.parametrize("silence", SILENCES, ids=repr)
def test_silence_after_it_is_doubtful(silence):
    answer = judge(Step.ANSWER, silence, ADDRESS)
    assert (answer.verdict, answer.trouble) == (Verdict.DOUBTFUL, Trouble.AWAY)


@pytest.mark.parametrize(
    ("step", "error", "verdict", "trouble"),
    [
        (Step.SENDER, SMTPSenderRefused(451, "later", "r@r.example"), Verdict.PUT_OFF, Trouble.NONE),
        (Step.RECIPIENT, SMTPRecipientRefused(450, "greylisted", ADDRESS), Verdict.PUT_OFF, Trouble.NONE),
        (Step.RECIPIENT, SMTPRecipientRefused(550, "unknown", ADDRESS), Verdict.FAILED, Trouble.NONE),
        (Step.DATA, SMTPDataError(452, "full"), Verdict.PUT_OFF, Trouble.NONE),
        (Step.ANSWER, SMTPDataError(451, "later"), Verdict.PUT_OFF, Trouble.NONE),
        (Step.ANSWER, SMTPDataError(554, "spam"), Verdict.FAILED, Trouble.NONE),
        (Step.RECIPIENT, SMTPRecipientRefused(421, "closing", ADDRESS), Verdict.PUT_OFF, Trouble.AWAY),
        (Step.SENDER, SMTPSenderRefused(530, "sign in", "r@r.example"), Verdict.PUT_OFF, Trouble.SETTINGS),
        (Step.SENDER, SMTPSenderRefused(550, "not yours", "r@r.example"), Verdict.PUT_OFF, Trouble.SETTINGS),
        (Step.SENDER, SMTPSenderRefused(552, "too big", "r@r.example"), Verdict.FAILED, Trouble.NONE),
        (Step.SENDER, SMTPNotSupported("SMTPUTF8"), Verdict.FAILED, Trouble.NONE),
        (Step.RECIPIENT, ValueError("bad"), Verdict.FAILED, Trouble.NONE),
    ],
)
def test_a_clear_answer_is_obeyed(step, error, verdict, trouble):
    answer = judge(step, error, ADDRESS)
    assert (answer.verdict, answer.trouble) == (verdict, trouble)


def test_the_reason_has_the_servers_words_and_no_address():
    error = SMTPRecipientRefused(550, "5.1.1 <ada@example.edu>:\r\nuser ada unknown", ADDRESS)
    assert judge(Step.RECIPIENT, error, ADDRESS).reason == "550 5.1.1 …: user … unknown"


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (SMTPConnectError("refused"), Trouble.AWAY),
        (SMTPConnectTimeoutError("slow"), Trouble.AWAY),
        (SMTPConnectResponseError(421, "busy"), Trouble.AWAY),
        (SMTPServerDisconnected("gone"), Trouble.AWAY),
        (TimeoutError(), Trouble.AWAY),
        (OSError("no route"), Trouble.AWAY),
        (SMTPAuthenticationError(535, "wrong password"), Trouble.SETTINGS),
        (SMTPAuthenticationError(454, "try later"), Trouble.AWAY),
        (SMTPException("STARTTLS extension not supported by server."), Trouble.SETTINGS),
        (ssl.SSLCertVerificationError("self-signed"), Trouble.SETTINGS),
    ],
)
def test_who_is_not_let_in_by_the_settings_says_so(error, trouble):
    assert judge_connection(error) is trouble


def written_down(attempts, tried_for, answer):
    return settlement(mail(attempts=attempts, tried_for=tried_for), answer, retry_seconds=5, retry_hours=24)


def test_the_pause_doubles_up_to_an_hour():
    put_off = Answer(Verdict.PUT_OFF, "451 later")
    assert [written_down(n, 0, put_off).pause for n in (0, 1, 2, 9, 10, 5000)] == [5, 10, 20, 2560, 3600, 3600]


def test_a_mail_that_was_put_off_for_too_long_has_failed():
    entry = written_down(7, 24 * 3600, Answer(Verdict.PUT_OFF, "451 later"))
    assert (entry.status, entry.reason) == (MailStatus.FAILED, "Given up after 8 attempts. 451 later")


def test_wrong_settings_cost_no_mail():
    entry = written_down(7, 99 * 3600, Answer(Verdict.PUT_OFF, "530 sign in", Trouble.SETTINGS))
    assert (entry.status, entry.pause) == (MailStatus.QUEUED, 5)


@pytest.mark.parametrize("verdict", [Verdict.SENT, Verdict.FAILED, Verdict.DOUBTFUL])
def test_what_is_settled_stays_so(verdict):
    assert written_down(0, 99 * 3600, Answer(verdict, "why"))[1:3] == (MailStatus(verdict.value), "why")
