"""Hooks, and what was delivered to them."""

from agent_os.localhub.calls import Call, Reply, no_content
from agent_os.localhub.errors import invalid
from agent_os.localhub.render import hooks as render
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks import deliveries, hooks, outbox
from agent_os.localhub.webhooks.hooks import Hook


def _draw(call: Call, repo: Repository, hook: Hook, status: int = 200) -> Reply:
    last = next(iter(deliveries.of_hook(call.hub, hook.id)), None)
    return Reply(status, render.hook(call.view, repo, hook, last))


def _hook(call: Call) -> tuple[Repository, Hook]:
    repo = call.admin_repo()
    return repo, hooks.get(call.hub, repo.id, call.number())


def list_all(call: Call) -> Reply:
    """GET the hooks."""
    repo = call.admin_repo()
    found = hooks.of_repository(call.hub, repo.id)
    return call.paged(found, lambda hook: _draw(call, repo, hook).body)


def create(call: Call) -> Reply:
    """POST a hook: config (url, content_type, secret), events (push when absent), active. It is
    pinged at once."""
    repo = call.writable()
    name, config = call.text("name") or "web", call.section("config")
    if name != "web" or config is None:
        raise invalid("Hook", "name" if name != "web" else "config")
    events = call.texts("events") or ["push"]
    hook = hooks.create(call.hub, repo.id, config, events, call.flag("active", True))
    outbox.ping(call.view, repo, hook, call.user)
    return _draw(call, repo, hook, 201)


def show(call: Call) -> Reply:
    """GET a hook."""
    return _draw(call, *_hook(call))


def update(call: Call) -> Reply:
    """PATCH a hook: config, events, add_events, remove_events, active."""
    repo, hook = _hook(call)
    body = call.body()
    events = call.texts("events") if "events" in body else hook.event_list()
    events = [*events, *call.texts("add_events")]
    events = [event for event in events if event not in call.texts("remove_events")]
    active = call.flag("active", hook.active)
    config = call.section("config")
    changed = hooks.update(call.hub, hook, config, events=events, active=active)
    return _draw(call, repo, changed)


def delete(call: Call) -> Reply:
    """DELETE a hook."""
    hooks.delete(call.hub, _hook(call)[1])
    return no_content()


def ping(call: Call) -> Reply:
    """POST a ping."""
    outbox.ping(call.view, *_hook(call), call.user)
    return no_content()


def list_deliveries(call: Call) -> Reply:
    """GET the deliveries, newest first: per_page, cursor, status (success, failure)."""
    repo, hook = _hook(call)
    found = deliveries.of_hook(call.hub, hook.id)
    wanted = call.query.get("status")
    if wanted is not None:
        good = wanted == "success"
        found = [each for each in found if (200 <= each.status_code < 400) == good]
    return call.paged(found, lambda each: render.delivery(each, repo))


def show_delivery(call: Call) -> Reply:
    """GET a delivery with what was sent and answered."""
    repo, hook = _hook(call)
    found = deliveries.get(call.hub, hook.id, call.number("delivery"))
    return Reply(200, render.delivery_in_full(found, repo, hook.url))


def redeliver(call: Call) -> Reply:
    """POST another attempt, under the same guid."""
    _, hook = _hook(call)
    deliveries.again(call.hub, deliveries.get(call.hub, hook.id, call.number("delivery")))
    return Reply(202, {})


HOOKS = "/repos/{owner}/{repo}/hooks"
HOOK = f"{HOOKS}/{{number}}"
DELIVERIES = f"{HOOK}/deliveries"
ROUTES = [
    ("GET", HOOKS, list_all),
    ("POST", HOOKS, create),
    ("GET", HOOK, show),
    ("PATCH", HOOK, update),
    ("DELETE", HOOK, delete),
    ("POST", f"{HOOK}/pings", ping),
    ("GET", DELIVERIES, list_deliveries),
    ("GET", f"{DELIVERIES}/{{delivery}}", show_delivery),
    ("POST", f"{DELIVERIES}/{{delivery}}/attempts", redeliver),
]
