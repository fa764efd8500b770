"""Places that messages are sent to: a real webhook and a real mail server, on this machine."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any


class Webhook:
    """Takes JSON; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[dict[str, Any]] = []
        self.asked = 0
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.port: int = self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T0/B0/a-word"

    def texts(self) -> list[str]:
        return [one["text"] for one in self.got]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.asked += 1
                if owner.status < 300:
                    owner.got.append(body)
                self.send_response(owner.status)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


class _Smtp(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.tls = tls
        self.mails: list[str] = []
        self.logins: list[str] = []
        self.encrypted = 0
        super().__init__(("127.0.0.1", 0), _Dialogue)

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Dialogue(StreamRequestHandler):
    """As much of SMTP as a mail takes."""

    @property
    def post(self) -> _Smtp:
        assert isinstance(self.server, _Smtp)
        return self.server

    def handle(self) -> None:
        try:
            with suppress(OSError):  # who does not trust us hangs up
                self._talk()
        finally:
            self.connection.close()

    def _talk(self) -> None:
        self._say("220 post ready")
        while line := self.rfile.readline():
            word = line.split()[0].upper().decode() if line.split() else ""
            if word == "QUIT":
                self._say("221 bye")
                return
            if word == "DATA":
                self._mail()
            elif word == "STARTTLS" and self.post.tls:
                self._say("220 go on")
                self._encrypt(self.post.tls)
            elif word == "AUTH":
                self.post.logins.append(line.split()[-1].decode())
                self._say("235 welcome")
            elif word == "EHLO":
                self._say("250-post\r\n250-AUTH PLAIN\r\n250 STARTTLS")
            elif word in ("HELO", "MAIL", "RCPT", "RSET", "NOOP"):
                self._say("250 post")
            else:
                self._say("502 what?")

    def _encrypt(self, tls: ssl.SSLContext) -> None:
        wrapped = tls.wrap_socket(self.connection, server_side=True, do_handshake_on_connect=False)
        self.connection = wrapped
        wrapped.do_handshake()
        self.rfile.close()
        self.wfile.close()
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.post.encrypted += 1

    def _mail(self) -> None:
        self._say("354 go on")
        lines: list[str] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.decode().rstrip("\r\n"))
        self.post.mails.append("\n".join(lines))
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def webhook() -> Generator[Webhook]:
    hook = Webhook()
    with _serving(hook.server):
        yield hook


@contextmanager
def mail(certificate: Path | None = None) -> Generator[_Smtp]:
    """`certificate`: a file with it and its key, for STARTTLS."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = _Smtp(tls)
    with _serving(server):
        yield server


@contextmanager
def _serving(server: HTTPServer | ThreadingTCPServer) -> Generator[None]:
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
