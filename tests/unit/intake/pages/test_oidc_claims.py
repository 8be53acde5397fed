"""What a provider's word on an address is worth."""

import pytest

from services.intake.pages.oidc_claims import Refusal, email_of


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address_counts(verified: object) -> None:
    assert email_of({"email": "A@b.com", "email_verified": verified}, trust_unverified=False) == "A@b.com"


@pytest.mark.parametrize("verified", [False, "false", None, 0, 1.5, "yes", {}])
def test_an_address_that_is_not_called_verified_counts_only_where_it_is_trusted(verified: object) -> None:
    claims = {"email": "a@b.com", "email_verified": verified}
    assert email_of(claims, trust_unverified=False) == Refusal.EMAIL_NOT_VERIFIED
    assert email_of(claims, trust_unverified=True) == "a@b.com"


@pytest.mark.parametrize("email", [None, "", "nobody", 7, ["a@b.com"], "a@b.com\x00", "a@b.com\n"])
def test_what_is_no_address_does_not_count(email: object) -> None:
    claims = {"email": email, "email_verified": True}
    assert email_of(claims, trust_unverified=True) == Refusal.EMAIL_MISSING
