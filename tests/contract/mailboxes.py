"""A target for webhooks that keeps what it is sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mailbox:
    """A target that keeps what it is sent, and answers `code`."""

    def __init__(self) -> None:
        self.code = 200
        self.seen: list[tuple[dict[str, str], bytes]] = []
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                box.seen.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(box.code)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def events(self) -> list[str]:
        """`event.action` of each delivery but pings, in the order they came."""
        found: list[str] = []
        for headers, body in list(self.seen):
            action = json.loads(body).get("action")
            found.append(headers["x-github-event"] + (f".{action}" if action else ""))
        return [name for name in found if name != "ping"]

    def payload(self, name: str) -> Any:
        """The newest payload of `event.action`."""
        event, _, action = name.partition(".")
        for headers, body in reversed(self.seen):
            data = json.loads(body)
            if headers["x-github-event"] == event and data.get("action", "") == action:
                return data
        raise AssertionError(f"no {name} among {self.events()}")


def until(found: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (seen := found()):
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.02)
    return seen
