"""Whether every task ended in a right state: what people did on GitHub justifies it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from agent_os.domain.attempts import Outcome
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Status, Task
from agent_os.store import intents, schema
from agent_os.workspace.mirror import Mirror
from tests import sent
from tests.e2e.people import People

from .crowd import STATES
from .works import LOGIN, Works

_MARK = re.compile(r"<!-- agent-os effect=([0-9a-f]+) -->")
#: Nothing but a person's act moves these on.
_FOR_PEOPLE = (Reason.DRAFT, Reason.REVIEW_REQUIRED, Reason.CI_NEEDS_PERSON)
#: A person's act that GitHub shows us late, under faults, may be crossed by our merge.
_CROSSING = timedelta(seconds=30)


def rests(task: Task) -> bool:
    """Whether nothing more will happen to it by itself."""
    waits = task.waiting is not None and task.waiting.reason in _FOR_PEOPLE
    return task.settled or task.status is Status.BLOCKED or (waits and task.running is None)


class Verdict:
    """Of one task, by what the hub shows."""

    def __init__(self, works: Works, task: Task) -> None:
        self.works = works
        self.task = task
        self.at = People(works.hub, task.repo)
        self.issue = self.at.seen(task.number)
        ours = [p for p in self.at.pulls() if _issue_of(p) == task.number]
        self.pulls = ours
        self.merged = [p for p in ours if p["merged_at"]]

    def check(self) -> None:
        story = self.works.story(self.task)
        for said, holds in self._demands():
            assert holds, f"{said}\n{story}"

    def _demands(self) -> list[tuple[str, Any]]:
        task, status = self.task, self.task.status
        labels = {label["name"] for label in self.issue["labels"]} & set(STATES)
        heads = [p["head"]["ref"] for p in self.pulls]
        shown = {Status.BLOCKED: {"Blocked"}, Status.IN_REVIEW: {"In Review"}}.get(status, set())
        demands: list[tuple[str, Any]] = [
            ("it rests", rests(task)),
            ("one pull request a round", len(heads) == len(set(heads)) <= task.round),
            ("one merge a round", len(self.merged) <= task.round),
            (f"the labels {labels} show the state", labels == shown),
            ("no comment twice", self._comments_are_meant()),
        ]
        if status is Status.DONE:
            demands.append(("done means merged and closed", self.merged))
            demands.append(("the issue is closed", self.issue["state"] == "closed"))
        if status is Status.CANCELLED:
            demands.append(("a person ended it", self._endings()))
        if status is Status.BLOCKED:
            demands.append(("blocked has a reason", task.hold and task.hold.next_step))
        return [*demands, *self._persons_close_stands()]

    def _comments_are_meant(self) -> bool:
        ours = [
            c["body"] for c in self.at.comments(self.task.number) if c["user"]["login"] == LOGIN
        ]
        marks = [found[1] for body in ours if (found := _MARK.search(body))]
        return len(marks) == len(ours) and max(Counter(marks).values(), default=1) == 1

    def _endings(self) -> list[dict[str, Any]]:
        """Acts of people that end a round."""
        events = self._events(self.task.number)
        found = [e for e in events if e["event"] == "closed" or _took_state(e)]
        for pull in self.pulls:
            acts = self._events(pull["number"])
            found += [e for e in acts if e["event"] in ("closed", "head_ref_deleted")]
        return found

    def _events(self, number: int) -> list[dict[str, Any]]:
        """What people, not we, did to an issue or a pull request."""
        found = self.at.ask("GET", f"/issues/{number}/events?per_page=100")
        return [e for e in found if e["actor"]["login"] != LOGIN]

    def _persons_close_stands(self) -> list[tuple[str, Any]]:
        """What a person closed is not merged by us afterwards."""
        demands: list[tuple[str, Any]] = []
        for pull in self.pulls:
            closed = [e for e in self._events(pull["number"]) if e["event"] == "closed"]
            if closed and not pull["merged_at"]:
                demands.append(("a closed one stays closed", pull["state"] == "closed"))
        if self.task.round == 1 and self.merged:
            merged_at = _moment(self.merged[0]["merged_at"])
            before = [
                e
                for e in self._events(self.task.number)
                if e["event"] == "closed" and _moment(e["created_at"]) + _CROSSING < merged_at
            ]
            demands.append(("not merged after a person closed the issue", not before))
        return demands


def _took_state(event: dict[str, Any]) -> bool:
    return event["event"] == "unlabeled" and event["label"]["name"] in STATES


def _issue_of(pull: dict[str, Any]) -> int:
    number = pull["head"]["ref"].removeprefix("agent-os/").partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def nothing_is_left(works: Works) -> None:
    """No intent is unresolved, no write was sent twice, no commit of an agent is lost."""
    store = works.store()
    try:
        with store.read() as tx:
            assert intents.unresolved(tx) == []
            made = Counter(r.kind for r in tx.execute(sa.select(schema.intents.c.kind)))
    finally:
        store.close()
    assert sent.too_often(_writes(works), made, git_again=_git_cuts(works)) == []
    for path in works.home.glob("attempts/*/*/outcome.json"):
        outcome = Outcome.model_validate_json(path.read_bytes())
        task = path.parent.parent.name
        mirror = Mirror(works.home / "mirrors" / f"{task.rpartition('.')[2]}.git")
        for kept in outcome.kept:
            assert mirror.resolve(kept.ref) == kept.sha, f"{kept} of {task} is lost"


def _writes(works: Works) -> list[str]:
    """Our own writes, as `sent` names them."""
    found: list[str] = []
    for request in works.hub.requests(writes=True):
        if request["user"] == LOGIN:
            path = re.sub(r"^/(api/v3/repos/)?[^/]+/[^/]+(?=/)", "", request["path"])
            found.append(request["operation"] or f"{request['method']} {path}")
    return found


def _git_cuts(works: Works) -> int:
    """How often git's connection was cut."""
    found = works.hub.requests(writes=True)
    return sum(r["status"] == 0 and r["path"].endswith("git-receive-pack") for r in found)
