"""How a sprint went: planned, done, spilled, and the forecast against what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from agent_os.domain.contract import Contract
from agent_os.policy.sprints.capacity import Past
from agent_os.policy.sprints.face import Standing
from agent_os.policy.sprints.plan import Approved, Plan
from agent_os.policy.sprints.selection import Item
from agent_os.policy.texts import inline

How = Literal["over", "done", "closed", "dropped"]
SENTENCES: dict[str, str] = {
    "over": "Its time is over.",
    "done": "All of it is done.",
    "closed": "A person closed it.",
    "dropped": "Nobody approved it in time.",
}
#: A sprint that ended sooner says little of what a whole one holds.
_LEAST_PART = 0.25


class Figures(Contract):
    """What the event of the end holds."""

    sprint: int
    how: How
    days: float
    """It ran for so long."""
    planned: tuple[int, ...] = ()
    """As it was approved."""
    done: tuple[int, ...] = ()
    spilled: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    """By people, after the approval."""
    removed: tuple[int, ...] = ()
    planned_points: float = 0.0
    done_points: float = 0.0
    forecast: float = 0.0
    low: float = 0.0
    high: float = 0.0
    past: Past | None = None
    """What it says for the next forecast; None: nothing."""


def figures(
    plan: Plan,
    approved: Approved | None,
    first: Sequence[int],
    standing: Mapping[int, Standing],
    how: How,
    now: datetime,
) -> Figures:
    """`first`: the issues that were chosen when it was approved."""
    if approved is None:
        return Figures(sprint=plan.sprint, how=how, days=0.0)
    days = max(0.0, (now - approved.at).total_seconds() / 86_400)
    done = [i for i in plan.chosen if standing.get(i.number, Standing()).done]
    numbers = {item.number for item in plan.chosen}
    spilled = [i.number for i in plan.chosen if i not in done]
    return Figures(
        sprint=plan.sprint,
        how=how,
        days=round(days, 2),
        planned=tuple(first),
        done=tuple(i.number for i in done),
        spilled=tuple(spilled),
        added=tuple(sorted(numbers - set(first))),
        removed=tuple(sorted(set(first) - numbers)),
        planned_points=plan.points,
        done_points=_points(done),
        forecast=plan.capacity.points,
        low=plan.capacity.low,
        high=plan.capacity.high,
        past=_past(plan, _points(done), days, how),
    )


def _past(plan: Plan, done: float, days: float, how: How) -> Past | None:
    """Points for the whole length: what was done early leaves time that others would have had."""
    part = days / plan.days if plan.days else 0.0
    if not plan.points or (how != "done" and part < _LEAST_PART):
        return None
    if how == "over":
        return Past(planned=plan.points, done=done)
    if how == "done":
        return Past(planned=plan.points, done=round(done / max(part, 2 / 3), 2))
    return Past(planned=round(plan.points * min(1.0, part), 2), done=done)


def _points(items: Sequence[Item]) -> float:
    return round(sum(item.points for item in items), 2)


def sentence(how: str) -> str:
    return SENTENCES.get(how, "")


def comment(result: Figures, plan: Plan, standing: Mapping[int, Standing]) -> str:
    """What is said below the sprint's issue at its end."""
    if not result.planned and not result.added:
        again = "The next one is planned when its time would have been over."
        return f"{sentence(result.how)} Nothing of it was begun. {again}"
    chosen = len(result.done) + len(result.spilled)
    within = "within" if result.low <= result.done_points <= result.high else "outside of"
    rows = [
        f"{sentence(result.how)} It ran for {result.days:.1f} of {plan.days} days.",
        "\n".join(
            (
                "| | issues | points |",
                "|---|---|---|",
                f"| planned | {len(result.planned)} | {plan.capacity.points:g} fit |",
                f"| chosen at the end | {chosen} | {result.planned_points:g} |",
                f"| done | {len(result.done)} of {chosen} | {result.done_points:g} |",
                (
                    f"| spilled | {len(result.spilled)} of {chosen} | "
                    f"{result.planned_points - result.done_points:g} |"
                ),
            )
        ),
        (
            f"Forecast: {result.forecast:g} points ({result.low:g} to {result.high:g}); done: "
            f"{result.done_points:g}, {within} that range."
        ),
        _list("Done", result.done, plan, standing),
        _list(
            "Spilled: they go on, or come up for the next sprint", result.spilled, plan, standing
        ),
        _list("Taken in by people meanwhile", result.added, plan, standing),
        _list("Taken out by people meanwhile", result.removed, plan, standing),
        _next(result),
    ]
    return "\n\n".join(row for row in rows if row)


def _next(result: Figures) -> str:
    if result.past is None:
        return "It says too little to correct the next forecast."
    ratio = result.past.done / result.past.planned if result.past.planned else 1.0
    return f"For the next forecast: {ratio:.0%} of the planned points in a sprint's whole length."


def _list(title: str, numbers: Sequence[int], plan: Plan, standing: Mapping[int, Standing]) -> str:
    if not numbers:
        return ""
    titles = {item.number: item.title for item in plan.items}
    lines = [f"**{title}**", ""]
    for number in numbers:
        words = standing.get(number, Standing()).words
        state = f" — {inline(words, 100)}" if words else ""
        lines.append(f"- #{number} {titles.get(number, '')}{state}")
    return "\n".join(lines)
