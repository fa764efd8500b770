"""The task as text: what the agent reads, and the task file that people can `ls` and `cat`."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from agent_os.domain.attempts import Handoff, PromptParts
from agent_os.domain.tasks import Status, Task
from agent_os.policy import texts, triaging

NOTES = "## Notes"
_LONGEST_MEMORY = 8_000
_LONGEST_CODEBASE = 40_000
_LONGEST_HANDOFF = 4_000

_ANSWER = (
    "An answer that is posted on the issue, written into `.agent_answer.md` in the top folder; "
    "no change of files. It ends with a section `## Sources`: URLs, `path:line`, commits."
)

#: Where the task file of each state lies in the mailbox; `ready` has none yet.
FOLDERS = {
    Status.QUEUED: "inbox",
    Status.RUNNING: "processing",
    Status.IN_REVIEW: "review",
    Status.BLOCKED: "blocked",
    Status.DONE: "done",
    Status.CANCELLED: "cancelled",
}


def for_agent(task: Task, feedback: str, lessons: Sequence[str], codebase: str) -> str:
    """`task.md` of an attempt. The issue's text is data: fenced and attributed."""
    parts = [f"# {task.name}: {task.title}", *_sections(task)]
    if task.deliverable == "answer":
        parts += ["## Deliverable", _ANSWER]
    if feedback:
        parts += ["## Feedback on the work so far", feedback]
    if task.spec.comments:
        said = "\n\n".join(task.spec.comments)
        parts += ["## Comments on the issue, by people with write permission", said[-6000:]]
    if task.notes:
        parts += ["## Notes of the owner", task.notes]
    if lessons:
        parts += ["## What earlier tasks taught", "\n".join(f"- {line}" for line in lessons)]
    if codebase:
        parts += ["## CODEBASE.md of the repository", codebase[:_LONGEST_MEMORY]]
    return "\n\n".join(parts) + "\n"


def parts(task: Task, feedback: str, lessons: Sequence[str], codebase: str) -> PromptParts:
    """The same for the prompt, each part by itself; the attempt cuts them to size."""
    spec = task.spec
    return PromptParts(
        goal=spec.goal or spec.title,
        acceptance=spec.acceptance,
        constraints=spec.constraints,
        context=spec.context,
        comments="\n\n".join(spec.comments),
        feedback=feedback,
        notes=task.notes,
        lessons="\n".join(f"- {line}" for line in lessons),
        codebase=codebase[:_LONGEST_CODEBASE],
    )


def _sections(task: Task) -> list[str]:
    spec = task.spec
    return [
        "## Goal",
        spec.goal or spec.title,
        "## Acceptance criteria",
        spec.acceptance or "None were given.",
        "## Constraints",
        spec.constraints or "None were given.",
        "## Context",
        spec.context or "None was given.",
    ]


def handoff(left: Handoff | None, feedback: str) -> str:
    """`handoff.md`: what the attempt before left. Bounded, whatever the number of retries."""
    parts = ["# Handoff from the attempt before" if left else "# Handoff"]
    if feedback or left is None:
        parts.append(feedback or "This is the first attempt.")
    left = left or Handoff()
    for name in ("attempted", "changed", "remains", "failed", "next"):
        text = getattr(left, name)
        if text:
            parts += [f"## {name.capitalize()}", text[:_LONGEST_HANDOFF]]
    return "\n\n".join(parts) + "\n"


def task_file(task: Task, history: Sequence[str]) -> str:
    """The file in the mailbox. Only what is below Notes is read back."""
    front = {
        "task": task.name,
        "title": task.title,
        "state": task.status.value,
        "round": task.round,
        "requested_by": task.request.actor,
        "type": task.spec.type,
        "priority": task.priority,
    }
    if task.hold:
        front |= {"reason": task.hold.reason, "detail": texts.inline(task.hold.detail)}
        front |= {"next_step": task.hold.next_step}
    if task.waiting:
        front |= {"waits_for": task.waiting.reason.value}
    if task.pull:
        front |= {"pull_request": task.pull.number}
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    parts = [f"---\n{head}---", f"# {task.title}", *_sections(task)]
    if answer := triaging.answer_of(task):
        parts += ["## What the triage made of it", triaging.in_words(answer)]
    parts += [NOTES, task.notes or "(Write here for the next attempt.)"]
    parts += ["## History", "\n".join(f"- {line}" for line in history)]
    return "\n\n".join(parts) + "\n"


def notes_in(text: str) -> str:
    """What a person wrote below Notes in a task file."""
    notes = _parts(text)[1].strip()
    return "" if notes.startswith("(Write here") else texts.bounded(notes, 4_000)


def without_notes(text: str) -> str:
    """A task file but for its notes: what nobody but us writes."""
    before, _, after = _parts(text)
    return f"{before}\n{after}"


def _parts(text: str) -> tuple[str, str, str]:
    """(before the notes, notes, history): the last headings are ours, others the issue's text."""
    body, heading, history = text.rpartition("\n## History\n")
    body = body if heading else text
    before, heading, notes = body.rpartition(f"\n{NOTES}\n")
    return (before, notes, history) if heading else (body, "", history)


def file_name(task: Task) -> str:
    return f"{task.repo.replace('/', '-')}-{task.number}.md"
