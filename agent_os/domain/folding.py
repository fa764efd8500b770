"""What each event does to a task: pure, so that tasks can be rebuilt from the log at any time."""

from __future__ import annotations

from collections.abc import Callable

from agent_os.domain.attempts import Handoff, Kind
from agent_os.domain.events import Event, EventKind
from agent_os.domain.failures import FailureCode, charged
from agent_os.domain.improving import carried, child_opened, improved, triage_ended
from agent_os.domain.pull_folding import PULL_CHANGES
from agent_os.domain.records import Answered, Attempt, Cancelled, Hold, Result, Waiting, Wanted
from agent_os.domain.requests import Asked
from agent_os.domain.tasks import Request, Spec, Status, Task
from agent_os.domain.usage import Spent

_LONGEST_ANSWER = 3_800


def fold(task: Task | None, event: Event) -> Task | None:
    """The task after the event. A `requested` event makes a task or its next round."""
    if event.kind is EventKind.REQUESTED:
        return _requested(task, event)
    change = _CHANGES.get(event.kind)
    if task is None or change is None:
        return task
    return change(task, event)


def _requested(task: Task | None, event: Event) -> Task:
    data = event.data
    asked = {
        "repo": data["repo"],
        "title": data["spec"]["title"],
        "request": Request.model_validate(data["request"]),
        "spec": improved(Spec.model_validate(data["spec"]), task.triage if task else None),
        "priority": data.get("priority", 0),
        "labels": tuple(data.get("labels", ())),
        "tests_may_change": data.get("tests_may_change", ""),
        "agent_label": data.get("agent_label", ""),
        "issue_open": True,
        "own": bool(data.get("own", data.get("signal"))) and not data.get("approved_by"),
    }
    if task is not None and task.status is Status.BLOCKED:
        return task.model_copy(update={**asked, **_renewed(task)})
    fresh = {
        "repo_id": event.repo_id,
        "number": event.number,
        "author": data.get("author", ""),
        "node": data.get("node", ""),
        "round": task.round + 1 if task else 1,
        "notes": task.notes if task else "",
        "handoff": _answer_before(task) if task else None,
        "triage": carried(task),
        "parent": task.parent if task else data.get("parent", 0),
        "signal": task.signal if task else data.get("signal", ""),
    }
    return Task.model_validate({**asked, **fresh})


def _request_repeated(task: Task, _event: Event) -> Task:
    """What we gave ourselves is a person's wish from then on."""
    return task.model_copy(update={"own": False})


def _priority_set(task: Task, event: Event) -> Task:
    return task.model_copy(update={"planned_priority": event.data["priority"]})


def _answer_before(task: Task) -> Handoff | None:
    """Who asks again has read our answer: whoever goes on has to know it too."""
    if task.answered is None or task.result is None:
        return None
    said = f"Round {task.round} was answered on the issue; what follows came after the answer."
    return Handoff(attempted=said, changed=f"The answer:\n\n{task.result.answer[:_LONGEST_ANSWER]}")


def _renewed(task: Task) -> dict[str, object]:
    return {"hold": None, "waiting": None, "renewed": len(task.attempts)}


def _text_changed(task: Task, event: Event) -> Task:
    spec = improved(Spec.model_validate(event.data["spec"]), task.triage)
    return task.model_copy(update={"spec": spec, "title": spec.title})


def _text_ignored(task: Task, event: Event) -> Task:
    return task.model_copy(update={"ignored_text": event.data.get("text_hash", "")})


def _labels_seen(task: Task, event: Event) -> Task:
    keys = ("priority", "tests_may_change", "agent_label")
    update = {k: event.data[k] for k in keys if k in event.data}
    if event.data.get("left_behind"):
        update["settled"] = False
    return task.model_copy(update={**update, "labels": tuple(event.data["labels"])})


def _held(task: Task, event: Event) -> Task:
    hold = Hold(since=event.at, **event.data)
    return task.model_copy(update={"hold": hold, "waiting": None})


def _hold_ended(task: Task, _event: Event) -> Task:
    return task.model_copy(update=_renewed(task))


def _cancelled(task: Task, event: Event) -> Task:
    data = event.data
    given = {"reason": data["reason"], "by": data.get("by", ""), "acted_at": data.get("acted_at")}
    cancelled = Cancelled.model_validate({**given, "at": event.at})
    return task.model_copy(update={"cancelled": cancelled, "hold": None, "waiting": None})


def _issue_closed(task: Task, _event: Event) -> Task:
    return task.model_copy(update={"issue_open": False})


def _issue_reopened(task: Task, _event: Event) -> Task:
    return task.model_copy(update={"issue_open": True, "reopened": True, "settled": False})


def _noted(task: Task, event: Event) -> Task:
    return task.model_copy(update={"notes": event.data["notes"]})


def _repo_renamed(task: Task, event: Event) -> Task:
    return task.model_copy(update={"repo": event.data["repo"]})


def _claimed(task: Task, event: Event) -> Task:
    wanted = Wanted(kind=Kind.IMPLEMENT, why="asked for")
    return task.model_copy(update={"claimed_at": event.at, "waiting": None, "wanted": wanted})


def _waiting(task: Task, event: Event) -> Task:
    if not event.data.get("reason"):
        return task.model_copy(update={"waiting": None})
    return task.model_copy(update={"waiting": Waiting(since=event.at, **event.data)})


def _work_wanted(task: Task, event: Event) -> Task:
    """New work is wanted when the result won't do: should it fail, the old one stays away."""
    wanted = Wanted.model_validate(event.data)
    result = None if wanted.kind in (Kind.FIX, Kind.IMPLEMENT) else task.result
    return task.model_copy(update={"wanted": wanted, "waiting": None, "result": result})


def _attempt_started(task: Task, event: Event) -> Task:
    attempt = Attempt.model_validate(event.data["attempt"])
    others = tuple(a for a in task.attempts if a.number != attempt.number)
    update: dict[str, object] = {"attempts": (*others, attempt), "waiting": None}
    if attempt.kind is not Kind.TRIAGE:  # what was wanted of the work stays wanted then
        feedback = task.wanted.feedback if task.wanted else task.feedback
        update |= {"wanted": None, "feedback": feedback}
    return task.model_copy(update=update)


def _attempt_ended(task: Task, event: Event) -> Task:
    data = event.data
    code = FailureCode(data["code"]) if data.get("code") else None
    ended: dict[str, object] = {
        "ended_at": event.at,
        "code": code,
        "charged": bool(data.get("charged", code is not None and charged(code))),
        **{k: data[k] for k in ("detail", "signature", "head", "work") if k in data},
    }
    if data.get("sandbox"):
        ended["sandbox"] = data["sandbox"]
    if data.get("spent"):
        ended["spent"] = Spent.model_validate(data["spent"])
    attempts = tuple(
        a.model_copy(update=ended) if a.number == event.attempt else a for a in task.attempts
    )
    update: dict[str, object] = {"attempts": attempts}
    if code is None and data.get("result"):
        update |= {"result": Result.model_validate(data["result"]), "handoff": None}
        update["feedback"] = ""
    elif data.get("handoff"):
        update["handoff"] = Handoff.model_validate(data["handoff"])
    if data.get("asked"):
        asked = (Asked.model_validate(a) for a in data["asked"])
        update["asked"] = (*task.asked, *asked)
    if data.get("wanted"):
        update["wanted"] = Wanted.model_validate(data["wanted"])
    return triage_ended(task.model_copy(update=update), event)


def _result_rejected(task: Task, event: Event) -> Task:
    """What CI or a reviewer refused counts as that attempt's failure."""
    attempt = event.data["attempt"]
    failed = {
        "code": FailureCode(event.data["code"]),
        "signature": event.data.get("signature", ""),
        "detail": event.data.get("detail", ""),
        "charged": True,
    }
    attempts = tuple(
        a.model_copy(update=failed) if a.number == attempt else a for a in task.attempts
    )
    return task.model_copy(update={"attempts": attempts, "result": None})


def _review_seen(task: Task, event: Event) -> Task:
    return task.model_copy(update={"seen_reviews": (*task.seen_reviews, *event.data["ids"])})


def _settled(task: Task, _event: Event) -> Task:
    return task.model_copy(update={"settled": True})


def _answered(task: Task, event: Event) -> Task:
    answered = Answered.model_validate(event.data)
    return task.model_copy(update={"answered": answered, "waiting": None})


def _request_ended(task: Task, event: Event) -> Task:
    data = event.data
    update = {"done": data.get("done", ""), "refused": data.get("refused", "")}
    asked = tuple(a.model_copy(update=update) if a.name == data["asked"] else a for a in task.asked)
    return task.model_copy(update={"asked": asked})


def _finished(task: Task, event: Event) -> Task:
    return task.model_copy(update={"finished_at": event.at, "waiting": None, "hold": None})


def _labels_set(task: Task, event: Event) -> Task:
    """GitHub's labels have no case: `ready` is removed by the name `Ready`."""
    added, removed = event.data.get("add", ()), event.data.get("remove", ())
    gone = {label.lower() for label in (*added, *removed)}
    kept = {label for label in task.labels if label.lower() not in gone}
    labels = tuple(sorted({*kept, *added}))
    shown = task.shown.model_copy(update={"label": event.data["label"]})
    return task.model_copy(update={"labels": labels, "shown": shown})


def _comment_written(task: Task, event: Event) -> Task:
    update = {"comment_id": event.data["id"], "comment_hash": event.data["hash"]}
    return task.model_copy(update={"shown": task.shown.model_copy(update=update)})


def _comment_gone(task: Task, _event: Event) -> Task:
    return task.model_copy(update={"shown": task.shown.model_copy(update={"comment_gone": True})})


def _told(task: Task, event: Event) -> Task:
    shown = task.shown.model_copy(update={"told": event.data["state"]})
    return task.model_copy(update={"shown": shown})


_CHANGES: dict[EventKind, Callable[[Task, Event], Task]] = {
    **PULL_CHANGES,
    EventKind.TEXT_CHANGED: _text_changed,
    EventKind.TEXT_IGNORED: _text_ignored,
    EventKind.REQUEST_REPEATED: _request_repeated,
    EventKind.PRIORITY_SET: _priority_set,
    EventKind.LABELS_SEEN: _labels_seen,
    EventKind.HELD: _held,
    EventKind.HOLD_ENDED: _hold_ended,
    EventKind.CANCELLED: _cancelled,
    EventKind.ISSUE_CLOSED: _issue_closed,
    EventKind.ISSUE_REOPENED: _issue_reopened,
    EventKind.NOTED: _noted,
    EventKind.REPO_RENAMED: _repo_renamed,
    EventKind.CLAIMED: _claimed,
    EventKind.WAITING: _waiting,
    EventKind.WORK_WANTED: _work_wanted,
    EventKind.ATTEMPT_STARTED: _attempt_started,
    EventKind.ATTEMPT_ENDED: _attempt_ended,
    EventKind.CHILD_OPENED: child_opened,
    EventKind.RESULT_REJECTED: _result_rejected,
    EventKind.REVIEW_SEEN: _review_seen,
    EventKind.ANSWERED: _answered,
    EventKind.REQUEST_ENDED: _request_ended,
    EventKind.FINISHED: _finished,
    EventKind.SETTLED: _settled,
    EventKind.LABELS_SET: _labels_set,
    EventKind.COMMENT_WRITTEN: _comment_written,
    EventKind.COMMENT_GONE: _comment_gone,
    EventKind.TOLD: _told,
}
