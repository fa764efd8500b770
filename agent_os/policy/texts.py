"""Everything that we say on GitHub, in one place. Text of others is quoted, fenced or bounded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from agent_os.domain.attempts import GateResult, Verdict
from agent_os.domain.observed import Check, Review
from agent_os.domain.review import Met
from agent_os.domain.review import Review as SecondLook
from agent_os.domain.tasks import Attempt, Status, Task
from agent_os.domain.usage import Spent
from agent_os.policy.trust import MARKER

_LONGEST_LOG = 4_000
_LONGEST_FEEDBACK = 12_000
_MOST_WORDS = 2_000
#: After it, GitHub takes a number for an issue to close when this lands on the default branch.
_CLOSING = re.compile(r"(?i)\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=:?\s+\S*(?:#|gh-|/)\d)")
_OWN_LOGIN = "🔑 An agent ran with the owner's own login to its vendor (`credentials: own`): it could read it."
_SIGNS = {
    Verdict.PASS: "✅ pass",
    Verdict.FAIL: "❌ fail",
    Verdict.UNAVAILABLE: "⚠️ unavailable",
    Verdict.NONE: "– none configured",
}
_MET = {Met.MET: "✅ met", Met.NOT_MET: "❌ not met", Met.CANT_TELL: "❔ can't tell"}


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:16]


def without_numbers(text: str) -> str:
    """For comparing logs of two runs: numbers and hexadecimal ids are left out."""
    return re.sub(r"\b[0-9a-f]{7,40}\b|\d+", "#", text)


def marked(body: str, intent: str) -> str:
    """A comment of ours, with the id of the effect that made it."""
    return f"{body}\n\n{MARKER} effect={intent} -->"


def harmless(text: str) -> str:
    """Text of others, which mentions nobody and closes no issue: that is ours to say."""
    return _CLOSING.sub("\\1\u200b", text.replace("@", "@\u200b"))


def quoted(text: str) -> str:
    """As a quotation, so that its headings and tables can't be taken for ours."""
    return "\n".join(f"> {line}" for line in harmless(text[:_MOST_WORDS]).splitlines())


def inline(text: str, limit: int = 300) -> str:
    """One line of text that is safe inside a table cell."""
    line = harmless(" ".join(text.split())).replace("|", "\\|").replace("<", "&lt;")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def fenced(text: str, limit: int = _LONGEST_LOG) -> str:
    """A block of someone else's output, its end kept when it is too long."""
    tail = text[-limit:]
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", tail)), default=0) + 1)
    return f"{ticks}text\n{tail.strip()}\n{ticks}"


def pull_title(task: Task) -> str:
    return issue_title(task.title)


def issue_title(title: str) -> str:
    return inline(title, 200).replace("\\|", "|").replace("&lt;", "<")


def pull_body(task: Task) -> str:
    parts = [f"Closes #{task.number}"]
    if task.cancelled:
        parts.append(
            f"**Closed: the task was cancelled ({inline(task.cancelled.reason)}).** "
            "The branch is kept."
        )
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
    if task.children:
        lines.append(f"It is done in parts:\n\n{_parts(task)}")
    if task.attempts:
        lines.append(_attempts(task))
    asked = f"Asked for by {inline(task.request.actor)}"
    lines.append(f"{asked}, round {task.round}. To stop: remove the state's label.")
    return "\n\n".join(lines)


def _parts(task: Task) -> str:
    """GitHub shows beside each number whether it is open."""
    return "\n".join(f"- #{child.number} {inline(child.title, 120)}" for child in task.children)


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


def blocked_notice(task: Task, ready: str) -> str:
    assert task.hold is not None
    hold = task.hold
    step = hold.next_step or "Read the status comment above."
    return (
        f"@{task.request.actor}: this needs you (`{hold.reason}`).\n\n"
        f"**What happened:** {inline(hold.detail, 1500)}\n\n"
        f"**What you can do:** {inline(step, 600)}\n\n"
        f"When it is done, set the label `{ready}` and the work goes on."
    )


def done_notice(task: Task) -> str:
    if task.answered:
        return f"@{task.request.actor}: done after all; the answer is in the comment above."
    if task.children:
        return f"@{task.request.actor}: done, as all of its parts are:\n\n{_parts(task)}"
    number = task.pull.number if task.pull else 0
    return f"@{task.request.actor}: done after all; #{number} is merged."


def reopened_notice(task: Task, ready: str) -> str:
    start = f"Set the label `{ready}` and round {task.round + 1} begins."
    return f"Reopening alone starts nothing. {start}"


def ci_feedback(failed: Sequence[Check], logs: Mapping[str, str]) -> str:
    """What the fixing agent is told: each failed check with the tail of its log."""
    parts = ["CI failed on the branch. Make these checks pass:"]
    for check in failed:
        log = logs.get(check.name) or check.summary or "(no log could be read)"
        parts += [f"## {inline(check.name)}", inline(check.summary), fenced(log)]
    return "\n\n".join(p for p in parts if p)[:_LONGEST_FEEDBACK]


def review_feedback(reviews: Sequence[Review], comments: Mapping[int, Sequence[str]]) -> str:
    parts = ["A reviewer asked for changes on the pull request:"]
    for review in reviews:
        lines = [review.body, *comments.get(review.id, ())]
        parts += [f"## {review.author}", fenced("\n".join(line for line in lines if line))]
    return "\n\n".join(parts)[:_LONGEST_FEEDBACK]


def lesson(task: Task) -> str:
    """One line for memory: what was tried, and what worked."""
    failed = [f"{a.agent or 'gates'}: {a.code}" for a in task.tries if a.code]
    worked = next((a for a in reversed(task.tries) if a.code is None), None)
    how = f"{worked.kind} by {worked.agent or 'gates'}" if worked else "work by hand"
    before = f" after {', '.join(failed)}" if failed else " at the first attempt"
    return f"#{task.number} {inline(task.title, 80)}: merged from {how}{before}"


def bounded(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}\n[cut: {len(text) - limit} more]"
