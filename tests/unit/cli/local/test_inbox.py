from pathlib import Path

from cli.local.inbox import draft_of


def test_a_mail_that_is_not_whole_is_not_found_among_the_mails() -> None:
    assert not draft_of(Path("1795374216202666983-ff1a2206.eml")).match("*.eml")
