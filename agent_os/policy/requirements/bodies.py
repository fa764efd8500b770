"""What the issues of a plan say. The headings are those that the task parser knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent_os.policy import texts
from agent_os.policy.neutral import harmless
from agent_os.policy.requirements.items import EPIC, Plan, Planned
from agent_os.policy.trust import MARKER

_MARK = re.compile(rf"(?m)^{MARKER} [a-z]+=\S{{1,200}} -->$")
_LONGEST = 12_000
_ORDER = (
    "The issues of this plan, in an order in which they can be done. What each waits for stands in "
    "its own text (`Depends on`)."
)
_AGAIN = (
    "`agent-os plan` with the changed list brings this and its issues up to date. What a person "
    "edits is left alone."
)


def title(item: Planned) -> str:
    return texts.issue_title(item.title)


def body(item: Planned, plan_title: str, depends_on: Sequence[int]) -> str:
    parts = [
        f"Part of the plan *{texts.inline(plan_title, 120)}*.",
        *(f"Depends on #{number}" for number in depends_on),
        f"## Goal\n{harmless(item.goal)}",
        f"## Acceptance criteria\n{_list(item.criteria)}" if item.criteria else "",
        f"## Context\n{harmless(item.context)}" if item.context else "",
    ]
    return "\n\n".join(part for part in parts if part)[:_LONGEST]


def epic(plan: Plan, numbers: Mapping[str, int], done: Sequence[str], setup: int) -> Planned:
    """The list of all of them. `setup`: the pull request to be merged before; 0: none."""
    lines = [f"- [{'x' if item.key in done else ' '}] #{numbers[item.key]}" for item in plan.items]
    first = [f"A person merges #{setup} first.", ""] if setup else []
    said = [
        _ORDER,
        "",
        *first,
        *lines,
        "",
        _AGAIN,
    ]
    name = f"Plan: {texts.inline(plan.title, 100)}"
    return Planned(key=EPIC, title=name, goal="\n".join(said))


def marked(text: str, signal: str) -> str:
    """With the line by which the issue is found again."""
    return f"{text}\n\n{MARKER} signal={signal} -->"


def digest(shown_title: str, shown_body: str) -> str:
    """Of what an issue says, without the marks of ours: has somebody edited it?"""
    plain = _MARK.sub("", shown_body.replace("\r\n", "\n"))
    return texts.digest(shown_title.strip(), plain.strip())


def changed(before: Planned, after: Planned, why: str) -> str:
    """A comment in place of an edit."""
    lines = [f"The list of requirements says otherwise now; {why}.", ""]
    if before.title != after.title:
        lines.append(f"- **Title:** {texts.inline(after.title)}")
    if before.goal != after.goal:
        lines += ["- **Goal:**", "", harmless(after.goal), ""]
    gone = [line for line in before.criteria if line not in after.criteria]
    new = [line for line in after.criteria if line not in before.criteria]
    lines += [f"- no longer asked for: {texts.inline(line)}" for line in gone]
    lines += [f"- asked for now: {texts.inline(line)}" for line in new]
    if before.depends_on != after.depends_on:
        lines.append("- what it waits for has changed")
    return "\n".join(lines)[:_LONGEST]


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {harmless(line)}" for line in lines)
