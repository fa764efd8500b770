"""What must hold after any crash and the recovery from it: exactly one of each, nothing lost."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from agent_os.domain.attempts import Outcome
from agent_os.domain.tasks import Status, Task
from agent_os.store import intents, owner, schema
from agent_os.workspace.mirror import Mirror
from tests.hub import git

from .ground import Ground

_GONE_SECONDS = 10.0
#: Which requests an effect is made of. Those with the same request are counted together.
_REQUESTS = {
    ("set_labels",): r"(POST|DELETE) /issues/\d+/labels",
    ("write_comment",): r"POST /issues/\d+/comments",
    ("edit_comment",): r"PATCH /issues/comments/\d+",
    ("close_issue",): r"PATCH /issues/\d+$",
    ("open_pull",): r"POST /pulls$",
    ("edit_pull", "close_pull"): r"PATCH /pulls/\d+$",
    ("ask_review",): r"POST /pulls/\d+/requested_reviewers$",
    ("merge_pull",): r"PUT /pulls/\d+/merge$",
    ("push_branch", "delete_branch"): r"POST .*/git-receive-pack$",
}


def merged_once(ground: Ground, *, attempts: int = 1) -> None:
    """The issue was done, once, and everything is tidy on both sides."""
    _merged_on_github(ground)
    task = settled(ground, Status.DONE)
    assert len(task.attempts) == attempts, ground.story()
    assert task.attempts[-1].code is None
    drawn = [p.relative_to(ground.home / "mailbox") for p in ground.home.glob("mailbox/*/*")]
    assert [str(p.parent) for p in drawn] == ["done"], drawn


def settled(ground: Ground, status: Status) -> Task:
    """The task is over as `status`, and nothing of ours is left hanging anywhere."""
    task = ground.task()
    assert task is not None and task.status is status and task.settled, ground.story()
    comments = ground.ask("GET", f"/issues/{ground.number}/comments?per_page=100")
    bodies = [c["body"] for c in comments if c["user"]["login"] == "agent-os"]
    assert len(bodies) == 1, bodies
    assert ground.ask("GET", f"/issues/{ground.number}")["labels"] == []
    assert len(ground.pulls()) == 1
    _store_is_tidy(ground)
    nothing_runs(ground)
    commits_are_kept(ground)
    return task


def _merged_on_github(ground: Ground) -> None:
    assert ground.ask("GET", f"/issues/{ground.number}")["state"] == "closed"
    (pull,) = ground.pulls()
    assert pull["merged_at"] and pull["head"]["ref"] == f"agent-os/{ground.number}"
    events = ground.ask("GET", f"/issues/{pull['number']}/events?per_page=100")
    assert [e["event"] for e in events].count("merged") == 1
    assert len(ground.ask("GET", "/commits?per_page=100")) == 2, "seed and one squashed commit"
    assert [b["name"] for b in ground.ask("GET", "/branches")] == ["main"]


def _store_is_tidy(ground: Ground) -> None:
    store = ground.store()
    try:
        with store.read() as tx:
            assert intents.unresolved(tx) == []
            owners = [r.owner for r in tx.execute(sa.select(schema.leases.c.owner)) if r.owner]
    finally:
        store.close()
    # The lease of a process that was killed is free; the one that came to its end has left none.
    assert all(owner.is_dead(o) for o in owners)
    assert [o for o in owners if f"/{ground.pids[-1]}/" in o] == []


def sent_once(ground: Ground) -> None:
    """No write was sent more than once for an intent; what creates something, once in all."""
    sent = [f"{method} {path}" for method, path in ground.writes()]
    made = _intents(ground)
    known = 0
    for kinds, pattern in _REQUESTS.items():
        found = [line for line in sent if re.match(pattern, line)]
        known += len(found)
        meant = sum(made[kind] for kind in kinds)
        assert len(found) <= meant, f"{kinds}: {meant} intents, {found}"
    others = [line for line in sent if not any(re.match(p, line) for p in _REQUESTS.values())]
    assert others == [], others
    assert known, "the log of requests was read"


def created_once(ground: Ground) -> None:
    """Neither a second comment nor a second pull request, nor a second merge, was even tried."""
    sent = [f"{method} {path}" for method, path in ground.writes()]
    for kind in ("write_comment", "open_pull", "merge_pull"):
        pattern = _REQUESTS[(kind,)]
        assert sum(bool(re.match(pattern, line)) for line in sent) == 1, sent


def _intents(ground: Ground) -> Counter[str]:
    store = ground.store()
    try:
        with store.read() as tx:
            return Counter(r.kind for r in tx.execute(sa.select(schema.intents.c.kind)))
    finally:
        store.close()


def nothing_runs(ground: Ground) -> None:
    """No process knows of this home any more: neither runner, nor agent, nor git."""
    deadline = time.monotonic() + _GONE_SECONDS
    while (found := processes(ground.root)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found == {}


def processes(folder: Path) -> dict[int, str]:
    """Command lines of the processes that stand in the folder, or were told of it."""
    needle = os.fsencode(folder)
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = [(entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()]
            told.append(os.fsencode((entry / "cwd").readlink()))
        except OSError:
            continue  # ended, or another user's
        if any(needle in part for part in told):
            found[int(entry.name)] = told[0].replace(b"\0", b" ").decode(errors="replace")
    return found


def commits_are_kept(ground: Ground) -> None:
    """Every commit in a work dir, and all that an outcome names, hangs on a ref of our mirror."""
    (path,) = ground.home.glob("mirrors/*.git")
    mirror = Mirror(path)
    for attempt in ground.attempts():
        outcome = Outcome.model_validate_json((attempt / "outcome.json").read_bytes())
        for kept in outcome.kept:
            assert mirror.resolve(kept.ref) == kept.sha, f"{kept} is not in the mirror"
        work = attempt / "work"
        if not (work / ".git").exists():
            continue
        shas = git("rev-list", "--all", cwd=work).split()
        assert shas, "the work dir has commits"
        for sha in shas:
            refs = git("for-each-ref", "--contains", sha, "--format=%(refname)", cwd=path)
            assert refs.strip(), f"{sha} of {attempt.name} is lost"
