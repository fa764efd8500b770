"""The state of the organization as plain data, for the command line and for pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent_os.domain.tasks import Status, Task
from agent_os.effects.world import World
from agent_os.jobs import notifying, watching
from agent_os.policy import descriptions, explain, history, lasting, triaging
from agent_os.store import declined, intents, log, merges, pauses, repositories, tasks, unseen
from agent_os.workspace.sandbox import choosing

_RECENT_DONE = 10
_MOST_LISTED = 200
_HISTORY = 200


def status(world: World, *, every: bool = False) -> dict[str, Any]:
    """Tasks in work (the newest ones, or `every` one), those that ended lately, declined requests,
    repositories, pauses; `more` tasks in work are not listed."""
    now = world.clock.now()
    with world.store.read() as tx:
        newest = 0 if every else _MOST_LISTED
        active = sorted(tasks.listed(tx, statuses=_ACTIVE, newest=newest), key=lambda t: t[1].key)
        over = tasks.listed(tx, statuses=(Status.DONE, Status.CANCELLED), newest=_RECENT_DONE)
        refused = declined.listed(tx)
        rows = repositories.listed(tx)
        stopped = pauses.paused(tx)
        counts = tasks.counts(tx)
        errors = {r.name: unseen.get(tx, r.name).last_error for r in world.config.repositories}
        unresolved = intents.unresolved_tasks(tx)
    return {
        "tasks": [_row(t, now, t.key in unresolved) for _, t in (*active, *over)],
        "more": sum(counts.get(s.value, 0) for s in _ACTIVE) - len(active),
        "counts": counts,
        "declined": [
            {
                "task": f"{d.repo}#{d.key.number}",
                "title": d.title,
                "reason": d.reason.value,
                "why": explain.waiting(f"{d.repo}#{d.key.number}", d.reason, d.detail),
                "since": d.since.isoformat(),
            }
            for d in refused
        ],
        "repositories": _repositories(world, rows, stopped, errors),
        "all_paused": pauses.ALL in stopped,
        "own_logins": [n for n, a in world.config.agents.items() if a.credentials == "own"],
        "notices": notifying.complaints(world),
        **_sandboxes(world),
        "at": now.isoformat(),
    }


def _sandboxes(world: World) -> dict[str, Any]:
    """What is used, why nothing may start, and where the owner wants none."""
    config = world.config
    status = choosing.detect(config.sandbox, config.sandbox_image)
    names = [r.name for r in config.repositories if config.sandbox_of(r.name)[0] == "none"]
    return {"sandbox": status.kind, "no_sandbox": status.reason, "unsandboxed": names}


def _repositories(
    world: World,
    rows: list[repositories.Repository],
    stopped: set[str],
    unseen_errors: dict[str, str],
) -> list[dict[str, Any]]:
    """Those of the config, and those that we once worked on."""
    seen = {row.name.lower(): row for row in rows}
    modes = {r.name: r.mode.value for r in world.config.repositories}
    listed = {name.lower() for name in modes}
    names = [*modes, *(row.name for row in rows if row.name.lower() not in listed)]
    found: list[dict[str, Any]] = []
    for name in names:
        row = seen.get(name.lower())
        frozen = row.frozen if row else ""
        entry = {
            "name": name,
            "mode": modes.get(name, ""),
            "looked_at": row is not None,
            "empty": row is not None and row.empty,
            "frozen": frozen or ("" if name in modes else "not in the config"),
            "owned_elsewhere": row.owned_elsewhere if row else "",
            "paused": name.lower() in stopped or pauses.ALL in stopped,
            "last_error": row.last_error if row else unseen_errors.get(name, ""),
            "main_red": watching.in_words(watching.red(world, row.repo_id)) if row else "",
            "auto_merge": _lasting(world, row) if row and modes.get(name) == "pull-request" else "",
        }
        found.append(entry)
    return found


def _lasting(world: World, row: repositories.Repository) -> str:
    """What was measured of merges by people: a suggestion, never a change of the mode."""
    with world.store.read() as tx:
        landed = merges.by_people(tx, row.repo_id)
    old = [one for one in landed if world.clock.now() - one.at >= lasting.LASTS or one.failed]
    failed = sum(one.failed for one in old)
    return lasting.suggestion(lasting.Lasting(lasted=len(old) - failed, failed=failed))


_ACTIVE = (Status.READY, Status.QUEUED, Status.RUNNING, Status.IN_REVIEW, Status.BLOCKED)


def why(world: World, task: Task) -> str:
    """What the task waits for, and what would change that."""
    with world.store.read() as tx:
        unresolved = task.key in intents.unresolved_tasks(tx)
    return explain.why(task, world.clock.now(), unresolved=unresolved)


def _row(task: Task, now: datetime, unresolved: bool) -> dict[str, Any]:
    end = task.finished_at or now
    row: dict[str, Any] = {
        "task": task.name,
        "title": task.title,
        "state": task.status.value,
        "round": task.round,
        "attempts": len(task.tries),
        "charged": sum(1 for a in task.attempts if a.charged),
        "agent": task.tries[-1].agent if task.tries else "",
        "pull_request": task.pull.number if task.pull else None,
        "why": explain.why(task, now, unresolved=unresolved),
    }
    if task.claimed_at:
        row["seconds"] = round((end - task.claimed_at).total_seconds(), 1)
    return row


def one(world: World, task: Task) -> dict[str, Any]:
    """Facts, attempts and history of a task."""
    with world.store.read() as tx:
        events = log.history(tx, task.key, limit=_HISTORY)
        unresolved = task.key in intents.unresolved_tasks(tx)
    answer = triaging.answer_of(task)
    return {
        **_row(task, world.clock.now(), unresolved),
        "requested_by": task.request.actor,
        "type": task.spec.type,
        "branch": task.branch if task.branch_head else "",
        "triage": triaging.in_words(answer) if answer else "",
        "attempts": [
            {
                **a.model_dump(mode="json"),
                "tokens": descriptions.tokens(a.spent) if a.spent else "",
                "cost": descriptions.money(a.spent) if a.spent else "",
            }
            for a in task.attempts
        ],
        "evidence": task.result.evidence.model_dump(mode="json") if task.result else None,
        "history": [history.line(e) for _, e in events],
    }
