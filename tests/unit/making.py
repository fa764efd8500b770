"""Short ways to make the domain's plain data; tests name only what they are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agent_os.domain.approvals import ApprovalRules
from agent_os.domain.attempts import Evidence, Kind
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, charged
from agent_os.domain.folding import fold
from agent_os.domain.observed import Act, Edits, IssueSeen
from agent_os.domain.records import Attempt, Pull, Result
from agent_os.domain.rules import AgentRules, LabelRules, LimitRules, Mode, RepoRules
from agent_os.domain.tasks import Request, Spec, Task, TaskKey
from agent_os.policy.routing import Choice, Place

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
KEY = TaskKey(1, 12)
LIMITS = LimitRules()
LABELS = LabelRules()


def at(seconds: float = 0, *, minutes: float = 0) -> datetime:
    """A time after NOW (before, when negative)."""
    return NOW + timedelta(seconds=seconds, minutes=minutes)


def sha(letter: str) -> str:
    return letter * 40


def spec(**more: Any) -> Spec:
    given = {"title": "Mend it", "body": "b", "text_hash": "t1", "as_of": NOW}
    return Spec(**{**given, **more})


def task(**more: Any) -> Task:
    """A claimed task of acme/todo, without attempts."""
    given: dict[str, Any] = {
        "repo_id": KEY.repo_id,
        "repo": "acme/todo",
        "number": KEY.number,
        "title": "Mend it",
        "author": "stranger",
        "round": 1,
        "request": Request(event_id=7, actor="alice", at=NOW),
        "spec": spec(),
        "claimed_at": NOW,
    }
    return Task(**{**given, **more})


def attempt(
    number: int = 1,
    code: FailureCode | None = None,
    *,
    agent: str = "first",
    ended: datetime | None = NOW,
    base: str = "a",
    **more: Any,
) -> Attempt:
    """An ended attempt; its failure's detail serves as its signature unless one is given."""
    given: dict[str, Any] = {
        "kind": Kind.IMPLEMENT,
        "directory": f"/attempts/{number}",
        "start": sha(base),
        "started_at": at(minutes=-5),
        "deadline": at(minutes=35),
        "charged": code is not None and charged(code),
        "detail": f"detail {number}" if code else "",
        "signature": f"signature {number}" if code else "",
    }
    return Attempt(
        number=number, agent=agent, base=sha(base), ended_at=ended, code=code, **{**given, **more}
    )


def running(number: int = 1, **more: Any) -> Attempt:
    return attempt(number, ended=None, **more)


def evidence(head: str = "c", base: str = "a") -> Evidence:
    asked = ApprovalRules()
    return Evidence(base=sha(base), head=sha(head), sandbox="bwrap", gates=(), asked=asked)


def result(head: str = "c", base: str = "a", **more: Any) -> Result:
    given: dict[str, Any] = {"text_hash": "t1", "attempt": 1, "evidence": evidence(head, base)}
    return Result(head=sha(head), base=sha(base), **{**given, **more})


def pull(head: str = "c", **more: Any) -> Pull:
    return Pull(**{"number": 40, "head": sha(head), "opened_at": NOW, **more})


def in_review(**more: Any) -> Task:
    """A task whose result is published as a pull request at commit c on base a."""
    given: dict[str, Any] = {
        "attempts": (attempt(1, head=sha("c")),),
        "result": result(),
        "branch_head": sha("c"),
        "pull": pull(),
    }
    return task(**{**given, **more})


def choice(*agents: str, **refused: Place) -> Choice:
    """A chain in which all may, but for those in `refused`."""
    return Choice(places=tuple(refused.get(name, Place(agent=name)) for name in agents))


def rules(mode: Mode = Mode.AUTO_MERGE, **more: Any) -> RepoRules:
    given: dict[str, Any] = {
        "name": "acme/todo",
        "chains": {"default": ("first", "second", "third")},
        "agents": {name: AgentRules() for name in ("first", "second", "third")},
    }
    return RepoRules(mode=mode, **{**given, **more})


def event(kind: EventKind, when: datetime = NOW, /, **data: Any) -> Event:
    number = data.pop("_attempt", None)
    return Event(
        kind=kind, at=when, repo_id=KEY.repo_id, number=KEY.number, attempt=number, data=data
    )


def requested(when: datetime = NOW, **more: Any) -> Event:
    data: dict[str, Any] = {
        "repo": "acme/todo",
        "author": "stranger",
        "request": {"event_id": 7, "actor": "alice", "at": when.isoformat()},
        "spec": spec().model_dump(mode="json"),
    }
    return event(EventKind.REQUESTED, when, **{**data, **more})


def folded(before: Task | None, *events: Event) -> Task:
    """The task after the events; it must exist then."""
    for each in events:
        before = fold(before, each)
    assert before is not None
    return before


def act(number: int, kind: str, actor: str = "alice", when: datetime = NOW, **more: Any) -> Act:
    return Act(id=number, kind=kind, actor=actor, at=when, **more)


def issue(body: str = "b", **more: Any) -> IssueSeen:
    given: dict[str, Any] = {
        "number": KEY.number,
        "title": "Mend it",
        "author": "stranger",
        "open": True,
        "labels": ("Ready",),
        "updated_at": NOW,
    }
    return IssueSeen(body=body, **{**given, **more})


def edits(*oldest_first: tuple[datetime, str, str]) -> Edits:
    return Edits(versions=oldest_first[::-1])
