"""Everything that we say on GitHub, in one place. Text of others is quoted, fenced or bounded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from agent_os.domain.observed import Check, Review
from agent_os.domain.tasks import Task
from agent_os.policy import cleaning
from agent_os.policy.neutral import harmless, quotation
from agent_os.policy.trust import MARKER

_LONGEST_LOG = 4_000
_LONGEST_FEEDBACK = 12_000
_MOST_WORDS = 2_000


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:16]


def without_numbers(text: str) -> str:
    """For comparing logs of two runs: numbers and hexadecimal ids are left out."""
    return re.sub(r"\b[0-9a-f]{7,40}\b|\d+", "#", text)


def marked(body: str, intent: str) -> str:
    """A comment of ours, with the id of the effect that made it."""
    return f"{body}\n\n{MARKER} effect={intent} -->"


def quoted(text: str) -> str:
    """As a quotation, so that its headings and tables can't be taken for ours."""
    return quotation(text[:_MOST_WORDS])


#: `[skip ci]` and the other words by which GitHub leaves out a commit's workflows.
_SKIPS_CI = re.compile(r"(?i)(\[(?:skip|no|ci|actions)(?= (?:ci|actions|skip)\])|skip-checks(?=:))")


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
    """A title that is also a commit's first line: it closes nothing and skips no CI."""
    plain = "".join(char for char in title if char.isprintable() or char.isspace())
    shown = inline(plain, 200).replace("\\|", "|").replace("&lt;", "<")
    return _SKIPS_CI.sub("\\1\u200b", shown)


def list_of_parts(task: Task) -> str:
    """GitHub shows beside each number whether it is open."""
    return "\n".join(f"- #{child.number} {inline(child.title, 120)}" for child in task.children)


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
        return f"@{task.request.actor}: done, as all of its parts are:\n\n{list_of_parts(task)}"
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
        name, summary = cleaning.plain(check.name).text, cleaning.markdown(check.summary).text
        parts += [f"## {inline(name)}", inline(summary), fenced(cleaning.plain(log).noted)]
    return "\n\n".join(p for p in parts if p)[:_LONGEST_FEEDBACK]


def review_feedback(reviews: Sequence[Review], comments: Mapping[int, Sequence[str]]) -> str:
    """By people with permission, who answer for what they quote."""
    parts = ["A reviewer asked for changes on the pull request:"]
    for review in reviews:
        lines = [cleaning.markdown(line) for line in (review.body, *comments.get(review.id, ()))]
        who = f"{inline(review.author, 60)} (may write), {review.at:%Y-%m-%d %H:%M} UTC"
        parts += [f"## {who}", fenced("\n".join(line.noted for line in lines if line.text))]
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
