"""A watch on the default branch: did a merge of ours turn it red, and is it green again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from agent_os.domain.contract import Contract
from agent_os.domain.effects import Effect, OpenProposal, PushProposal, Record, Step, TellIssue
from agent_os.domain.events import DESK, Event, EventKind
from agent_os.domain.observed import Checks, CheckState
from agent_os.domain.tasks import TaskKey
from agent_os.policy import texts
from agent_os.policy.steps import About


class Landed(Contract):
    """A merge of our work, with the checks of its commit and of the one before it."""

    number: int
    title: str
    pull: int
    requester: str
    sha: str
    checks: Checks | None = None
    before: Checks | None = None


class Red(Contract):
    """The default branch failed at `sha`, by our own record; `number` is the task that did it."""

    sha: str
    number: int
    checks: tuple[str, ...]


class Revert(Contract):
    """What is there of the revert of one merge. `commit` None: it conflicts."""

    sha: str
    title: str
    commit: str | None = None
    state: Literal["", "pushed", "opened", "ended"] = ""

    @property
    def purpose(self) -> str:
        return f"revert:{self.sha}"

    @property
    def branch(self) -> str:
        return f"agent-os/revert-{self.sha[:10]}"


class WatchFacts(Contract):
    repo_id: int
    repo: str
    base: str
    """The default branch's name."""
    head: Checks
    landed: tuple[Landed, ...] = ()
    """Newest first."""
    red: Red | None = None
    revert: Revert | None = None
    """Of the red merge; None: not looked at yet."""
    told: bool = False
    """The task's issue says so already."""
    now: datetime


def failing(checks: Checks | None) -> tuple[str, ...]:
    found = checks.checks if checks else ()
    return tuple(c.name for c in found if c.state is CheckState.FAILURE)


def culprit(landed: Sequence[Landed]) -> tuple[Landed, tuple[str, ...]] | None:
    """The merge after which checks fail that succeeded right before it: nothing less is proof."""
    for one in landed:
        before = one.before.checks if one.before else ()
        green = {c.name for c in before if c.state is CheckState.SUCCESS}
        broken = tuple(name for name in failing(one.checks) if name in green)
        if broken:
            return one, broken
    return None


def decide(facts: WatchFacts) -> list[Step]:
    if facts.red is None:
        return _turned_red(facts)
    if _is_green(facts.red, facts.head):
        since = facts.red.sha
        return [_record(facts, EventKind.MAIN_GREEN, sha=facts.head.sha, since=since)]
    step = _propose(facts) or _tell(facts, facts.red)
    return [step] if step else []


def _turned_red(facts: WatchFacts) -> list[Step]:
    found = culprit(facts.landed)
    if found is None or not failing(facts.head):
        return []
    one, broken = found
    return [_record(facts, EventKind.MAIN_RED, sha=one.sha, task=one.number, checks=list(broken))]


def _is_green(red: Red, head: Checks) -> bool:
    states = {check.name: check.state for check in head.checks}
    return all(states.get(name) is CheckState.SUCCESS for name in red.checks)


def _record(facts: WatchFacts, kind: EventKind, **data: object) -> Record:
    said = Event(kind=kind, at=facts.now, repo_id=facts.repo_id, number=DESK, data=data)
    return Record(key=TaskKey(facts.repo_id, DESK), events=(said,))


def _propose(facts: WatchFacts) -> Effect | None:
    if facts.revert is None:
        return None
    why = f"{facts.repo} is red since this merge"
    return proposal(facts.repo_id, facts.repo, facts.base, facts.revert, why)


def proposal(repo_id: int, repo: str, base: str, revert: Revert, why: str) -> Effect | None:
    """The next effect towards a pull request that takes a merge back; None: nothing is left."""
    if revert.commit is None:
        return None
    about: About = {"repo_id": repo_id, "repo": repo, "number": DESK, "round": 0, "why": why}
    if revert.state == "":
        return PushProposal(
            **about, purpose=revert.purpose, branch=revert.branch, sha=revert.commit
        )
    if revert.state == "pushed":
        return OpenProposal(
            **about,
            purpose=revert.purpose,
            branch=revert.branch,
            head=revert.commit,
            base=base,
            title=texts.issue_title(f'Revert "{revert.title}"'),
            body=f"{why[:1].upper()}{why[1:]}.\n\nThis reverts commit {revert.sha}.",
        )
    return None


def _tell(facts: WatchFacts, red: Red) -> TellIssue | None:
    """Once, to whoever asked for the work."""
    if facts.told:
        return None
    one = next((o for o in facts.landed if o.number == red.number), None)
    who = f"@{one.requester}: the" if one and one.requester else "The"
    names = ", ".join(texts.inline(name, 60) for name in red.checks)
    revert = facts.revert
    what = "A revert is proposed as a pull request."
    if revert is None or revert.commit is None:
        what = "It can't be reverted without a conflict: a person has to mend it."
    body = (
        f"{who} default branch is red since {red.sha[:10]} was merged: {names}. {what} "
        "Nothing else is merged by us in this repository until it is green again."
    )
    return TellIssue(
        repo_id=facts.repo_id,
        repo=facts.repo,
        number=red.number,
        why="its merge turned the default branch red",
        purpose=told_purpose(red.sha),
        body=body,
    )


def told_purpose(sha: str) -> str:
    return f"main_red:{sha}"
