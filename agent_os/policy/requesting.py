"""What agents asked for and were granted, done one a turn; and what people are told about it."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.effects import CreateIssue, SetLabels, Step, WriteComment
from agent_os.domain.requests import (
    Asked,
    CommentRequest,
    FollowUpRequest,
    LabelRequest,
    QuestionRequest,
)
from agent_os.domain.tasks import Task
from agent_os.policy import granting, texts
from agent_os.policy.neutral import neutral, quotation
from agent_os.policy.steps import about
from agent_os.policy.trust import MARKER


def counted(task: Task) -> list[Asked]:
    """What counts against the grant: a person who renews the task renews that, too."""
    return [asked for asked in task.asked if asked.attempt > task.renewed]


def step(task: Task) -> Step | None:
    """The first one that is not done yet."""
    asked = next((a for a in task.asked if a.open), None)
    if asked is None or task.cancelled or task.finished_at or not _may_speak(task):
        return None
    why = f"the agent asked for {asked.what}"
    match asked.request:
        case LabelRequest(label=label):
            return SetLabels(
                **about(task, why),
                label=task.shown.label,
                add=(label,),
                remove=(),
                node=task.node,
                asked=asked.name,
            )
        case FollowUpRequest():
            return _follow_up(task, asked, asked.request, why)
        case CommentRequest(text=text):
            body = f"**A comment of the agent {_who(task, asked)}**, in its words:"
            return _comment(task, asked, f"{body}\n\n{quotation(text)}", why)
        case QuestionRequest(text=text):
            body = (
                f"@{task.request.actor}: **the agent {_who(task, asked)} asks**, in its words:\n\n"
                f"{quotation(text)}\n\nNothing waits for the answer: the work goes on as it is."
            )
            return _comment(task, asked, body, why)
        case None:
            return None


def _may_speak(task: Task) -> bool:
    """Nothing is said for a task that a person holds; what its own agent said holds nothing up."""
    if task.hold is None:
        return True
    return bool(task.tries) and task.hold.reason == task.tries[-1].code


def _comment(task: Task, asked: Asked, body: str, why: str) -> WriteComment:
    return WriteComment(**about(task, why), purpose="request", state=asked.name, body=body)


def _follow_up(task: Task, asked: Asked, request: FollowUpRequest, why: str) -> CreateIssue:
    title = granting.plain_title(request.title)
    signal = f"follow_up:{task.repo_id}#{task.number}:{texts.digest(title)}"
    first = (
        f"A proposal of the agent {_who(task, asked)}, which worked on #{task.number}. Nobody "
        "works on it before a person with write permission asks for it by the label."
    )
    words = f"In the agent's words:\n\n{quotation(request.body)}"
    body = f"{first}\n\n{words}\n\n{MARKER} signal={signal} -->"
    return CreateIssue(
        **about(task, why),
        signal=signal,
        place=asked.place,
        title=" ".join(neutral(request.title).split()).replace("&lt;", "<"),
        body=body,
        type="",
        asked=asked.name,
    )


def _who(task: Task, asked: Asked) -> str:
    by = next((a for a in task.attempts if a.number == asked.attempt), None)
    return texts.inline(task.origin(by).agent if by else "", 60) or "that did the work"


def told(task: Task) -> str:
    """For the status comment: what was opened, and what was not granted; empty: neither."""
    lines = [
        f"Proposed by the agent: {asked.done}."
        for asked in task.asked
        if isinstance(asked.request, FollowUpRequest) and asked.done
    ]
    if refused := _refused(task.asked):
        lines.append(f"The agent asked for, and was not granted:\n\n{refused}")
    return "\n\n".join(lines)


def _refused(asked: Sequence[Asked]) -> str:
    told = [a for a in asked if a.refused and a.refused != granting.ALREADY]
    return "\n".join(f"- {a.what}: {texts.inline(a.refused, 200)}" for a in told)
