"""From an HTTP request to a handler and back: sign-in, errors, conditional answers, rates."""

import hashlib
import json
import logging
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from agent_os.localhub import refusals, repositories, signin
from agent_os.localhub.accounts import User
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import DOCUMENTATION_URL, Refusal
from agent_os.localhub.faults import Strike
from agent_os.localhub.graphql import documents
from agent_os.localhub.hub import Hub
from agent_os.localhub.repositories import Moved
from agent_os.localhub.traffic import READS

MAX_BODY_BYTES = 25 * 1024 * 1024
Handler = Callable[[Call], Reply]
log = logging.getLogger(__name__)

#: As `Call.path` has them.
GRAPHQL = frozenset(path.removeprefix("/api/v3") for path in documents.PATHS)
COMMON_HEADERS = {
    "X-GitHub-Media-Type": "github.v3; format=json",
    "X-GitHub-Api-Version-Selected": "2022-11-28",
    "X-OAuth-Scopes": "repo, workflow",
}


async def read_body(request: Request) -> bytes:
    """The whole body; 413 beyond the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise Refusal(413, "Payload too large")
        parts.append(part)
    return b"".join(parts)


def base_url(request: Request) -> str:
    """The base URL that the client used."""
    return f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}"


def endpoint(hub: Hub, handler: Handler) -> Callable[[Request], Any]:
    """A Starlette endpoint around a handler. The handler runs in one transaction, and in a
    write the repository's lock is held."""

    async def respond(request: Request) -> Response:
        try:
            raw = await read_body(request)
        except Refusal as refusal:
            return finish(request, Reply(refusal.status, refusal.body()), {})
        return await run_in_threadpool(answer, hub, handler, request, raw)

    return respond


def answer(hub: Hub, handler: Handler, request: Request, raw: bytes) -> Response:
    """The whole answer to a request of the API whose body is `raw`."""
    rate_headers: dict[str, str] = {}
    try:
        user = _sign_in(hub, request)
        window = hub.rates.window(user.login, hub.clock.epoch())
        rate_headers = window.headers()
        if window.remaining == 0 and not _is_free(request):
            reply = _spent(request, user)
        else:
            strike: Strike = request.scope["hub_strike"]
            with hub.replicas.seen_from(hub, strike.stale) as seen:
                call = _call(seen, user, request, raw)
                call.hidden = strike.hidden
                reply = _handle(seen, handler, call)
    except Refusal as refusal:
        reply = Reply(refusal.status, refusal.body(), refusal.headers)
    except Moved as moved:
        reply = _redirect(request, moved)
    except Exception:  # the process boundary: a fault in one request must not end the hub
        log.exception("request failed: %s %s", request.method, request.url.path)
        reply = Reply(500, {"message": "Server Error", "documentation_url": DOCUMENTATION_URL})
    response = finish(request, reply, rate_headers)
    user_name = request.scope.get("hub_user")
    if user_name and response.status_code != 304 and not _is_free(request):
        spent = hub.rates.spend(user_name, hub.clock.epoch())
        response.headers.update(spent.headers())
    if hub.recorder.on:
        _record(hub, request, raw, response)
    return response


def _record(hub: Hub, request: Request, raw: bytes, response: Response) -> None:
    route = request.scope.get("route")
    hub.recorder.rest(
        method=request.method,
        route=getattr(route, "path", ""),
        path=request.url.path.removeprefix("/api/v3"),
        query=request.url.query,
        request=raw,
        status=response.status_code,
        answer=bytes(response.body),
        content_type=response.headers.get("content-type", ""),
    )


def _spent(request: Request, user: User) -> Reply:
    if request.url.path in documents.PATHS:
        return Reply(200, refusals.graphql_limit(user.id))
    raise Refusal(403, f"API rate limit exceeded for user ID {user.id}.")


def _is_free(request: Request) -> bool:
    """Asking for the limit costs nothing, and is answered when all is spent."""
    return request.url.path == "/api/v3/rate_limit"


def _sign_in(hub: Hub, request: Request) -> User:
    header = request.headers.get("authorization")
    if not header:
        raise Refusal(401, "Requires authentication")
    user = signin.user_of(hub, header)
    request.scope["hub_user"] = user.login
    return user


def _call(hub: Hub, user: User, request: Request, raw: bytes) -> Call:
    path = request.scope.get("hub_path", request.url.path)
    return Call(
        hub=hub,
        user=user,
        base=base_url(request),
        method=request.method,
        path=path.removeprefix("/api/v3"),
        params={key: str(value) for key, value in request.path_params.items()},
        query=dict(request.query_params),
        raw=raw,
    )


def _handle(hub: Hub, handler: Handler, call: Call) -> Reply:
    if call.path in GRAPHQL:
        return handler(call)  # what it changes, if anything, is not in the path
    with ExitStack() as held:
        if call.method not in READS and "repo" in call.params:
            with hub.db.transaction():
                repo = repositories.get(hub, call.params["owner"], call.params["repo"])
            held.enter_context(hub.lock(repo.id))
        held.enter_context(hub.db.transaction())
        return handler(call)


def _redirect(request: Request, moved: Moved) -> Reply:
    rest = request.url.path.removeprefix("/api/v3/repos/").split("/", 2)[2:]
    url = f"{base_url(request)}/api/v3/repositories/{moved.repo_id}"
    url = "/".join([url, *rest])
    if request.url.query:
        url += f"?{request.url.query}"
    status = 301 if request.method in READS else 307
    message = "Moved Permanently" if status == 301 else "Temporary Redirect"
    body = {"message": message, "url": url, "documentation_url": DOCUMENTATION_URL}
    return Reply(status, body, {"Location": url})


def finish(request: Request, reply: Reply, headers: dict[str, str]) -> Response:
    """The response with GitHub's headers; 304 when the client has this body already."""
    all_headers = {**COMMON_HEADERS, **headers, **reply.headers}
    all_headers["X-GitHub-Request-Id"] = uuid.uuid4().hex[:20].upper()
    if reply.status == 204:
        return Response(status_code=204, headers=all_headers)
    content = reply.body
    if not isinstance(content, bytes):
        content = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        all_headers.setdefault("Content-Type", "application/json; charset=utf-8")
    if request.method in ("GET", "HEAD") and reply.status == 200:
        tag = f'W/"{hashlib.sha256(content).hexdigest()}"'
        all_headers |= {
            "ETag": tag,
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
        }
        if _has(request.headers.get("if-none-match", ""), tag):
            all_headers.pop("Content-Type", None)
            return Response(status_code=304, headers=all_headers)
    return Response(content, status_code=reply.status, headers=all_headers)


def _has(if_none_match: str, tag: str) -> bool:
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag.removeprefix("W/") in known or "*" in known
