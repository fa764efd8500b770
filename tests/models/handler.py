"""HTTP of the scripted model server: paths, streams, cut and hanging connections."""

from __future__ import annotations

import gzip
import json
import re
import select
import socket
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

from tests.models import anthropic, chat, google, responses, words
from tests.models.conversation import Api, Conversation, Json
from tests.models.reply import Event, Reply
from tests.models.scenario import respond
from tests.models.steps import Fail, Hang, Kind
from tests.models.tools import NoTool

if TYPE_CHECKING:
    from tests.models.server import ModelServer, Request

FORMS = {
    Api.ANTHROPIC: anthropic,
    Api.RESPONSES: responses,
    Api.CHAT: chat,
    Api.GOOGLE: google,
}
_CALLS = (
    (r"/messages$", Api.ANTHROPIC),
    (r"/responses$", Api.RESPONSES),
    (r"/chat/completions$", Api.CHAT),
    (r"/models/([^/:]+):(?:g|streamG)enerateContent$", Api.GOOGLE),
)
MODELS = ("claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5-codex", "deepseek-chat")
#: Seconds before an error in a stream, so that it is read by itself.
ERROR_PAUSE = 0.05
GEMINI = ("gemini-2.5-pro", "gemini-2.5-flash")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: Without it, Nagle's algorithm holds small events back for tens of milliseconds.
    disable_nagle_algorithm = True

    @property
    def models(self) -> ModelServer:
        return cast("Any", self.server).models

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr; `requests` holds what came."""

    def do_HEAD(self) -> None:
        self.models.others.append(("HEAD", self.path))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.models.others.append(("GET", self.path))
        path = urlsplit(self.path).path
        if path.endswith("/models"):
            self._send_json(200, _models(gemini="v1beta" in path))
        else:
            self._send_json(404, {"error": {"message": f"nothing at {path}", "code": "not_found"}})

    def do_POST(self) -> None:
        body = self._read_body()
        address = urlsplit(self.path)
        if re.search(r"(count_tokens|:countTokens)$", address.path):
            self.models.others.append(("POST", self.path))
            count = len(json.dumps(body)) // 4
            self._send_json(200, {"input_tokens": count, "totalTokens": count})
            return
        for pattern, api in _CALLS:
            match = re.search(pattern, address.path)
            if match:
                model = match[1] if match.groups() else None
                asked = FORMS[api].read(body, model)
                stream = asked.stream or ":stream" in address.path
                sse = api is not Api.GOOGLE or parse_qs(address.query).get("alt") == ["sse"]
                self._answer(asked, stream, sse)
                return
        self.models.others.append(("POST", self.path))
        self._send_json(404, {"error": {"message": f"nothing at {address.path}"}})

    def _read_body(self) -> Json:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        return json.loads(data or b"{}")

    def _answer(self, asked: Conversation, stream: bool, sse: bool) -> None:
        request = self.models.take(asked, self.path, dict(self.headers))
        try:
            scenario, number = self.models.choose(asked)
            answer = respond(scenario, asked, number)
        except (LookupError, NoTool) as error:
            request.status = 501
            message = f"The scripted model server: {error}"
            self._send_json(501, {"error": {"message": message, "type": "no_script"}})
            return
        request.status = 200
        if isinstance(answer, Hang):
            request.status = 200 if answer.headers else 0
            self._hang(answer)
        elif isinstance(answer, Fail):
            self._fail(answer, asked, stream, request)
        elif stream and sse:
            self._stream(FORMS[asked.api].stream(answer, asked.model, asked.include_usage), answer)
        else:
            whole = FORMS[asked.api].whole(answer, asked.model)
            # Gemini streams a JSON list to those that do not ask for server-sent events.
            self._send_json(200, [whole] if stream else whole, cut=answer.cut)

    def _fail(self, fail: Fail, asked: Conversation, stream: bool, request: Request) -> None:
        found = words.failure(fail, asked)
        in_stream = fail.in_stream
        if fail.kind is Kind.OVERFLOW and asked.api is Api.RESPONSES:
            # This one always comes as an event, never as a status.
            in_stream = True
        if in_stream and stream:
            begun = FORMS[asked.api].stream(Reply(id="failed"), asked.model)
            self._stream([next(iter(begun)), words.error_event(asked.api, found)], Reply())
            return
        request.status = found.status
        self._send_json(found.status, found.body, found.headers)

    def _stream(self, events: Iterable[Event], reply: Reply) -> None:
        """Events as chunks. A cut stream ends in the middle of an event, without the last chunk."""
        self._begin_stream()
        listed = list(events) if reply.cut is not None else events
        if reply.cut is not None and isinstance(listed, list):
            listed = listed[: max(1, int(len(listed) * reply.cut))]
        for event in listed:
            pause = ERROR_PAUSE if event.raw else reply.pause if event.paced else 0
            if pause and self.models.closing.wait(pause):
                break
            self._chunk(_written(event))
        if reply.cut is None or reply.clean:
            self._chunk(b"")
        else:
            self._chunk(b'data: {"type": "con')
            self.close_connection = True

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _hang(self, hang: Hang) -> None:
        """Until the client goes away or the server closes."""
        if hang.headers:
            self._begin_stream()
        while not self.models.closing.is_set():
            ready, _, _ = select.select([self.connection], [], [], 0.2)
            if ready and not self.connection.recv(1, socket.MSG_PEEK):
                break
        self.close_connection = True

    def _send_json(
        self,
        status: int,
        body: object,
        headers: Mapping[str, str] | None = None,
        cut: float | None = None,
    ) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if cut is not None:
            data = data[: int(len(data) * cut)]
            self.close_connection = True
        self.wfile.write(data)


def _written(event: Event) -> bytes:
    data = event.data if isinstance(event.data, str) else json.dumps(event.data)
    if event.raw:
        return data.encode()
    name = f"event: {event.name}\n" if event.name else ""
    return f"{name}data: {data}\n\n".encode()


def _models(gemini: bool) -> Json:
    if gemini:
        return {"models": [{"name": f"models/{m}", "displayName": m} for m in GEMINI]}
    listed = [
        {"id": m, "object": "model", "type": "model", "display_name": m, "owned_by": "script"}
        | {"created": 1_700_000_000, "created_at": "2026-01-01T00:00:00Z"}
        for m in MODELS
    ]
    return {"object": "list", "data": listed, "has_more": False}
