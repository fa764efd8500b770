"""What a triage changes of a task: pure, so that it can be rebuilt from the log."""

from __future__ import annotations

from agent_os.domain.events import Event
from agent_os.domain.records import Child
from agent_os.domain.tasks import Spec, Task
from agent_os.domain.triage import Triaged


def improved(spec: Spec, triaged: Triaged | None) -> Spec:
    """The spec with what its text lacks. What a person wrote under a heading, or said by a label,
    always wins; the whole text as it was written goes with it."""
    if triaged is None or spec.improved or triaged.of != spec.fingerprint:
        return spec
    answer = triaged.answer
    update: dict[str, object] = {"improved": True}
    if answer.goal and not (spec.goal and "goal" in spec.written):
        update["goal"] = answer.goal
    if not spec.acceptance:
        update["acceptance"] = _list(answer.acceptance)
    if not spec.constraints:
        update["constraints"] = _list(answer.constraints)
    if not spec.labelled:
        update["type"] = answer.type
    original = f"The issue's text as it was written:\n\n{spec.body}" if spec.body else ""
    update["context"] = "\n\n".join(part for part in (spec.context, original) if part)
    return spec.model_copy(update=update)


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def triage_ended(task: Task, event: Event) -> Task:
    """With the triage's answer, if the ended attempt has one."""
    if not event.data.get("triage"):
        return task
    triaged = Triaged.model_validate(event.data["triage"])
    return task.model_copy(update={"triage": triaged, "spec": improved(task.spec, triaged)})


def carried(task: Task | None) -> Triaged | None:
    """What the next round keeps of this one's triage: the same text is not read twice."""
    if task is None or task.triage is None:
        return None
    return task.triage.model_copy(update={"attempt": 0})


def child_opened(task: Task, event: Event) -> Task:
    child = Child.model_validate(event.data)
    others = tuple(c for c in task.children if c.place != child.place)
    return task.model_copy(update={"children": (*others, child)})
