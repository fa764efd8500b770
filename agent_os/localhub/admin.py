"""What tests and demos may do to the hub itself, below /_hub. No sign-in: it is loopback only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from agent_os.localhub import accounts, issues, repositories
from agent_os.localhub.ci import Flip
from agent_os.localhub.errors import Refusal
from agent_os.localhub.faults import Fault
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import deliveries

Json = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """One admin request."""

    hub: Hub
    body: Json
    query: dict[str, str]


Action = Callable[[Order], Any]


def health(_: Order) -> Json:
    """GET /_hub/health."""
    return {"ok": True}


def requests(order: Order) -> Json:
    """GET /_hub/requests; ?writes=1 leaves reads out."""
    return order.hub.traffic.report(writes_only=order.query.get("writes") == "1")


def reset_requests(order: Order) -> Json:
    """POST /_hub/requests/reset."""
    order.hub.traffic.reset()
    return {}


def faults(order: Order) -> Any:
    """GET /_hub/faults: those still to come, with counters; ?spent=1 shows used up ones too."""
    return order.hub.faults.listed(spent=order.query.get("spent") == "1")


def add_fault(order: Order) -> Any:
    """POST /_hub/faults: path (a regular expression) and other fields of Fault."""
    order.hub.faults.add(Fault.ordered(order.body))
    return order.hub.faults.listed()


def clear_faults(order: Order) -> Any:
    """DELETE /_hub/faults."""
    order.hub.faults.clear()
    return []


def add_user(order: Order) -> Json:
    """POST /_hub/users: login, token."""
    login, token = order.body.get("login"), order.body.get("token")
    if not isinstance(login, str) or not isinstance(token, str) or not login or not token:
        raise Refusal(422, "login and token are needed")
    user = accounts.add(order.hub.db, login, token, order.hub.now())
    return {"login": user.login, "id": user.id}


def delete_issue(order: Order) -> Json:
    """POST /_hub/issues/delete: repo (owner/name), number. REST answers 410 afterwards."""
    owner, _, name = str(order.body.get("repo", "")).partition("/")
    repo = repositories.follow(order.hub, owner, name)
    issues.delete(order.hub, issues.get(order.hub, repo.id, int(order.body.get("number", 0))))
    return {}


def ci(order: Order) -> Json:
    """POST /_hub/ci: delay (seconds before each run), paused, flip (the fields of Flip; null
    forgets all of them)."""
    settings = order.hub.ci
    settings.delay = float(order.body.get("delay", settings.delay))
    settings.paused = bool(order.body.get("paused", settings.paused))
    if "flip" in order.body:
        flip = order.body["flip"]
        settings.flips = [] if flip is None else [*settings.flips, Flip.ordered(dict(flip))]
    order.hub.ci_wake.set()
    return settings.shown()


def show_ci(order: Order) -> Json:
    """GET /_hub/ci."""
    return order.hub.ci.shown()


def tokens(order: Order) -> Json:
    """POST /_hub/tokens: login, revoked. A revoked token is refused (401) until restored."""
    login = accounts.get(order.hub.db, str(order.body.get("login", ""))).login
    revoked = bool(order.body.get("revoked"))
    (order.hub.revoked.add if revoked else order.hub.revoked.discard)(login.lower())
    return {"login": login, "revoked": revoked}


def clock(order: Order) -> Json:
    """POST /_hub/clock: now (ISO time) or advance (seconds)."""
    if "now" in order.body:
        order.hub.clock.set(str(order.body["now"]))
    order.hub.clock.advance(float(order.body.get("advance", 0)))
    return {"now": order.hub.now()}


def rate(order: Order) -> Json:
    """POST /_hub/rate: limit (requests an hour and user); all counts start again."""
    order.hub.rates.set_limit(int(order.body.get("limit", order.hub.rates.limit)))
    return {"limit": order.hub.rates.limit}


def webhooks(order: Order) -> Json:
    """POST /_hub/webhooks: duplicate, drop, order, window, seed, paused; GET shows them, counts
    of what they did and of what is pending."""
    if order.body:
        order.hub.disorder.change(order.body)
        order.hub.hook_wake.set()
    return order.hub.disorder.shown() | {"pending": len(deliveries.pending(order.hub))}


ACTIONS: list[tuple[str, str, Action]] = [
    ("GET", "/health", health),
    ("GET", "/requests", requests),
    ("POST", "/requests/reset", reset_requests),
    ("GET", "/faults", faults),
    ("POST", "/faults", add_fault),
    ("DELETE", "/faults", clear_faults),
    ("POST", "/users", add_user),
    ("POST", "/issues/delete", delete_issue),
    ("GET", "/ci", show_ci),
    ("POST", "/ci", ci),
    ("POST", "/tokens", tokens),
    ("POST", "/clock", clock),
    ("POST", "/rate", rate),
    ("GET", "/webhooks", webhooks),
    ("POST", "/webhooks", webhooks),
]


def _endpoint(hub: Hub, action: Action) -> Callable[[Request], Any]:
    def act(body: Json, query: dict[str, str]) -> Any:
        with hub.db.transaction():
            return action(Order(hub, body, query))

    async def respond(request: Request) -> Response:
        raw = await request.body()
        try:
            if "origin" in request.headers:
                raise Refusal(403, "Web pages may not drive the hub")
            body: Json = json.loads(raw) if raw.strip() else {}
            done = await run_in_threadpool(act, body, dict(request.query_params))
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status)
        except (ValueError, TypeError) as error:
            return JSONResponse({"message": str(error)}, 422)
        return JSONResponse(done)

    return respond


def routes(hub: Hub) -> list[BaseRoute]:
    """The admin routes."""
    return [
        Route(f"/_hub{path}", _endpoint(hub, action), methods=[method])
        for method, path, action in ACTIONS
    ]
