"""What we say about approvals: in the pull request, in the status comment, in one notice."""

from __future__ import annotations

from agent_os.domain.approvals import Ask, Rule
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task
from agent_os.policy import approving
from agent_os.policy.texts import inline

_MOST_PATHS = 10
_TITLES = {
    Rule.PATHS: "a path that the owner named",
    Rule.DEPENDENCIES: "dependencies",
    Rule.WORKFLOWS: "workflows",
    Rule.STEERING: "files that steer agents",
    Rule.CHANGED_FILES: "many files",
    Rule.CHANGED_LINES: "many lines",
    Rule.USD: "cost",
    Rule.FIRST_MERGES: "a new agent",
}


def asked_of(task: Task) -> tuple[Ask, ...]:
    """What is known to need approval: by the last look at the pull request, or by the result."""
    if task.result is None:
        return ()
    known = task.pull.asked if task.pull else None
    if known is not None and known.head == task.result.head:
        return known.asks
    evidence = task.result.evidence
    dear = approving.costs(task, evidence.asked) if evidence.asked else []
    return (*evidence.asks, *dear)


def section(task: Task, label: str) -> list[str]:
    """For the pull request's text: each rule, where, and how to approve; empty without need."""
    asks = asked_of(task)
    if not asks:
        return []
    rows = [
        "| rule | what | where |",
        "|---|---|---|",
        *(f"| {_TITLES[a.rule]} (`{a.rule}`) | {inline(a.what)} | {_places(a)} |" for a in asks),
    ]
    said = (
        "It is not merged by Agent OS before a person with write permission approves its newest "
        f"commit: by a review, by the label `{inline(label, 50)}` on this pull request, or by a "
        f"comment here whose first line is `{approving.COMMAND}`. New commits void an approval."
    )
    return ["### Needs a person's approval", "\n".join(rows), said]


def line(task: Task) -> str:
    """For the status comment; empty while nobody is waited for."""
    pull, waiting = task.pull, task.waiting
    if pull is None or waiting is None or waiting.reason is not Reason.NEEDS_APPROVAL:
        return ""
    return (
        f"It needs a person's approval ({inline(waiting.detail)}): how is said in #{pull.number}."
    )


def notice(task: Task, label: str) -> str:
    """Who asked for the work is told when the wait begins, and when an approval is void."""
    assert task.pull is not None and task.waiting is not None
    number = task.pull.number
    before = ""
    if task.pull.approved_head and task.pull.approved_head != task.pull.head:
        before = (
            f"The approval by {inline(task.pull.approved_by)} was for "
            f"`{task.pull.approved_head[:10]}`; there are new commits since. "
        )
    return (
        f"@{task.request.actor}: #{number} needs a person's approval before it is merged.\n\n"
        f"**Why:** {before}{inline(task.waiting.detail, 1500)}\n\n"
        f"**What you can do, on #{number}:** approve it by a review, set the label "
        f"`{inline(label, 50)}`, or comment `{approving.COMMAND}`. Ask for changes by a review, "
        "or close it. Here, on the issue, an approval is not read."
    )


def _places(ask: Ask) -> str:
    shown = [f"`{inline(path, 100).replace('`', chr(39))}`" for path in ask.where[:_MOST_PATHS]]
    more = len(ask.where) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
