"""Events of tasks as the product writes them, for stores that are filled without a hub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent_os.domain.attempts import Evidence, GateResult, Kind, Verdict
from agent_os.domain.events import Event, EventKind
from agent_os.domain.records import Attempt, Result
from agent_os.domain.tasks import Request, Spec

BASE = "b" * 40
_BEGIN = datetime(2026, 1, 5, 12, tzinfo=UTC)
_BODY = "## Goal\nThe sum of two numbers is wrong.\n\n## Acceptance criteria\n" + 10 * (
    "- A line of text as people write it, of some eighty characters in its length.\n"
)


def task_events(
    repo: str,
    repo_id: int,
    number: int,
    *,
    base: str = BASE,
    head: str = "",
    pull: int = 0,
    ends: bool = True,
) -> Iterator[Event]:
    """From `requested` to an open pull request, or to `settled` when it `ends`."""
    head = head or f"{number:040x}"
    at = _BEGIN + timedelta(seconds=number)

    def event(kind: EventKind, data: dict[str, object], attempt: int | None = None) -> Event:
        return Event(kind=kind, at=at, repo_id=repo_id, number=number, attempt=attempt, data=data)

    yield event(EventKind.REQUESTED, _requested(repo, number, at))
    yield event(EventKind.CLAIMED, {})
    yield event(EventKind.ATTEMPT_STARTED, {"attempt": _attempt(number, at, base)}, 1)
    yield event(EventKind.LABELS_SET, {"label": "In Progress", "add": ["In Progress"]})
    yield event(EventKind.COMMENT_WRITTEN, {"id": number, "hash": "c" * 16})
    yield event(
        EventKind.ATTEMPT_ENDED, {"seconds": 60.0, "result": _result(number, base, head)}, 1
    )
    yield event(EventKind.BRANCH_PUSHED, {"sha": head})
    yield event(
        EventKind.PULL_OPENED, {"number": pull or number, "head": head, "body_hash": "d" * 16}
    )
    yield event(EventKind.REVIEW_ASKED, {})
    yield event(EventKind.LABELS_SET, {"label": "In Review", "remove": ["In Progress"]})
    if not ends:
        return
    yield event(EventKind.PULL_MERGED, {"sha": "e" * 40, "by": "agent-os"})
    yield event(EventKind.ISSUE_CLOSED, {})
    yield event(EventKind.BRANCH_DELETED, {})
    yield event(EventKind.FINISHED, {})
    yield event(EventKind.COMMENT_WRITTEN, {"id": number, "hash": "f" * 16})
    yield event(EventKind.LESSON, {"text": "Number is wrong: one attempt, by worker."})
    yield event(EventKind.SETTLED, {})


def _requested(repo: str, number: int, at: datetime) -> dict[str, object]:
    spec = Spec(
        title=f"Sum {number} is wrong",
        body=_BODY,
        goal="The sum of two numbers is wrong.",
        acceptance=_BODY.partition("criteria\n")[2],
        text_hash=f"{number:016x}",
        as_of=at,
    )
    request = Request(event_id=number, actor="alice", at=at)
    return {
        "repo": repo,
        "spec": spec.model_dump(mode="json"),
        "request": request.model_dump(mode="json"),
        "author": "alice",
        "labels": ["bug"],
    }


def _attempt(number: int, at: datetime, base: str) -> dict[str, object]:
    attempt = Attempt(
        number=1,
        kind=Kind.IMPLEMENT,
        agent="worker",
        directory=f"/srv/agent-os/runtime/attempts/acme-r-{number}.1/1.1",
        base=base,
        start=base,
        started_at=at,
        deadline=at + timedelta(minutes=40),
        text_hash=f"{number:016x}",
    )
    return attempt.model_dump(mode="json")


def _result(number: int, base: str, head: str) -> dict[str, object]:
    names = ("contract", "diff", "size", "protected", "test files", "test")
    gates = tuple(
        GateResult(name=name, verdict=Verdict.PASS, detail="Nothing was found.", seconds=0.2)
        for name in names
    )
    evidence = Evidence(base=base, head=head, sandbox="bwrap", gates=gates)
    result = Result(
        head=head,
        base=base,
        text_hash=f"{number:016x}",
        attempt=1,
        summary="Mended.",
        evidence=evidence,
    )
    return result.model_dump(mode="json")
