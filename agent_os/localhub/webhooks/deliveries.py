"""Deliveries of hooks: what is to be sent, what was, and how it went."""

import json
import uuid
from dataclasses import dataclass

from agent_os.localhub.errors import not_found
from agent_os.localhub.hub import Hub
from agent_os.localhub.webhooks.hooks import Hook

PENDING, DONE, DROPPED = "pending", "done", "dropped"
MAX_ANSWER_CHARS = 10_000


@dataclass(frozen=True)
class Delivery:
    """One request to a hook's target; `status_code` 0 and an empty `status` before it was sent."""

    id: int
    hook_id: int
    guid: str
    event: str
    action: str | None
    redelivery: bool
    state: str
    body: str
    delivered_at: str
    duration: float
    status: str
    status_code: int
    request_headers: str
    answer_headers: str
    answer: str


@dataclass(frozen=True)
class Outcome:
    """How sending went; `code` 0 when there was no answer, `seconds` it took."""

    code: int
    status: str
    seconds: float
    sent: dict[str, str]
    headers: dict[str, str]
    answer: str


def queue(hub: Hub, hook: Hook, event: str, action: str | None, body: str) -> None:
    """Send it when there is time."""
    _insert(hub, hook.id, str(uuid.uuid4()), event, action, body, redelivery=False)


def again(hub: Hub, delivery: Delivery) -> None:
    """Send it once more, under the same guid."""
    _insert(
        hub,
        delivery.hook_id,
        delivery.guid,
        delivery.event,
        delivery.action,
        delivery.body,
        redelivery=True,
    )


def _insert(
    hub: Hub,
    hook_id: int,
    guid: str,
    event: str,
    action: str | None,
    body: str,
    *,
    redelivery: bool,
) -> None:
    hub.db.insert(
        "deliveries",
        hook_id=hook_id,
        guid=guid,
        event=event,
        action=action,
        redelivery=redelivery,
        state=PENDING,
        body=body,
        delivered_at=hub.now(),
    )
    hub.hook_wake.set()


def pending(hub: Hub) -> list[Delivery]:
    """What is still to be sent, in the order it happened."""
    sql = "SELECT * FROM deliveries WHERE state = ? ORDER BY id"
    return hub.db.all(Delivery, sql, PENDING)


def of_hook(hub: Hub, hook_id: int) -> list[Delivery]:
    """What was sent or dropped, newest first."""
    sql = "SELECT * FROM deliveries WHERE hook_id = ? AND state <> ? ORDER BY id DESC"
    return hub.db.all(Delivery, sql, hook_id, PENDING)


def get(hub: Hub, hook_id: int, delivery_id: int) -> Delivery:
    """By id; 404."""
    sql = "SELECT * FROM deliveries WHERE hook_id = ? AND id = ?"
    found = hub.db.one(Delivery, sql, hook_id, delivery_id)
    if found is None:
        raise not_found()
    return found


def finish(hub: Hub, delivery: Delivery, outcome: Outcome) -> None:
    """Record how sending went."""
    hub.db.update(
        "deliveries",
        delivery.id,
        state=DONE,
        delivered_at=hub.now(),
        duration=round(outcome.seconds, 2),
        status=outcome.status,
        status_code=outcome.code,
        request_headers=json.dumps(outcome.sent),
        answer_headers=json.dumps(outcome.headers),
        answer=outcome.answer[:MAX_ANSWER_CHARS],
    )


def drop(hub: Hub, delivery: Delivery) -> None:
    """Never send it: it was ordered so."""
    hub.db.update("deliveries", delivery.id, state=DROPPED, status="dropped by order")
