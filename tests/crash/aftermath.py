"""What must hold after any crash and the recovery from it: exactly one of each, nothing lost."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from agent_os.domain.attempts import KeptRef, Outcome
from agent_os.domain.tasks import Status, Task
from agent_os.store import intents, owner, schema
from agent_os.workspace.mirror import Mirror
from tests import sent
from tests.hub import git

from .ground import Ground

_GONE_SECONDS = 10.0
_MADE = re.compile(r"^made ([0-9a-f]{40})$", re.MULTILINE)


def merged_once(ground: Ground, *, attempts: int | None = 1) -> None:
    """Every issue was done, once, and everything is tidy on both sides.

    `attempts` is how many it took for each; None for any number.
    """
    _merged_on_github(ground)
    for task in settled(ground, Status.DONE):
        assert attempts in (None, len(task.attempts)), ground.story()
        assert task.attempts[-1].code is None
    drawn = [p.relative_to(ground.home / "mailbox") for p in ground.home.glob("mailbox/*/*")]
    assert [str(p.parent) for p in drawn] == ["done"] * len(ground.numbers), drawn


def settled(ground: Ground, status: Status) -> list[Task]:
    """The tasks are over as `status`, and nothing of ours is left hanging anywhere."""
    tasks = [_settled_task(ground, number, status) for number in ground.numbers]
    assert len(ground.pulls()) == len(ground.numbers)
    _store_is_tidy(ground)
    nothing_runs(ground)
    commits_are_kept(ground)
    return tasks


def _settled_task(ground: Ground, number: int, status: Status) -> Task:
    task = ground.task(number)
    assert task is not None and task.status is status and task.settled, ground.story()
    comments = ground.ask("GET", f"/issues/{number}/comments?per_page=100")
    bodies = [c["body"] for c in comments if c["user"]["login"] == "agent-os"]
    assert len(bodies) == 1, bodies
    assert ground.ask("GET", f"/issues/{number}")["labels"] == []
    return task


def _merged_on_github(ground: Ground) -> None:
    pulls = {pull["head"]["ref"]: pull for pull in ground.pulls()}
    assert set(pulls) == {f"agent-os/{number}" for number in ground.numbers}
    for number in ground.numbers:
        assert ground.ask("GET", f"/issues/{number}")["state"] == "closed"
        pull = pulls[f"agent-os/{number}"]
        assert pull["merged_at"]
        events = ground.ask("GET", f"/issues/{pull['number']}/events?per_page=100")
        assert [e["event"] for e in events].count("merged") == 1
    squashed = len(ground.ask("GET", "/commits?per_page=100")) - 1
    assert squashed == len(ground.numbers), "besides the seed, one commit an issue"
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


def sent_once(ground: Ground, *, git_again: int = 0) -> None:
    """No write was sent more than once for an intent.

    `git_again`: git sends a request again by itself when its connection was cut; so often here.
    """
    writes = ground.writes()
    assert writes, "the log of requests was read"
    assert sent.too_often(writes, _intents(ground), git_again=git_again) == []


def created_once(ground: Ground) -> None:
    """Neither a second comment nor a second pull request, nor a second merge, was even tried."""
    writes = ground.writes()
    for kind in ("write_comment", "open_pull", "merge_pull"):
        pattern = next(p for kinds, p in sent.REQUESTS.items() if kind in kinds)
        found = [line for line in writes if re.match(pattern, line)]
        assert len(found) == len(ground.numbers), writes


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
    """Every commit that an agent made hangs on a ref of our mirror: what its work dir has, what
    only its reflogs know (amended, dropped, stashed), what it said, what an outcome names."""
    (path,) = ground.home.glob("mirrors/*.git")
    ours = set(git("rev-list", "--all", cwd=path).split())
    mirror = Mirror(path)
    for attempt in ground.attempts():
        for kept in _outcome(attempt):
            assert mirror.resolve(kept.ref) == kept.sha, f"{kept} is not in the mirror"
        made = commits_made(attempt)
        work = attempt / "work"
        if (work / ".git").exists():
            found = git("rev-list", "--all", "--reflog", cwd=work).split()
            assert found, "the work dir has commits"
            made += found
        assert set(made) <= ours, f"{set(made) - ours} of {attempt.name} are lost"


def commits_made(attempt: Path) -> list[str]:
    """Ids of the commits that the agent says it made, oldest first."""
    log = attempt / "agent.log"
    return _MADE.findall(log.read_text(errors="replace")) if log.exists() else []


def _outcome(attempt: Path) -> Sequence[KeptRef]:
    try:
        return Outcome.model_validate_json((attempt / "outcome.json").read_bytes()).kept
    except FileNotFoundError:
        return ()
