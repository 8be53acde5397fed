"""What an operator may set."""

import pytest
from pydantic import ValidationError

from services.notifier.settings import Settings


@pytest.mark.parametrize("sender", ["r@example.org", "Rollcall <r@example.org>", "r@localhost"])
def test_a_sender_is_an_address_with_or_without_a_name(sender):
    assert Settings(database_url="postgresql://x/y", mail_from=sender).mail_from == sender


@pytest.mark.parametrize("sender", ["", "rollcall", "r@", "r\u00f6@example.org", "Rollcall <r@example.org\r\nBcc: x>"])
def test_anything_else_is_refused_at_the_start(sender):
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://x/y", mail_from=sender)
