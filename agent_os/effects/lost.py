"""Attempts whose runner died without an outcome: what is left of them, from facts."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from agent_os.attempt.given_away import given_away
from agent_os.attempt.listening import spent_before
from agent_os.domain.attempts import Handoff, KeptRef, Order
from agent_os.domain.effects import AcceptOutcome
from agent_os.domain.errors import AgentOSError, GitError
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode
from agent_os.domain.records import Attempt
from agent_os.domain.tasks import Task
from agent_os.effects.world import World

_LONGEST_PATCH = 4_000


class _Snapshot(BaseModel):
    head: str | None = None
    kept: tuple[KeptRef, ...] = ()


def lost(world: World, effect: AcceptOutcome, task: Task, detail: str) -> Event:
    """The attempt's end: what the runner had kept becomes ours and goes into the handoff."""
    directory = Path(effect.directory)
    attempt = next(a for a in task.attempts if a.number == effect.attempt)
    work = _without_secrets(world, task, attempt, _kept_before(world, task, directory))
    code = FailureCode.LOST.value
    data: dict[str, object] = {"code": code, "detail": detail, "signature": f"{code}:no outcome"}
    data |= {"work": work, "handoff": _handoff(world, task, attempt, work, detail).model_dump()}
    if spent := _spent(directory):
        data["spent"] = spent
    return world.fact(effect, EventKind.ATTEMPT_ENDED, data, attempt=effect.attempt)


def _kept_before(world: World, task: Task, directory: Path) -> str:
    """Takes over what the runner had bundled before it died; its newest commit, or empty."""
    try:
        snapshot = _Snapshot.model_validate_json((directory / "snapshot.json").read_bytes())
    except (OSError, ValidationError):
        return ""
    if snapshot.kept:
        world.mirror(task.repo_id).import_bundle(directory / "work.bundle", snapshot.kept)
    return snapshot.head or ""


def _without_secrets(world: World, task: Task, attempt: Attempt, work: str) -> str:
    """Empty when a secret stands in its commits: nobody goes on from there."""
    git_dir = world.mirror(task.repo_id).path
    try:
        found = work and given_away(git_dir, work, (attempt.base,), world.finder)
    except GitError:
        return ""
    return "" if found else work


def _handoff(world: World, task: Task, attempt: Attempt, work: str, detail: str) -> Handoff:
    who = attempt.agent or "no agent"
    changed = ""
    if work:
        patch = world.mirror(task.repo_id).diff(attempt.base, work, _LONGEST_PATCH)
        changed = world.finder.redact(patch)
    return Handoff(
        attempted=f"{attempt.kind} by {who} (round {task.round}, attempt {attempt.number}).",
        changed=changed,
        remains="Unknown: its runner was lost before anything was judged.",
        failed=detail,
        next="See what is there already, then finish it." if work else "",
    )


def _spent(directory: Path) -> dict[str, object] | None:
    """What it had cost, from its journal: money is gone also where nothing else came back."""
    try:
        order = Order.model_validate_json((directory / "order.json").read_bytes())
        spent = spent_before(directory / "events.jsonl", order.agent) if order.agent else None
    except (OSError, ValidationError, AgentOSError):
        return None
    return spent.model_dump(exclude_defaults=True) if spent else None
