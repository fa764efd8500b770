"""GitHub's webhooks. They only say where to look: what happened is read from GitHub itself.

So a lost, doubled, late or out-of-order delivery costs at most one look; polling finds the rest.
"""

from __future__ import annotations

import asyncio
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
#: For all of a delivery; GitHub itself gives up after ten seconds.
BODY_SECONDS = 15.0
#: Ids and bodies of deliveries.
_REMEMBERED = 20_000
_JSON = "application/json"

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
    """`wake(job, repository)` is called once per delivery; `ready` says whether we work; `ours`
    says of an event and its payload that it is about an act of our own. With a `token`, only who
    sends it is told how we are."""

    def __init__(
        self,
        secret: str,
        wake: Wake,
        ready: Callable[[], bool],
        ours: Callable[[str, Payload], bool],
        token: str = "",
    ) -> None:
        self._secret = secret.encode()
        self._wake = wake
        self._ready = ready
        self._ours = ours
        self._token = token.encode()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/webhook", self.webhook, methods=["POST"]),
                Route("/healthz", self.health),
                Route("/readyz", self.readiness),
            ]
        )

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True}) if self._admitted(request) else _stranger()

    async def readiness(self, request: Request) -> Response:
        if not self._admitted(request):
            return _stranger()
        ready = self._ready()
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    async def webhook(self, request: Request) -> Response:
        """202: taken. 401: not signed by GitHub. 400, 408, 413, 415: not a delivery."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(request)
        except TimeoutError:
            return _refused(408, f"A delivery arrives within {BODY_SECONDS:.0f} seconds.")
        if body is None:
            return _refused(413, f"A delivery has at most {LARGEST_BODY} bytes.")
        if not self._signed(body, request.headers.get("x-hub-signature-256", "")):
            _log.warning("webhook_refused", reason="signature")
            return _refused(401, "The signature does not match the secret.")
        if request.headers.get("content-type", _JSON).split(";")[0].strip().lower() != _JSON:
            return _refused(415, f"Choose the content type {_JSON} in the webhook's settings.")
        event = request.headers.get("x-github-event", "")
        delivery = request.headers.get("x-github-delivery", "")
        payload = _payload(body)
        if not event or not delivery or payload is None:
            return _refused(400, "Headers or body are not those of a delivery of GitHub.")
        # The signature covers the body alone, so the same one under another id is a replay too.
        # After a restart it costs one look.
        replayed = not self._is_new(f"{event} {hashlib.sha256(body).hexdigest()}")
        if not self._is_new(delivery) or replayed:
            return JSONResponse({"result": "seen before"}, status_code=202)
        repository = _repository(payload)
        if repository and _tells_something(event, payload):
            if await run_in_threadpool(self._is_ours, event, payload):
                return JSONResponse({"result": "our own act"}, status_code=202)
            for job in _jobs(event, payload):
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

    def _admitted(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        return not self._token or hmac.compare_digest(b"Bearer " + self._token, given)

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


def _jobs(event: str, payload: Payload) -> tuple[str, ...]:
    """Who looks: GitHub calls a comment on a pull request one on its issue half."""
    issue = payload.get("issue")
    if event == "issue_comment" and isinstance(issue, dict) and "pull_request" in issue:
        return ("pr-monitor",)
    return EVENTS[event]


def _tells_something(event: str, payload: Payload) -> bool:
    if event not in EVENTS:
        return False
    pending = event == "status" and payload.get("state") == "pending"
    return not pending and payload.get("action") == _ENDED.get(event, payload.get("action"))


def _stranger() -> Response:
    return _refused(401, "Send the token of the config as `Authorization: Bearer …`.")


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)
