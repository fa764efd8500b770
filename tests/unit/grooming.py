"""Short ways to make the groomer's plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agent_os.domain.tasks import Status
from agent_os.policy.grooming.backlog import Backlog, Item, Known

from .making import NOW

DAY = timedelta(days=1)
CRITERIA = "## Acceptance criteria\n- it adds\n"


def item(number: int = 1, title: str = "The sum is wrong here", **more: Any) -> Item:
    given = {"body": CRITERIA, "created_at": NOW - 50 * DAY, "updated_at": NOW - DAY, **more}
    return Item(number=number, title=title, **given)


def backlog(*items: Item, **more: Any) -> Backlog:
    return Backlog(repo="acme/todo", items=items, now=NOW, **more)


def task(status: Status, **more: Any) -> dict[int, Known]:
    return {1: Known(status=status, **more)}
