"""Two daemons and cron on one home, and more requests than one of them takes in at a time.

No attempt starts: the machine has less memory than one is said to need.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task
from agent_os.store import intents, owner, schema, tasks
from agent_os.store.intents import Intent
from tests.hub import HubProcess

from . import daemons
from .aftermath import nothing_runs
from .conftest import Make, Up
from .ground import FILES, LOGIN, Ground, until

REPOS = 4
EVERY = "every 0.3s"
CONFIG = {
    "limits": {"memory_mb_per_attempt": 100_000_000, "backoff_seconds": 0.1},
    "schedule": {"dispatcher": EVERY, "queue-engine": EVERY, "pr-monitor": EVERY},
}
MANY_REQUESTS = 10_000_000
#: With a thousand tasks, on a busy machine.
JOB_SECONDS = 600


def repositories(ground: Ground, issues: int) -> list[str]:
    """Repositories with so many issues in all, every one Ready."""
    names = [f"{ground.repo}-{number}" for number in range(REPOS)]
    for number, name in enumerate(names):
        ground.hub.seed(name, FILES)
        for issue in range(issues // REPOS):
            body = {"title": f"{issue} of {number}", "body": "Do it.", "labels": ["Ready"]}
            made = ground.hub.api("POST", f"/repos/{name}/issues", body)
            assert made.status_code == 201, made.text
    return names


@contextmanager
def cron(ground: Ground) -> Generator[list[str]]:
    """Runs job after job, each a process, until the end; the names of those that ran."""
    over = threading.Event()
    ran: list[str] = []

    def loop() -> None:
        while not over.is_set():
            for name in ("dispatcher", "queue-engine"):
                assert daemons.start(ground, "job", name).wait(JOB_SECONDS) == 0, ground.story()
                ran.append(name)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield ran
    finally:
        over.set()
        thread.join()


def told(ground: Ground) -> list[Task]:
    """The tasks that are claimed, wait for memory, and have the label that says so."""
    if not (ground.home / "agent-os.sqlite").exists():
        return []
    store = ground.store()
    try:
        with store.read() as tx:
            found = [task for _, task in tasks.listed(tx)]
            busy = intents.unresolved_tasks(tx)
    finally:
        store.close()
    return [t for t in found if t.waiting and t.shown.label and t.key not in busy]


@pytest.mark.long
@pytest.mark.parametrize("issues", [24, 1000])
def test_each_is_claimed_once(make: Make, up: Up, hub: HubProcess, issues: int) -> None:
    hub.admin("POST", "/rate", {"limit": MANY_REQUESTS})
    ground = make(**CONFIG)
    names = repositories(ground, issues)
    config = [{"name": name, "mode": "auto-merge"} for name in names]
    ground.configure(repositories=config)
    running = [up(ground), up(ground)]
    with cron(ground) as ran:
        until(lambda: len(told(ground)) == issues, ground, seconds=60 + issues)
        until(lambda: len(ran) >= 4, ground, seconds=2 * JOB_SECONDS)
    for daemon in running:
        assert daemon.poll() is None, ground.story()
        daemons.stop(daemon)
    _looked_up(ground, up)
    _claimed_once(ground, issues)
    _sent_once(ground, names, issues)
    nothing_runs(ground)


def _looked_up(ground: Ground, up: Up) -> None:
    """A daemon that is stopped at work leaves intents: the next one looks them up."""
    for _ in range(3):
        if not _unresolved(ground):
            return
        daemon = up(ground)
        until(lambda: not _unresolved(ground), ground, seconds=60)
        daemons.stop(daemon)


def _unresolved(ground: Ground) -> list[Intent]:
    store = ground.store()
    try:
        with store.read() as tx:
            return intents.unresolved(tx)
    finally:
        store.close()


def _claimed_once(ground: Ground, issues: int) -> None:
    e, i = schema.events.c, schema.intents.c
    store = ground.store()
    try:
        with store.read() as tx:
            rows = tx.execute(sa.select(e.repo_id, e.number, e.kind)).all()
            made = tx.execute(sa.select(i.repo_id, i.number, i.kind, i.state)).all()
            # A daemon that stops at work leaves its leases: they are free, for it is dead.
            owners = {r.owner for r in tx.execute(sa.select(schema.leases.c.owner)) if r.owner}
            assert all(owner.is_dead(o) for o in owners)
            assert intents.unresolved(tx) == []
            found = [task for _, task in tasks.listed(tx)]
    finally:
        store.close()
    for kind in (EventKind.REQUESTED, EventKind.CLAIMED):
        times = Counter((r.repo_id, r.number) for r in rows if r.kind == kind.value)
        assert len(times) == issues and set(times.values()) == {1}, kind
    assert {task.round for task in found} == {1}
    reasons = {task.waiting.reason for task in found if task.waiting}
    assert reasons == {Reason.LOW_MEMORY} and not any(task.attempts for task in found)
    assert {r.state for r in made} == {"done"}


def _sent_once(ground: Ground, names: list[str], issues: int) -> None:
    """As many writes as intents, and nothing else was sent.

    A label may be set once more: when the list was read before it was set, and noted after.
    """
    sent = [r for r in ground.hub.requests(writes=True) if r["user"] == LOGIN]
    labels = [r for r in sent if r["operation"] == "mutation Labels"]
    pushes = [r for r in sent if r["path"].endswith("/git-receive-pack")]
    new_labels = Counter(r["path"] for r in sent if r["path"].endswith("/labels"))
    store = ground.store()
    try:
        with store.read() as tx:
            made = Counter(r.kind for r in tx.execute(sa.select(schema.intents.c.kind)))
    finally:
        store.close()
    assert set(made) == {"set_labels", "own_repository"}
    assert len(labels) == made["set_labels"] >= issues
    assert len(pushes) == made["own_repository"] == len(names)
    assert len(sent) == len(labels) + len(pushes) + new_labels.total()
