"""A sprint as it is recorded: what was planned, by which figures, and people's word on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.policy.sprints.capacity import Capacity
from agent_os.policy.sprints.choices import Choice
from agent_os.policy.sprints.objectives import Aim
from agent_os.policy.sprints.selection import Item, Selection
from agent_os.policy.texts import inline

#: With what people add.
_MOST_ITEMS = 100


class Plan(Contract):
    sprint: int
    days: int
    planned_at: datetime
    approve_by: datetime
    items: tuple[Item, ...]
    more: int = 0
    """Issues that are out and not listed."""
    capacity: Capacity
    aims: tuple[Aim, ...] = ()
    goal: str = ""
    problem: str = ""
    """Why the objectives could not be read."""

    @property
    def chosen(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.chosen)

    @property
    def points(self) -> float:
        return round(sum(item.points for item in self.chosen), 2)


class Approved(Contract):
    """`event`: the act's id on GitHub; 0: nobody approved it, the config lets it go on."""

    by: str
    how: str
    at: datetime
    event: int = 0
    until: datetime


def sprint_title(number: int) -> str:
    return f"Sprint {number}"


def signal(repo_id: int, number: int) -> str:
    return f"sprint:{repo_id}:{number}"


def planned(
    number: int,
    days: int,
    selection: Selection,
    room: Capacity,
    aims: Sequence[Aim],
    now: datetime,
    approval: timedelta,
) -> Plan:
    return Plan(
        sprint=number,
        days=days,
        planned_at=now,
        approve_by=now + approval,
        items=selection.items,
        more=selection.more,
        capacity=room,
        aims=tuple(aims),
        goal=_goal(selection, aims),
    )


def _goal(selection: Selection, aims: Sequence[Aim]) -> str:
    chosen = [item for item in selection.items if item.chosen]
    if not chosen:
        return "Nothing in the backlog can be chosen."
    counts = {aim: sum(aim.name in item.serves for item in chosen) for aim in aims}
    towards = [aim for aim, count in counts.items() if count]
    if not towards:
        return "The most valuable issues of the backlog that fit."
    towards.sort(key=lambda aim: (-counts[aim] * aim.weight, aim.name))
    return "Towards " + " and ".join(aim.words for aim in towards[:2]) + "."


def with_choices(plan: Plan, choices: Sequence[Choice], titles: Mapping[int, str]) -> Plan:
    """People's ticks win. `titles`: of open issues that are not listed, and may be added."""
    items = {item.number: item for item in plan.items}
    for choice in choices:
        old = items.get(choice.number)
        if old is None:
            if not choice.chosen or choice.number not in titles or len(items) >= _MOST_ITEMS:
                continue
            title = inline(titles[choice.number], 120)
            old = Item(number=choice.number, title=title, chosen=False, why="")
        if (old.chosen, old.by, old.at) == (choice.chosen, choice.by, choice.at):
            continue
        if old.chosen is choice.chosen and not old.by:
            continue
        word = "ticked" if choice.chosen else "unticked"
        update = {"chosen": choice.chosen, "by": choice.by, "at": choice.at}
        why = old.why.removesuffix(_said(old))
        new = old.model_copy(update=update)
        items[choice.number] = new.model_copy(update={"why": why + _said(new, word)})
    return plan.model_copy(update={"items": tuple(items.values())})


def _said(item: Item, word: str = "") -> str:
    """What stands behind the reason where a person had a say."""
    if not item.by:
        return ""
    word = word or ("ticked" if item.chosen else "unticked")
    return f" ({word} by {inline(item.by, 60)})"
