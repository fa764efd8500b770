"""Hooks and their deliveries."""

import json
from typing import Any

from agent_os.localhub.render.view import View
from agent_os.localhub.repositories import Repository
from agent_os.localhub.webhooks.deliveries import Delivery
from agent_os.localhub.webhooks.hooks import Hook


def hook(view: View, repo: Repository, shown: Hook, last: Delivery | None = None) -> dict[str, Any]:
    """A hook; its secret is not shown. `last` is its newest delivery."""
    url = f"{view.api}/repos/{repo.full_name}/hooks/{shown.id}"
    config = {
        "url": shown.url,
        "content_type": shown.content_type,
        "insecure_ssl": shown.insecure_ssl,
    }
    if shown.secret:
        config["secret"] = "********"
    response: dict[str, Any] = {"code": None, "status": "unused", "message": None}
    if last is not None:
        good = 200 <= last.status_code < 300
        status = "active" if good else "invalid_http_response"
        response = {"code": last.status_code, "status": status, "message": last.status}
    return {
        "type": "Repository",
        "id": shown.id,
        "name": "web",
        "active": shown.active,
        "events": shown.event_list(),
        "config": config,
        "updated_at": shown.updated_at,
        "created_at": shown.created_at,
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": response,
    }


def delivery(shown: Delivery, repo: Repository) -> dict[str, Any]:
    """As lists show it."""
    return {
        "id": shown.id,
        "guid": shown.guid,
        "delivered_at": shown.delivered_at,
        "redelivery": shown.redelivery,
        "duration": shown.duration,
        "status": shown.status,
        "status_code": shown.status_code,
        "event": shown.event,
        "action": shown.action,
        "installation_id": None,
        "repository_id": repo.id,
        "throttled_at": None,
    }


def delivery_in_full(shown: Delivery, repo: Repository, url: str) -> dict[str, Any]:
    """With what was sent and answered."""
    return delivery(shown, repo) | {
        "url": url,
        "request": {
            "headers": json.loads(shown.request_headers),
            "payload": json.loads(shown.body),
        },
        "response": {"headers": json.loads(shown.answer_headers), "payload": shown.answer},
    }
