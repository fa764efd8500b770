"""GitHub's webhooks. They only say where to look: what happened is read from GitHub itself.

So a lost, doubled, late or out-of-order delivery costs at most one look; polling finds the rest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_os.domain.errors import AgentOSError

_log = structlog.get_logger()
#: GitHub sends no larger ones.
LARGEST_BODY = 25_000_000
_REMEMBERED = 10_000

#: Which jobs look at a repository after an event. All others are answered and ignored.
EVENTS: dict[str, tuple[str, ...]] = {
    "issues": ("dispatcher",),
    "issue_comment": ("dispatcher",),
    "label": ("dispatcher",),
    "repository": ("dispatcher",),
    "push": ("dispatcher", "pr-monitor"),
    "pull_request": ("pr-monitor",),
    "pull_request_review": ("pr-monitor",),
    "pull_request_review_comment": ("pr-monitor",),
    "check_run": ("pr-monitor",),
    "check_suite": ("pr-monitor",),
    "status": ("pr-monitor",),
}

#: Until a check or suite has ended there is nothing to decide.
_ENDED = {"check_run": "completed", "check_suite": "completed"}

Wake = Callable[[str, str], None]
Payload = dict[str, Any]


class Receiver:
    """`wake(job, repository)` is called once per delivery id; `ready` says whether we work; `ours`
    says of an event and its payload that it is about an act of our own."""

    def __init__(
        self,
        secret: str,
        wake: Wake,
        ready: Callable[[], bool],
        ours: Callable[[str, Payload], bool],
    ) -> None:
        self._secret = secret.encode()
        self._wake = wake
        self._ready = ready
        self._ours = ours
        self._seen: OrderedDict[str, None] = OrderedDict()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/webhook", self.webhook, methods=["POST"]),
                Route("/healthz", self.health),
                Route("/readyz", self.readiness),
            ]
        )

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def readiness(self, _request: Request) -> Response:
        ready = self._ready()
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    async def webhook(self, request: Request) -> Response:
        """202: taken. 401: not signed by GitHub. 400, 413: not a delivery."""
        body = await _body(request)
        if body is None:
            return _refused(413, f"A delivery has at most {LARGEST_BODY} bytes.")
        if not self._signed(body, request.headers.get("x-hub-signature-256", "")):
            _log.warning("webhook_refused", reason="signature")
            return _refused(401, "The signature does not match the secret.")
        event = request.headers.get("x-github-event", "")
        delivery = request.headers.get("x-github-delivery", "")
        payload = _payload(body)
        if not event or not delivery or payload is None:
            return _refused(400, "Headers or body are not those of a delivery of GitHub.")
        if not self._is_new(delivery):
            return JSONResponse({"result": "seen before"}, status_code=202)
        repository = _repository(payload)
        if repository and _tells_something(event, payload):
            if await run_in_threadpool(self._is_ours, event, payload):
                return JSONResponse({"result": "our own act"}, status_code=202)
            for job in EVENTS[event]:
                self._wake(job, repository)
        return JSONResponse({"result": "taken"}, status_code=202)

    def _is_ours(self, event: str, payload: Payload) -> bool:
        """In doubt it is not: a look too many does no harm."""
        try:
            return self._ours(event, payload)
        except (AgentOSError, KeyError, TypeError, AttributeError) as error:
            _log.info("webhook_unclear", gh_event=event, error=f"{type(error).__name__}: {error}")
            return False

    def _signed(self, body: bytes, signature: str) -> bool:
        expected = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))

    def _is_new(self, delivery: str) -> bool:
        if delivery in self._seen:
            return False
        self._seen[delivery] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


async def _body(request: Request) -> bytes | None:
    """The whole body, or None when it is too large; what is too large is not read."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > LARGEST_BODY:
        return None
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)


def _payload(body: bytes) -> Payload | None:
    """None when it is not a JSON object."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _repository(payload: Payload) -> str:
    """`owner/name`; empty for a delivery about no repository."""
    found = payload.get("repository")
    return str(found.get("full_name", "")) if isinstance(found, dict) else ""


def _tells_something(event: str, payload: Payload) -> bool:
    if event not in EVENTS:
        return False
    pending = event == "status" and payload.get("state") == "pending"
    return not pending and payload.get("action") == _ENDED.get(event, payload.get("action"))


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)
