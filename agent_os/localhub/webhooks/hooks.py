"""Hooks of repositories: who wants to be told what, and where."""

import json
from dataclasses import dataclass
from typing import Any

from agent_os.localhub.errors import Refusal, invalid, not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks import targets

CONTENT_TYPES = ("form", "json")
#: What can be asked for; all of GitHub's other events never happen here.
EVENTS = (
    "*",
    "check_run",
    "check_suite",
    "issue_comment",
    "issues",
    "label",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
    "status",
)
MOST_HOOKS = 20


@dataclass(frozen=True)
class Hook:
    """`events` is JSON; `secret` None sends unsigned."""

    id: int
    repo_id: int
    active: bool
    events: str
    url: str
    content_type: str
    secret: str | None
    insecure_ssl: str
    created_at: str
    updated_at: str

    def event_list(self) -> list[str]:
        """The events it wants; * is all."""
        return json.loads(self.events)

    def wants(self, event: str) -> bool:
        """Whether it is to be told of the event; everybody is told of a ping to him."""
        return self.active and (event == "ping" or bool({event, "*"} & set(self.event_list())))


def of_repository(hub: Hub, repo_id: int) -> list[Hook]:
    """By id."""
    return hub.db.all(Hook, "SELECT * FROM hooks WHERE repo_id = ? ORDER BY id", repo_id)


def get(hub: Hub, repo_id: int, hook_id: int) -> Hook:
    """By id; 404."""
    sql = "SELECT * FROM hooks WHERE repo_id = ? AND id = ?"
    found = hub.db.one(Hook, sql, repo_id, hook_id)
    if found is None:
        raise not_found()
    return found


def by_id(hub: Hub, hook_id: int) -> Hook | None:
    """By id, of any repository."""
    return hub.db.one(Hook, "SELECT * FROM hooks WHERE id = ?", hook_id)


def create(hub: Hub, repo_id: int, config: dict[str, Any], events: list[str], active: bool) -> Hook:
    """A new hook; 422 for a target that is not this machine, unknown events, or a second one of
    the same target."""
    values = _config(config, None) | {"events": _events(events), "active": active}
    others = of_repository(hub, repo_id)
    if len(others) >= MOST_HOOKS:
        message = f'The "push" event cannot have more than {MOST_HOOKS} hooks'
        raise Refusal(422, "Validation Failed", [message])
    same = (values["url"], values["content_type"], values["events"])
    if any((o.url, o.content_type, o.events) == same for o in others):
        message = "Hook already exists on this repository"
        entry = {"resource": "Hook", "code": "custom", "message": message}
        raise Refusal(422, "Validation Failed", [entry])
    now = hub.now()
    hook_id = hub.db.insert("hooks", repo_id=repo_id, created_at=now, updated_at=now, **values)
    return get(hub, repo_id, hook_id)


def update(hub: Hub, hook: Hook, config: dict[str, Any] | None, **values: Any) -> Hook:
    """Change what is given: `config` as a whole (a secret that is not in it goes), `events` as a
    list, `active`."""
    changed: dict[str, Any] = {} if config is None else _config(config, hook.url)
    if values.get("events") is not None:
        changed["events"] = _events(values["events"])
    if values.get("active") is not None:
        changed["active"] = values["active"]
    hub.db.update("hooks", hook.id, updated_at=hub.now(), **changed)
    return get(hub, hook.repo_id, hook.id)


def delete(hub: Hub, hook: Hook) -> None:
    """Remove it with its deliveries."""
    hub.db.run("DELETE FROM hooks WHERE id = ?", hook.id)


def _events(events: list[str]) -> str:
    if not events or any(event not in EVENTS for event in events):
        raise invalid("Hook", "events")
    return json.dumps(sorted(set(events)))


def _config(config: dict[str, Any], url: str | None) -> dict[str, Any]:
    url = config.get("url", url)
    if not isinstance(url, str):
        raise invalid("Hook", "config", "custom", "url is missing")
    targets.target(url)
    content_type, secret = config.get("content_type", "form"), config.get("secret")
    if content_type not in CONTENT_TYPES:
        raise invalid("Hook", "config", "custom", "content_type must be form or json")
    if secret is not None and not isinstance(secret, str):
        raise invalid("Hook", "config", "custom", "secret must be a string")
    insecure = str(config.get("insecure_ssl", "0"))
    return {
        "url": url,
        "content_type": content_type,
        "secret": secret or None,
        "insecure_ssl": insecure,
    }
