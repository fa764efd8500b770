"""From notices to deliveries, at the end of each transaction."""

import json
import logging
from typing import Any

from agent_os.localhub.accounts import User
from agent_os.localhub.errors import Refusal
from agent_os.localhub.hub import Hub
from agent_os.localhub.render import hooks as render
from agent_os.localhub.render.view import View
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks import deliveries, hooks, payloads
from agent_os.localhub.webhooks.hooks import Hook
from agent_os.localhub.webhooks.notices import Notice

log = logging.getLogger(__name__)


def attach(hub: Hub) -> None:
    """From now on, what is noted in a transaction is queued for the hooks that want it."""
    hub.db.on_notes = lambda noted: _tell(hub, noted)


def _tell(hub: Hub, noted: list[Any]) -> None:
    for notice in noted:
        try:
            _queue(hub, notice)
        except (Refusal, LookupError):  # what it is about went in the same transaction
            log.debug("nothing is left to tell of %s", notice)
        except Exception:  # the boundary: what is told must not undo what was done
            log.exception("a webhook could not be drawn: %s", notice)


def _queue(hub: Hub, notice: Notice) -> None:
    found = [hook for hook in hooks.of_repository(hub, notice.repo_id) if hook.active]
    if not found and not hub.recorder.on:
        return
    event = payloads.event_of(hub, notice)
    wanting = [hook for hook in found if hook.wants(event)]
    if not wanting and not hub.recorder.on:
        return
    payload = payloads.payload(hub, notice)
    hub.recorder.webhook(event, payload)
    for hook in wanting:
        _deliver(hub, hook, event, payload)


def _deliver(hub: Hub, hook: Hook, event: str, payload: dict[str, Any]) -> None:
    body = json.dumps(payload, ensure_ascii=False)
    deliveries.queue(hub, hook, event, payload.get("action"), body)


def ping(view: View, repo: Repository, hook: Hook, actor: User) -> None:
    """Greet a hook."""
    payload = payloads.ping(view, repo, render.hook(view, repo, hook), actor)
    view.hub.recorder.webhook("ping", payload)
    _deliver(view.hub, hook, "ping", payload)
