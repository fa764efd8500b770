"""Tasks that end in an answer on their issue: what is posted, and what follows then."""

from __future__ import annotations

import re
from datetime import datetime

from agent_os.domain.attempts import Kind
from agent_os.domain.effects import CloseIssue, Step, WriteComment
from agent_os.domain.events import EventKind
from agent_os.domain.rules import Mode, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import descriptions, neutral, texts
from agent_os.policy.invisible import without_unseen
from agent_os.policy.memory import learning
from agent_os.policy.steps import about, event, record

#: GitHub's limit is 65,536 characters; the mark of the effect comes on top.
_LONGEST_COMMENT = 65_000
_FENCE = re.compile(r"(`{3,}|~{3,})([^`~]*)")
_CUT = "\n\n[cut: {} more characters]"


def next_step(task: Task, rules: RepoRules, now: datetime) -> Step:
    """For a task whose result is an answer: it is posted once, and that is the end of the round."""
    assert task.result is not None
    if task.answered is None:
        if task.result.text_hash != task.spec.text_hash:
            return _asked_differently(task, now)
        return WriteComment(
            **about(task, "the answer passed every gate"),
            purpose="answer",
            state=f"attempt {task.result.attempt}",
            body=comment(task),
        )
    if rules.mode is Mode.AUTO_MERGE and task.issue_open and not task.reopened:
        return CloseIssue(**about(task, "it is answered"))
    return record(
        task,
        event(task, EventKind.FINISHED, now),
        event(task, EventKind.LESSON, now, **learning.of_result(task, lesson(task))),
    )


def _asked_differently(task: Task, now: datetime) -> Step:
    data = {
        "kind": Kind.IMPLEMENT.value,
        "why": "the issue's text changed after the answer was written",
        "feedback": "The issue's text has changed: see the task.",
    }
    return record(task, event(task, EventKind.WORK_WANTED, now, **data))


def comment(task: Task) -> str:
    """Ours first; all that is below the line is the agent's."""
    assert task.result is not None
    by = next((a for a in task.attempts if a.number == task.result.attempt), None)
    who = texts.inline(by.agent) if by else "an agent"
    model = f" ({texts.inline(by.model)})" if by and by.model else ""
    asked = texts.inline(task.request.actor)
    head = "\n\n".join(
        [
            f"**Agent OS: an answer** for {asked}, in the words of the agent {who}{model}.",
            "<details><summary>Evidence and cost</summary>",
            *descriptions.proofs(task),
            "</details>",
            "---",
        ]
    )
    room = _LONGEST_COMMENT - len(head)
    return f"{head}\n\n{_cut(task.result.answer, room)}"


def _cut(answer: str, room: int) -> str:
    text, keep = defused(answer), len(answer)
    while len(text) > room:
        keep = keep * 9 // 10
        text = defused(answer[:keep]) + _CUT.format(len(answer) - keep)
    return text


def defused(answer: str) -> str:
    """Mentions nobody, closes no issue, hides nothing; a code block that is left open is closed.

    Code stays as it is where it certainly is code: nobody can copy what holds invisible marks.
    """
    answer = without_unseen(answer)[0].replace("<!--", "&lt;!--")
    lines, fence = list[str](), ""
    for line in answer.split("\n"):
        opens = _FENCE.fullmatch(line)
        if fence:
            ends = line.rstrip(" \t")
            fence = "" if set(ends) == {fence[0]} and len(ends) >= len(fence) else fence
            lines.append(line)
        elif opens:
            fence = opens[1]
            lines.append(fence + neutral.still(opens[2]))
        elif line.lstrip().startswith(("```", "~~~", "<")):
            return _all_defused(answer)
        else:
            lines.append(neutral.still(line))
    return "\n".join([*lines, fence] if fence else lines)


def _all_defused(answer: str) -> str:
    """Where what is code can't be told for sure: fences that are indented, HTML."""
    ticks = sum(line.lstrip().startswith("```") for line in answer.split("\n"))
    return neutral.still(answer) + ("\n```" if ticks % 2 else "")


def lesson(task: Task) -> str:
    """One line for memory."""
    failed = [f"{a.agent}: {a.code}" for a in task.attempts if a.code]
    worked = next((a.agent for a in reversed(task.attempts) if a.code is None), "")
    before = f" after {', '.join(failed)}" if failed else " at the first attempt"
    return f"#{task.number} {texts.inline(task.title, 80)}: answered by {worked}{before}"
