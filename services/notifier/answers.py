"""What a mail server's answer, or its silence, means for the mail and for all others. Pure."""

import ssl
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from services.notifier.addresses import without_addresses
from services.notifier.mails import Mail, MailStatus, Settlement, one_line

LONGEST_PAUSE_SECONDS = 3600.0
_LONGEST_REASON = 300  # characters of the mail server's words
_SERVICE_NOT_AVAILABLE = 421
_SIGN_IN_CODES = (530, 535, 538)  # sign in first; wrong password; only with encryption
_MAIL_ITSELF_CODES = (552, 555)  # answers to MAIL FROM that blame the mail, not the sender: too big, option unknown

NO_ANSWER = "The mail server did not answer in time or ended the connection."
ANSWER_LOST = "The mail was handed over, but the mail server’s answer was lost."
NO_SMTPUTF8 = "The mail server cannot send to addresses with letters outside ASCII before the @."
NOT_ACCEPTED = "The mail server cannot be given this address."


class Step(IntEnum):
    """How far the handing over of one mail has come."""

    SENDER = 1
    RECIPIENT = 2
    DATA = 3
    ANSWER = 4  # the whole mail is written: from here on the mail server may have it, whatever we hear


class Verdict(StrEnum):
    """What becomes of the mail."""

    SENT = "sent"
    FAILED = "failed"
    PUT_OFF = "put_off"
    DOUBTFUL = "doubtful"


class Trouble(StrEnum):
    """What the answer says about the mail server itself."""

    NONE = "none"
    AWAY = "away"  # down, busy or not to be reached: later, for all mails
    SETTINGS = "settings"  # it refuses us: someone must correct our settings or theirs


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one attempt. `reason` has no address in it."""

    verdict: Verdict
    reason: str = ""
    trouble: Trouble = Trouble.NONE


def judge(step: Step, error: Exception, address: str) -> Answer:
    """What an error at this step means."""
    match error:
        case SMTPResponseException() if 400 <= error.code <= 599:
            return _judge_code(step, error.code, _words(error, address))
        case SMTPNotSupported() | UnicodeError():
            return Answer(Verdict.FAILED, NO_SMTPUTF8)
        case ValueError():
            return Answer(Verdict.FAILED, NOT_ACCEPTED)
    if step is Step.ANSWER:
        return Answer(Verdict.DOUBTFUL, ANSWER_LOST, Trouble.AWAY)
    return Answer(Verdict.PUT_OFF, NO_ANSWER, Trouble.AWAY)


def _judge_code(step: Step, code: int, words: str) -> Answer:
    if code in _SIGN_IN_CODES or (step is Step.SENDER and code >= 500 and code not in _MAIL_ITSELF_CODES):
        return Answer(Verdict.PUT_OFF, words, Trouble.SETTINGS)
    if code >= 500:
        return Answer(Verdict.FAILED, words)
    return Answer(Verdict.PUT_OFF, words, Trouble.AWAY if code == _SERVICE_NOT_AVAILABLE else Trouble.NONE)


def judge_connection(error: Exception) -> Trouble:
    """Why there is no usable connection."""
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Trouble.SETTINGS
    match error:
        case SMTPAuthenticationError():
            return Trouble.SETTINGS if error.code >= 500 else Trouble.AWAY
        case SMTPResponseException() | SMTPServerDisconnected() | OSError():
            return Trouble.AWAY
        case SMTPException():  # STARTTLS or AUTH is asked for and not offered
            return Trouble.SETTINGS
    return Trouble.AWAY


def settlement(mail: Mail, answer: Answer, *, retry_seconds: float, retry_hours: float) -> Settlement:
    """What to write down. A mail that was put off too long has failed, unless our settings are to blame."""
    if answer.verdict is not Verdict.PUT_OFF:
        return Settlement(mail.id, answer.verdict.value, answer.reason)
    if mail.tried_for >= retry_hours * 3600 and answer.trouble is not Trouble.SETTINGS:
        return Settlement(mail.id, MailStatus.FAILED, f"Given up after {mail.attempts + 1} attempts. {answer.reason}")
    doublings = 0 if answer.trouble is Trouble.SETTINGS else min(mail.attempts, 20)
    pause = min(LONGEST_PAUSE_SECONDS, retry_seconds * 2**doublings)
    return Settlement(mail.id, MailStatus.QUEUED, answer.reason, pause)


def _words(error: SMTPResponseException, address: str) -> str:
    words = without_addresses(one_line(error.message), address)
    return f"{error.code} {words}"[:_LONGEST_REASON]
