"""A task described for people: its pull request, its status comment, what was seen and spent."""

from __future__ import annotations

from collections import Counter

from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.records import Attempt
from agent_os.domain.review import Met
from agent_os.domain.review import Review as SecondLook
from agent_os.domain.rules import LabelRules
from agent_os.domain.tasks import Status, Task
from agent_os.domain.usage import Spent
from agent_os.policy import approval_words, cleaning, requesting
from agent_os.policy.texts import inline, list_of_parts, quoted

_OWN_LOGIN = (
    "🔑 An agent ran with the owner's own login to its vendor (`credentials: own`) "
    "and could read it."
)
_NO_SANDBOX = (
    "⚠️ **Sandbox: none.** Programs ran here as the user that runs Agent OS (`sandbox: none`): "
    "nothing kept them from that user's files, processes and network."
)
_SIGNS = {
    Verdict.PASS: "✅ pass",
    Verdict.FAIL: "❌ fail",
    Verdict.UNAVAILABLE: "⚠️ unavailable",
    Verdict.NONE: "– none configured",
}
_MET = {Met.MET: "✅ met", Met.NOT_MET: "❌ not met", Met.CANT_TELL: "❔ can't tell"}


def pull_body(task: Task, label: str = LabelRules().approved) -> str:
    """`label` is the one that approves."""
    parts = [f"Closes #{task.number}"]
    if task.cancelled:
        parts.append(
            f"**Closed: the task was cancelled ({inline(task.cancelled.reason)}).** "
            "The branch is kept."
        )
    else:
        parts += approval_words.section(task, label)
    result = task.result
    what = _agents_words(result.summary) if result and result.summary else _first_words(task)
    parts += ["### What and why", what]
    parts += [*proofs(task), "### Taking over by hand", _take_over(task)]
    return "\n\n".join(parts)


def proofs(task: Task) -> list[str]:
    """What we saw and what it took."""
    seen = ["### Evidence", _evidence(task)] if task.result else []
    return [*seen, "### Attempts", _attempts(task)]


def _first_words(task: Task) -> str:
    spec = task.spec  # an improved goal is not in the words of the issue
    said = spec.body if spec.improved else spec.goal
    goal = "\n".join((said or task.title).splitlines()[:12])
    return f"From the issue, as {inline(task.request.actor)} asked for it:\n\n{quoted(goal)}"


def _agents_words(summary: str) -> str:
    return f"In the agent's words:\n\n{quoted(summary)}"


def _evidence(task: Task) -> str:
    assert task.result is not None
    evidence = task.result.evidence
    rows = ["| check | on the base | on the result | what was seen |", "|---|---|---|---|"]
    for gate in evidence.gates:
        before = _SIGNS[gate.before] if gate.before else ""
        rows.append(f"| {inline(gate.name)} | {before} | {_SIGNS[gate.verdict]} | {_seen(gate)} |")
    said = (
        f"Checked by Agent OS in fresh checkouts, not by the agent: result `{evidence.head[:10]}` "
        f"on base `{evidence.base[:10]}`. Sandbox: {inline(evidence.sandbox)}."
    )
    if task.result.answer:
        said = f"Looked up by Agent OS, not by the agent, at commit `{evidence.base[:10]}`."
    parts = ["\n".join(rows), said, *(_reviewed(evidence.review) if evidence.review else [])]
    return "\n\n".join(parts)


def _reviewed(review: SecondLook) -> list[str]:
    """The verdict table of another agent; all its words are kept to a cell."""
    who = ", ".join(inline(part, 60) for part in (review.model, review.vendor) if part)
    said = (
        f"A second pair of eyes: `{inline(review.agent)}`{f' ({who})' if who else ''} read the"
        " task, the change and the checks above. It did not do the work, nor hear of who did."
    )
    rows = ["| criterion | verdict | where | why |", "|---|---|---|---|"]
    for one in review.criteria:
        cells = (inline(one.criterion, 200), _MET[one.verdict], _places(*one.where))
        rows.append(f"| {one.number}. {' | '.join(cells)} | {inline(one.why, 200)} |")
    if not review.faults:
        return [said, "\n".join(rows), "It found no fault besides."]
    faults = ["| fault | weight | where | what |", "|---|---|---|---|"]
    for fault in review.faults:
        where = _places(fault.where)
        faults.append(f"| {fault.kind} | {fault.severity} | {where} | {inline(fault.what, 300)} |")
    return [said, "\n".join(rows), "\n".join(faults)]


def _places(*wheres: str) -> str:
    return ", ".join(f"`{inline(where, 100).replace('`', chr(39))}`" for where in wheres)


def _seen(gate: GateResult) -> str:
    command = f"`{inline(gate.command, 80)}` " if gate.command else ""
    return command + inline(gate.detail)


def _attempts(task: Task) -> str:
    """A table; with tokens and money where models were used."""
    priced = any(attempt.provider or attempt.spent for attempt in task.attempts)
    columns = ["#", "kind", "agent", "outcome", "minutes", *(["tokens", "cost"] if priced else [])]
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    rows = [f"| {' | '.join(_cells(attempt, priced))} |" for attempt in task.attempts]
    parts = ["\n".join(head + rows)]
    if priced and task.spent:
        parts.append(f"In all: {tokens(task.spent)}, {money(task.spent)}.")
    if any(attempt.own_login for attempt in task.attempts):
        parts.append(_OWN_LOGIN)
    if any(attempt.sandbox == "none" for attempt in task.attempts):
        parts.append(_NO_SANDBOX)
    return "\n\n".join(parts)


def _cells(attempt: Attempt, priced: bool) -> list[str]:
    agent = f"{attempt.agent} ({attempt.model})" if attempt.model else attempt.agent
    cells = [
        str(attempt.number),
        attempt.kind.value,
        inline(agent) or "–",
        _outcome(attempt),
        _minutes(attempt),
    ]
    spent = attempt.spent
    return cells + ([tokens(spent), money(spent)] if priced and spent else ["", ""] * priced)


def tokens(spent: Spent) -> str:
    """By kind, the empty ones left out."""
    usage = spent.usage
    kinds = {
        "in": usage.input + usage.written,
        "cached": usage.cached,
        "out": usage.output,
        "of them reasoning": usage.reasoning,
    }
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count) or "none"


def money(spent: Spent) -> str:
    """A price that is not known is said to be that, never shown as nothing."""
    if spent.usd is None:
        return "price unknown"
    return f"${spent.usd:.2f}" if spent.usd >= 0.01 or not spent.usd else f"${spent.usd:.4f}"


def _outcome(attempt: Attempt) -> str:
    if attempt.ended_at is None:
        return "running"
    if attempt.code is None:
        return "complete"
    charged = "" if attempt.charged else " (not charged)"
    return f"`{attempt.code}`{charged}: {inline(attempt.detail, 160)}"


def _minutes(attempt: Attempt) -> str:
    if attempt.ended_at is None:
        return ""
    return f"{(attempt.ended_at - attempt.started_at).total_seconds() / 60:.1f}"


def _take_over(task: Task) -> str:
    return (
        f"`git fetch origin {task.branch} && git switch {task.branch}`, then commit and push: "
        "what you push is kept and checked, never overwritten. Close this pull request to stop."
    )


def status_comment(task: Task) -> str:
    """The one comment that is edited in place."""
    lines = [f"**Agent OS: {task.status.replace('_', ' ')}**{_headline(task)}"]
    if needs := approval_words.line(task):
        lines.append(needs)
    if hidden := cleaning.in_words(Counter(task.spec.removed)):
        lines.append(f"Removed from what agents read, as GitHub does not show it: {hidden}.")
    if task.children:
        lines.append(f"It is done in parts:\n\n{list_of_parts(task)}")
    if task.attempts:
        lines.append(_attempts(task))
    if requests := requesting.told(task):
        lines.append(requests)
    asked = f"Asked for by {inline(task.request.actor)}"
    over = task.status in (Status.DONE, Status.CANCELLED)
    stop = "" if over else " To stop: remove the state's label."
    lines.append(f"{asked}, round {task.round}.{stop}")
    return "\n\n".join(lines)


def _headline(task: Task) -> str:
    if task.status is Status.BLOCKED and task.hold:
        return f" ({task.hold.reason}): {inline(task.hold.detail)}"
    if task.status is Status.CANCELLED and task.cancelled:
        by = f" by {inline(task.cancelled.by)}" if task.cancelled.by else ""
        return f" ({task.cancelled.reason}{by})"
    if task.answered:
        return ": the answer is a comment of its own"
    if task.pull and task.pull.merged_sha:
        by = inline(task.pull.merged_by)
        return f": #{task.pull.number} was merged as {task.pull.merged_sha[:10]} by {by}"
    return f": pull request #{task.pull.number}" if task.pull else ""
