"""Epics: the parts become issues and tasks of their own; the epic waits until they are done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from agent_os.domain.effects import CloseIssue, CreateIssue, Step
from agent_os.domain.events import EventKind
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Status, Task
from agent_os.domain.triage import ChildSpec, Size, Triage
from agent_os.policy import neutral, texts
from agent_os.policy.steps import about, event, held, record, waiting
from agent_os.policy.triaging import answer_of
from agent_os.policy.trust import MARKER

#: Why an epic is blocked by one of its parts.
CHILD_STUCK = "child_needs_person"
_STUCK = (Status.BLOCKED, Status.CANCELLED)


def begin(task: Task) -> Step | None:
    """The first part of an epic. What we opened for an epic is never split itself: that is known
    from our own record, whatever the model says."""
    answer = answer_of(task)
    if answer is None or answer.size is not Size.EPIC or not answer.children or task.parent:
        return None
    return _next_child(task, answer)


def step(task: Task, children: Sequence[Task], now: datetime) -> Step | None:
    """For a task that has parts; `children` are theirs, as they are now."""
    if task.claimed_at is None or task.finished_at:
        return None
    stuck = [child for child in children if child.status in _STUCK]
    if task.hold is not None:
        if task.hold.reason == CHILD_STUCK and not stuck:
            return record(task, event(task, EventKind.HOLD_ENDED, now, by="its parts"))
        return None
    if task.triage and (opening := _next_child(task, task.triage.answer)):
        return opening
    if stuck:
        return record(task, held(task, now, CHILD_STUCK, _why(stuck), _what_to_do(stuck)))
    done = [child for child in children if child.status is Status.DONE]
    if len(done) < len(task.children):
        numbers = ", ".join(f"#{child.number}" for child in task.children)
        return waiting(task, Reason.WAITS_FOR_CHILDREN, numbers, now)
    if task.issue_open:
        return CloseIssue(**about(task, "all of its parts are done"))
    return record(task, event(task, EventKind.FINISHED, now, sha="", by=""))


def _next_child(task: Task, answer: Triage) -> CreateIssue | None:
    """The first part that has no issue yet; those that it depends on have theirs."""
    numbers = {child.place: child.number for child in task.children}
    for place, child in enumerate(answer.children):
        if place not in numbers:
            signal = f"split:{task.repo_id}#{task.number}.{task.round}:{place}"
            return CreateIssue(
                **about(task, f"part {place + 1} of {len(answer.children)}"),
                signal=signal,
                place=place,
                title=texts.issue_title(child.title),
                body=_body(task, child, [numbers[before] for before in child.depends_on], signal),
                type=child.type,
            )
    return None


def _body(task: Task, child: ChildSpec, depends_on: Sequence[int], signal: str) -> str:
    """Headings and numbers are ours; of the model's words none can be taken for either."""
    parts = [
        f"Part of #{task.number}.",
        *(f"Depends on #{number}" for number in dict.fromkeys(depends_on)),
        "## Goal",
        _plain(child.goal),
    ]
    if child.acceptance:
        criteria = "\n".join(f"- {_plain(line)}" for line in child.acceptance)
        parts += ["## Acceptance criteria", criteria]
    if task.spec.body:
        whole = texts.quoted(task.spec.body)
        parts += ["## Context", f"The whole of which this is a part, as it was written:\n\n{whole}"]
    return "\n\n".join([*parts, f"{MARKER} signal={signal} -->"])


def _plain(text: str) -> str:
    """One paragraph that names no issue, mentions nobody, and is no heading."""
    line = neutral.harmless(" ".join(text.split())).replace("<", "&lt;")
    # A character that can't be seen would be gone again when the text is read.
    return re.sub(r"#(?=\d)", "no. ", line).lstrip("# ")


def _why(stuck: Sequence[Task]) -> str:
    said = [f"#{c.number} is {c.status} ({_reason(c)})" for c in stuck]
    return f"{'; '.join(said)}."


def _reason(child: Task) -> str:
    if child.hold is not None:
        return child.hold.reason
    return child.cancelled.reason if child.cancelled else ""


def _what_to_do(stuck: Sequence[Task]) -> str:
    numbers = ", ".join(f"#{child.number}" for child in stuck)
    return (
        f"See to {numbers}: this one goes on by itself when its parts do. A part that was "
        "cancelled begins anew with the label Ready; to give the rest up, close this issue."
    )
