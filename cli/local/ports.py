"""Free TCP ports, remembered: a stack that is started again answers where it did before, unless a port is taken now."""

import json
import socket
from collections.abc import Collection
from pathlib import Path

from cli.local.files import write_atomically

HOST = "127.0.0.1"


def remembered_ports(file: Path, names: list[str]) -> dict[str, int]:
    """A port for each name: the one of last time where it is free, else another free one; the choice is kept in `file`."""
    known = json.loads(file.read_text()) if file.exists() else {}
    ports: dict[str, int] = {}
    for name in names:
        wanted = known.get(name)
        ports[name] = (
            wanted if wanted and wanted not in ports.values() and is_free(wanted) else free_port(ports.values())
        )
    write_atomically(file, json.dumps(known | ports, indent=2))
    return ports


def is_free(port: int) -> bool:
    """Nobody listens on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT from our last run is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port(taken: Collection[int] = ()) -> int:
    """A port that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
