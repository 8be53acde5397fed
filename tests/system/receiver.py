"""A receiver of webhooks, as somebody else writes one. Imports nothing of ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """Says 503 as often as `away` says, then takes everything."""

    url: str = ""
    away: int = 0
    awake: threading.Event = field(default_factory=threading.Event)  # it answers nobody before
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def of(self, import_id: str) -> list[tuple[dict[str, str], bytes]]:
        return [(headers, body) for headers, body in self.received if import_id in headers["webhook-id"]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    heard = Receiver()
    heard.awake.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.awake.wait(60)
            heard.away, away = max(0, heard.away - 1), heard.away
            heard.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(503 if away else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        heard.url = f"http://127.0.0.1:{server.server_port}/rollcall"
        try:
            yield heard
        finally:
            server.shutdown()
