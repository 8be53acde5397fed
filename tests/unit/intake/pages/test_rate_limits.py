"""Who counts as one when tries are counted."""

import pytest

from services.intake.pages.rate_limits import network_of


@pytest.mark.parametrize(
    ("host", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_of_the_new_kind_counts_with_its_network(host: str, counted_as: str) -> None:
    assert network_of(host) == counted_as
