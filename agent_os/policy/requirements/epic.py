"""The plan's own issue: a list of all the others, filed last and kept up to date."""

from __future__ import annotations

from typing import Any

from agent_os.domain.effects import EditIssue, FileIssue, RetireIssue
from agent_os.domain.events import DESK
from agent_os.policy.requirements import bodies
from agent_os.policy.requirements.items import EPIC, Plan, Planned
from agent_os.policy.requirements.rows import Change, Kind, Known, PlanFacts, about, kept


def row(plan: Plan, facts: PlanFacts) -> Change:
    """Last: it names all the others."""
    known = facts.known.get(EPIC)
    numbers = {key: one.number for key, one in facts.known.items()}
    name = f"Plan: {plan.title}"
    if any(item.key not in numbers for item in plan.items):
        kind = Kind.NEW if known is None else Kind.CHANGED
        return Change(kind, EPIC, name, known.number if known else 0, "lists them all")
    done = [key for key, one in facts.known.items() if one.done]
    item = bodies.epic(plan, numbers, done, facts.setup.pull if facts.setup else 0)
    stored = kept(item, item.goal, plan, facts)
    if known is None:
        step = FileIssue(
            **about(facts, DESK, "the plan's own issue"),
            signal=facts.signal(EPIC),
            by="requirements",
            title=item.title,
            body=item.goal,
            facts=stored,
        )
        return Change(Kind.NEW, EPIC, item.title, detail="lists them all", step=step)
    return _known_epic(item, known, facts, stored, {one.key for one in plan.items} <= {*done})


def _known_epic(
    item: Planned, known: Known, facts: PlanFacts, stored: dict[str, Any], all_done: bool
) -> Change:
    row = (EPIC, item.title, known.number)
    if not known.open:
        return Change(Kind.DONE if known.done else Kind.NOT_WANTED, *row)
    if known.item.digest != item.digest:
        if known.at_work or not known.untouched:
            why = "it is at work" if known.at_work else "somebody has edited it"
            return Change(Kind.SAME, *row, f"{why}: left alone")
        step = EditIssue(
            **about(facts, known.number, "the plan has changed"),
            purpose=f"plan:{item.digest}",
            title=item.title,
            body=bodies.marked(item.goal, facts.signal(EPIC)),
            facts=stored,
        )
        return Change(Kind.CHANGED, *row, "its list is brought up to date", step)
    if all_done and not known.at_work:
        retire = RetireIssue(
            **about(facts, known.number, "all of the plan is done"),
            purpose="plan-done",
            reason="completed",
        )
        return Change(Kind.DONE, *row, "all of it is done", retire)
    return Change(Kind.SAME, *row)
