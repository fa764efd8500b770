"""What a task waits for and what would change that, in one sentence."""

from __future__ import annotations

from datetime import datetime

from agent_os.domain.reasons import WHAT_ENDS_IT, Reason
from agent_os.domain.tasks import Status, Task
from agent_os.policy import texts

_BUSY = {
    "implement": "works on it",
    "fix": "mends what was found",
    "refresh": "brings it onto the new base",
    "verify": "checks what was pushed",
    "triage": "reads the issue",
}


def why(task: Task, now: datetime, *, unresolved: bool = False) -> str:
    """One sentence that ends with what would change the state.

    `unresolved`: a change of ours got no answer, and nothing else is done before it is known.
    """
    if unresolved:
        return waiting(task.name, Reason.INTENT_UNRESOLVED, "")
    match task.status:
        case Status.DONE if task.answered:
            return (
                f"{task.name} is done: it was answered by a comment; close the issue, or comment "
                "and set the label Ready for another round."
            )
        case Status.DONE if task.children:
            return f"{task.name} is done: all of its {len(task.children)} parts are."
        case Status.DONE:
            by = f" by {task.pull.merged_by}" if task.pull else ""
            return f"{task.name} is done: its pull request was merged{by}."
        case Status.CANCELLED if task.cancelled:
            who = f" by {task.cancelled.by}" if task.cancelled.by else ""
            return (
                f"{task.name} was cancelled ({task.cancelled.reason}{who}); "
                "set the label Ready for another round."
            )
        case Status.BLOCKED if task.hold:
            step = task.hold.next_step or "label the issue Ready when it is mended"
            return f"{task.name} is blocked ({task.hold.reason}): {task.hold.detail} Next: {step}"
        case _:
            return _active(task, now)


def _active(task: Task, now: datetime) -> str:
    attempt = task.running
    if attempt is not None:
        minutes = (now - attempt.started_at).total_seconds() / 60
        who = attempt.agent or "the gates"
        return (
            f"{task.name} runs: attempt {attempt.number}, {who} {_BUSY[attempt.kind]} for "
            f"{minutes:.0f} minutes; it ends by itself, at the latest at "
            f"{attempt.deadline:%H:%M} UTC."
        )
    if task.waiting is None:
        return f"{task.name} is {task.status}; the next round of its job takes it on."
    return waiting(task.name, task.waiting.reason, task.waiting.detail, task.waiting.until)


def waiting(name: str, reason: Reason, detail: str, until: datetime | None = None) -> str:
    about = f" ({texts.bounded(detail, 300)})" if detail else ""
    when = f" at {until:%H:%M:%S} UTC" if until else ""
    return f"{name} waits: {reason}{about}; it goes on when {WHAT_ENDS_IT[reason]}{when}."
