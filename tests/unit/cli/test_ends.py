"""What a person reads when a command cannot be done: one line that says what to do, never the inside of a program."""

import sys

import pytest
import structlog

from cli.app import main

NOBODY = "postgresql://ada:secret@127.0.0.1:1/intake"
HERE = ("--server", "http://127.0.0.1:1", "--token", "rc_x")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["status", "x", "--server", "http://[::1", "--token", "rc_x"], "server.address_wrong"),
        (["status", "x", "--server", "rollcall.example.org", "--token", "rc_x"], "server.address_wrong"),
        (["status", "x", "--server", "http://127.0.0.1:1", "--token", "rc_x\n"], "server.away"),
        (["status", "x", "--server", "http://127.0.0.1:1", "--token", "tökén"], "auth.invalid"),
        (["import", __file__, "--experience", "1", "--idempotency-key", "é", *HERE], "server.away"),
        (["token", "list", "ada@example.org", "--database-url", NOBODY], "database.away"),
        (["token", "list", "ada@example.org", "--database-url", "nonsense"], "database.away"),
        (["audit", "--database-url", NOBODY], "database.away"),
        (["sign-in-link", "ada@example.org", "--base-url", "http://x", "--database-url", NOBODY], "database.away"),
        (["account", "remove", "ada@example.org", "--database-url", NOBODY], "database.away"),
        (["lag", "--kafka", "nobody.invalid"], "broker.away"),
        (["lag", "--kafka", ":::"], "settings.wrong"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    command: list[str], code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["rollcall", *command])
    ours = structlog.get_config()
    with pytest.raises(SystemExit) as ended:
        main()
    structlog.configure(**ours)
    said = capsys.readouterr().err.strip()
    assert (ended.value.code, said.count("\n")) == (1, 0)
    assert said.endswith(f"({code})")
    assert "secret" not in said
