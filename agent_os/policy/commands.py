"""What people's acts on an issue mean: one function a row of the table in docs/design.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agent_os.domain.contract import Contract
from agent_os.domain.effects import Record
from agent_os.domain.events import Event, EventKind
from agent_os.domain.folding import fold
from agent_os.domain.observed import Act, Edits, IssueSeen
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LabelRules
from agent_os.domain.tasks import Status, Task, TaskKey
from agent_os.policy import specs, trust

KINDS = frozenset({"labeled", "unlabeled", "closed", "reopened", "renamed"})
_OVER = (Status.DONE, Status.CANCELLED)


class IssueFacts(Contract):
    """All that is known of one issue. `fresh`: acts not yet consumed that aren't our own."""

    repo_id: int
    repo: str
    issue: IssueSeen
    acts: tuple[Act, ...]
    fresh: tuple[Act, ...]
    echoes: tuple[int, ...]
    may: dict[str, bool]
    edits: Edits
    labels: LabelRules
    login: str = ""
    """Ours."""
    now: datetime
    merged_by_pull: bool = False
    """The task's pull request is merged already: closing the issue was part of it."""


def decide(facts: IssueFacts, task: Task | None) -> Record | None:
    """The events that the fresh acts and edits make, and the act ids they use up.

    An empty record: an act has to wait, so the issue must be looked at again.
    """
    reading = _Reading(facts, task)
    reading.waits = task is None and _lags(facts)
    for act in sorted(facts.fresh, key=lambda a: (a.at, a.id)):
        if not reading.take(act):
            reading.waits = True
            break
    reading.look_at_text()
    reading.look_at_labels()
    consumed = (*facts.echoes, *reading.consumed)
    if not (reading.events or consumed or reading.waits):
        return None
    key = TaskKey(facts.repo_id, facts.issue.number)
    return Record(key=key, events=tuple(reading.events), consumes=tuple(consumed))


class _Reading:
    """Acts are read in order, each on the task as the ones before it left it."""

    def __init__(self, facts: IssueFacts, task: Task | None) -> None:
        self.facts = facts
        self.task = task
        self.events: list[Event] = []
        self.consumed: list[int] = []
        self.waits = False
        self.used_up = False
        """A `Ready` asked for nothing new: its label says nothing any more."""

    def add(self, kind: EventKind, /, **data: Any) -> None:
        event = Event(
            kind=kind,
            at=self.facts.now,
            repo_id=self.facts.repo_id,
            number=self.facts.issue.number,
            data=data,
        )
        self.events.append(event)
        self.task = fold(self.task, event)

    def take(self, act: Act) -> bool:
        """Read one act. False: it has to wait, and so have those after it."""
        if act.kind == "labeled" and self._is(act, self.facts.labels.ready):
            if self.task and self.task.status in _OVER and _winding_up(self.task):
                return False
            self._ready(act)
        elif self.task is not None and act.kind in KINDS:
            if self.facts.may.get(act.actor, False):
                self._command(act, self.task)
            else:
                self._ignored(act)
        self.consumed.append(act.id)
        return True

    def _is(self, act: Act, label: str) -> bool:
        return act.label.lower() == label.lower()

    def _ready(self, act: Act) -> None:
        facts, status = self.facts, self.task.status if self.task else None
        if not facts.may.get(act.actor, False):
            detail = f"{act.actor} set `{act.label}` but has no write permission"
            issue = {"repo": facts.repo, "title": facts.issue.title}
            self.add(EventKind.DECLINED, reason=Reason.UNTRUSTED_ACTOR, detail=detail, **issue)
        elif status in (None, *_OVER, Status.BLOCKED) and not self._before_the_end(act):
            self.add(EventKind.REQUESTED, **request_data(facts, act.actor, act.id, act.at))
        else:
            self.add(EventKind.REQUEST_REPEATED, actor=act.actor, status=str(status))
            self.used_up = True

    def _before_the_end(self, act: Act) -> bool:
        """Whether it was set while the work that is over by now went on: it asked for nothing
        more. Acts of the same second count as later."""
        task = self.task
        if task is None or task.status not in _OVER:
            return False
        if task.cancelled and task.cancelled.acted_at:
            return act.at < task.cancelled.acted_at
        if task.answered and act.at < task.answered.at:
            return True  # the issue may stay open after an answer
        if task.status is Status.CANCELLED:
            return False  # that act was on the issue, and read in its order
        return any(a.kind == "closed" and a.at > act.at for a in self.facts.acts)

    def _command(self, act: Act, task: Task) -> None:
        labels = self.facts.labels
        match act.kind:
            case "labeled" if self._is(act, labels.blocked) and task.active:
                self.add(
                    EventKind.HELD,
                    reason="held_by_person",
                    detail=f"{act.actor} set `{act.label}`",
                    next_step=f"Remove the label `{labels.blocked}` to go on.",
                    by=act.actor,
                )
            case "unlabeled" if self._is(act, labels.blocked) and task.status is Status.BLOCKED:
                self.add(EventKind.HOLD_ENDED, by=act.actor)
                self._hear_the_answer(task)
            case "unlabeled" if self._takes_back(act, task):
                self.add(EventKind.CANCELLED, reason="label_removed", by=act.actor)
            case "closed":
                self.add(EventKind.ISSUE_CLOSED, by=act.actor)
                merged = task.pull and (self.facts.merged_by_pull or task.pull.merged_sha)
                over = merged or task.answered
                if not over and task.status not in _OVER:
                    self.add(EventKind.CANCELLED, reason="issue_closed", by=act.actor)
            case "reopened":
                self.add(EventKind.ISSUE_REOPENED, by=act.actor)
            case _:
                pass

    def _takes_back(self, act: Act, task: Task) -> bool:
        """Whether the removed label is the one that shows the task's state."""
        if not task.active:
            return False
        shown = task.shown.label or self.facts.labels.ready
        return self._is(act, shown)

    def _ignored(self, act: Act) -> None:
        said = {"closed": "issue_closed", "reopened": "issue_reopened"}.get(act.kind)
        if said:
            self.add(EventKind(said), by=act.actor)
        why = f"{act.actor} has no write permission"
        self.add(EventKind.ACT_IGNORED, by=act.actor, act=act.kind, why=why)

    def look_at_text(self) -> None:
        """An edit by someone with permission is used; one by someone without is noted once."""
        task, facts = self.task, self.facts
        if task is None or task.status in _OVER:
            return
        title, body = trust.text_at(
            facts.issue, facts.edits, facts.acts, task.request.at, facts.may
        )
        found = specs.text_hash(title, body)
        if found != task.spec.text_hash:
            spec = spec_of(facts, title, body, facts.now)
            self.add(EventKind.TEXT_CHANGED, spec=spec)
        on_github = specs.text_hash(facts.issue.title, facts.issue.body)
        if on_github not in (found, task.ignored_text):
            self.add(EventKind.TEXT_IGNORED, text_hash=on_github)

    def _hear_the_answer(self, task: Task) -> None:
        """A question may have been answered by a comment, which changes no text."""
        facts, asked_at = self.facts, task.request.at
        title, body = trust.text_at(facts.issue, facts.edits, facts.acts, asked_at, facts.may)
        spec = spec_of(facts, title, body, facts.now)
        if tuple(spec["comments"]) != task.spec.comments:
            self.add(EventKind.TEXT_CHANGED, spec=spec)

    def look_at_labels(self) -> None:
        task, facts = self.task, self.facts
        if task is None:
            return
        seen = label_data(facts.issue.labels, facts)
        current = {
            "labels": sorted(task.labels),
            "priority": task.priority,
            "tests_may_change": task.tests_may_change,
            "agent_label": task.agent_label,
        }
        left = self._left_behind(task)
        if seen != current or left:
            self.add(EventKind.LABELS_SEEN, **seen, **({"left_behind": True} if left else {}))

    def _left_behind(self, task: Task) -> bool:
        """Whether a label shows a state that is over: one of ours, that an old reading made us
        believe to be gone, or a `Ready` that is used up. What else a person set stays."""
        if not task.settled or self.used_up:
            return task.settled
        states = {state.lower() for state in self.facts.labels.states}
        there = states & {label.lower() for label in self.facts.issue.labels}
        setters = {a.label.lower(): a.actor for a in self.facts.acts if a.kind == "labeled"}
        return any(setters.get(label, "").lower() == self.facts.login.lower() for label in there)


def _lags(facts: IssueFacts) -> bool:
    """The issue says `Ready`, and its timeline does not know yet who said so."""
    ready = facts.labels.ready.lower()
    if ready not in {label.lower() for label in facts.issue.labels}:
        return False
    newest = [a.kind for a in facts.acts if a.label.lower() == ready]
    return not newest or newest[-1] == "unlabeled"


def _winding_up(task: Task) -> bool:
    """Its attempt is still being stopped, or its pull request closed: the next round waits."""
    pull = task.pull
    return bool(task.running or (pull and not (pull.closed or pull.merged_sha)))


def request_data(facts: IssueFacts, actor: str, event_id: int, at: datetime) -> dict[str, Any]:
    """The data of a `requested` event: the text is the version at that time."""
    title, body = trust.text_at(facts.issue, facts.edits, facts.acts, at, facts.may)
    return {
        "repo": facts.repo,
        "author": facts.issue.author,
        "node": facts.issue.node,
        "request": {"event_id": event_id, "actor": actor, "at": at.isoformat()},
        "spec": spec_of(facts, title, body, at),
        **label_data(facts.issue.labels, facts),
    }


def spec_of(facts: IssueFacts, title: str, body: str, as_of: datetime) -> dict[str, Any]:
    comments = trust.trusted_comments(facts.acts, facts.may)
    spec = specs.parse(title, body, as_of, facts.issue.labels, comments)
    return spec.model_dump(mode="json")


def label_data(labels: Sequence[str], facts: IssueFacts) -> dict[str, Any]:
    """What the labels say: priority, a named agent, and who allowed the tests to change."""
    return {
        "labels": sorted(labels),
        "priority": specs.priority(labels),
        "agent_label": specs.named_agent(labels),
        "tests_may_change": _allowed_by(labels, facts.labels, facts.acts, facts.may),
    }


def _allowed_by(
    labels: Sequence[str], rules: LabelRules, acts: Sequence[Act], may: Mapping[str, bool]
) -> str:
    wanted = rules.tests_may_change.lower()
    if wanted not in {label.lower() for label in labels}:
        return ""
    setters = [a.actor for a in acts if a.kind == "labeled" and a.label.lower() == wanted]
    return setters[-1] if setters and may.get(setters[-1], False) else ""
