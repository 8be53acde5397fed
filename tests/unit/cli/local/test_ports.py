"""Ports are free ones, and the same ones from start to start as long as they are free."""

import json
import socket
import sys
from pathlib import Path

import pytest

from cli.local.ports import HOST, free_port, is_free, remembered_ports


def test_ports_are_remembered(tmp_path: Path) -> None:
    first = remembered_ports(tmp_path / "ports.json", ["kafka", "intake"])
    assert remembered_ports(tmp_path / "ports.json", ["kafka", "intake"]) == first


def test_a_remembered_port_that_is_taken_now_is_replaced(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "ports.json").write_text(json.dumps({"kafka": port}))
        assert remembered_ports(tmp_path / "ports.json", ["kafka"])["kafka"] != port


def test_two_parts_never_get_one_port(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "ports.json").write_text(json.dumps({"kafka": port, "intake": port}))
    ports = remembered_ports(tmp_path / "ports.json", ["kafka", "intake"])
    assert len(set(ports.values())) == 2


def test_ports_of_parts_that_are_not_asked_for_are_kept(tmp_path: Path) -> None:
    first = remembered_ports(tmp_path / "ports.json", ["kafka", "intake"])
    remembered_ports(tmp_path / "ports.json", ["kafka"])
    assert json.loads((tmp_path / "ports.json").read_text()) == first


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody could listen on a port that is held")
def test_a_port_that_was_given_is_given_to_nobody_else_before_its_part_listens(tmp_path: Path) -> None:
    port = remembered_ports(tmp_path / "ports.json", ["kafka"])["kafka"]
    assert not is_free(port, or_held=False)
    socket.create_server((HOST, port)).close()


def test_a_port_is_none_that_outgoing_connections_are_given() -> None:
    assert free_port() < 32_768  # where those of Linux begin, unless it is told otherwise; of others higher
