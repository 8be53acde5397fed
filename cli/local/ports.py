"""Free TCP ports, remembered: a stack that is started again answers where it did before, unless a port is taken now."""

import json
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from cli.local.files import write_atomically

HOST = "127.0.0.1"
_QUIET_PORTS = range(10_000, 20_000)  # below those that outgoing connections take while nobody listens

_held: list[socket.socket] = []


def remembered_ports(file: Path, names: list[str]) -> dict[str, int]:
    """A port for each name: the one of last time where it is free, else another free one; the choice is kept in `file`.
    They are held as long as this process lives, where that can be done."""
    known = json.loads(file.read_text()) if file.exists() else {}
    ports: dict[str, int] = {}
    for name in names:
        wanted = known.get(name)
        ports[name] = (
            wanted if wanted and wanted not in ports.values() and is_free(wanted) else free_port(ports.values())
        )
        _hold(ports[name])
    write_atomically(file, json.dumps(known | ports, indent=2))
    return ports


def is_free(port: int, *, or_held: bool = True) -> bool:
    """Nobody listens on the port now, nor, without `or_held`, holds it or used it a moment ago."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, or_held)  # also what is in TIME_WAIT from our last run
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
        return True


def free_port(taken: Collection[int] = ()) -> int:
    """A port that nobody listens on, holds, or is given for an outgoing connection."""
    while (port := secrets.choice(_QUIET_PORTS)) in taken or not is_free(port, or_held=False):
        pass
    return port


def _hold(port: int) -> None:
    """Bound and not listened on: no other stack chooses it before its part listens, or while that is started again. Linux lets
    the part listen all the same; where the system does not, the port is let go."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):
        place.bind((HOST, port))
        if is_free(port):
            _held.append(place)
            return
    place.close()
