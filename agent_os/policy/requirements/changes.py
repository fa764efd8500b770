"""What a plan changes on GitHub: each of its items has a row with what is done, and why."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.effects import EditIssue, FileIssue, RetireIssue, TellIssue
from agent_os.domain.events import DESK
from agent_os.policy.requirements import bodies, epic, setting_up
from agent_os.policy.requirements.items import EPIC, Plan, Planned
from agent_os.policy.requirements.rows import Change, Kind, Known, PlanFacts, about, kept


def decide(plan: Plan, facts: PlanFacts) -> list[Change]:
    """All rows, in the plan's order. What has a step can be done now, side by side."""
    first = setting_up.row(facts)
    if first is not None and first.step is not None:
        return [first, *(_without_step(row) for row in _rows(plan, facts))]
    return [*([first] if first else []), *_rows(plan, facts)]


def _rows(plan: Plan, facts: PlanFacts) -> list[Change]:
    rows = _in_turn([_item(item, plan, facts) for item in plan.items])
    keys = {item.key for item in plan.items}
    gone = [
        _gone(key, known, facts)
        for key, known in facts.known.items()
        if key not in keys and key != EPIC and known.open
    ]
    return [*rows, *gone, epic.row(plan, facts)]


def _in_turn(rows: Sequence[Change]) -> list[Change]:
    """New issues are filed in the plan's order, so that their numbers follow it."""
    waits = False
    found: list[Change] = []
    for row in rows:
        waits = waits or (row.kind is Kind.NEW and row.step is None)
        found.append(_without_step(row) if waits and row.kind is Kind.NEW else row)
    return found


def _without_step(row: Change) -> Change:
    return Change(row.kind, row.key, row.title, row.number, row.detail)


def _item(item: Planned, plan: Plan, facts: PlanFacts) -> Change:
    known = facts.known.get(item.key)
    if known is None:
        return _new(item, plan, facts)
    row = (item.key, item.title, known.number)
    if known.item.digest == item.digest:
        if known.done:
            return Change(Kind.DONE, *row)
        if not known.open:
            return _closed(item, known, facts)
        return Change(Kind.SAME, *row)
    if known.done:
        return Change(Kind.DONE, *row, "only its order is another")
    if not known.open:
        return _closed(item, known, facts)
    return _changed(item, known, plan, facts)


def _new(item: Planned, plan: Plan, facts: PlanFacts) -> Change:
    numbers = _numbers(item, facts)
    names = ", ".join(_called(key, facts) for key in item.depends_on)
    detail = f"after {names}" if names else ""
    if numbers is None:
        return Change(Kind.NEW, item.key, item.title, detail=detail)
    labels = () if item.type == "implementation" else (f"type: {item.type}",)
    step = FileIssue(
        **about(facts, DESK, f"{item.key} is in the list"),
        signal=facts.signal(item.key),
        by="requirements",
        title=bodies.title(item),
        body=bodies.body(item, plan.title, numbers),
        labels=labels,
        type=item.type,
        start=facts.start,
        facts=kept(item, bodies.body(item, plan.title, numbers), plan, facts),
    )
    return Change(Kind.NEW, item.key, item.title, detail=detail, step=step)


def _changed(item: Planned, known: Known, plan: Plan, facts: PlanFacts) -> Change:
    row = (item.key, item.title, known.number)
    numbers = _numbers(item, facts)
    why = "it is at work" if known.at_work else "somebody has edited it"
    if numbers is None:
        return Change(Kind.CHANGED, *row, "when what it depends on is filed")
    text, purpose = bodies.body(item, plan.title, numbers), f"plan:{item.digest}"
    if known.at_work or not known.untouched:
        tell = TellIssue(
            **about(facts, known.number, f"{item.key} reads otherwise, and {why}"),
            purpose=purpose,
            body=bodies.changed(known.item, item, f"{why}, so its text stays as it is"),
            facts=kept(item, text, plan, facts),
        )
        return Change(Kind.TOLD, *row, f"{why}: a comment", tell)
    edit = EditIssue(
        **about(facts, known.number, f"{item.key} reads otherwise"),
        purpose=purpose,
        title=bodies.title(item),
        body=bodies.marked(text, facts.signal(item.key)),
        facts=kept(item, text, plan, facts),
    )
    return Change(Kind.CHANGED, *row, "its issue is edited", edit)


def _closed(item: Planned, known: Known, facts: PlanFacts) -> Change:
    """A person closed it, or we did when it was gone from the list."""
    row = (item.key, item.title, known.number)
    if f"plan-gone:{known.item.digest}" not in known.told:
        return Change(Kind.NOT_WANTED, *row, "its issue was closed as not planned")
    purpose = f"plan-back:{item.digest}"
    if purpose in known.told:
        return Change(Kind.BACK, *row, "reopen it to have it done")
    said = "It is in the list of requirements again. Reopen this issue to have it done."
    tell = TellIssue(
        **about(facts, known.number, f"{item.key} is back"), purpose=purpose, body=said
    )
    return Change(Kind.BACK, *row, "a comment asks to reopen it", tell)


def _gone(key: str, known: Known, facts: PlanFacts) -> Change:
    row = (key, known.item.title, known.number)
    purpose = f"plan-gone:{known.item.digest}"
    if purpose not in known.told:
        after = (
            "It is at work and goes on; close this issue to stop it."
            if known.at_work
            else "It is closed; who needs it all the same reopens it."
        )
        tell = TellIssue(
            **about(facts, known.number, f"{key} is gone from the list"),
            purpose=purpose,
            body=f"This is no longer in the list of requirements. {after}",
        )
        detail = "a comment; it is at work" if known.at_work else "a comment, then closed"
        return Change(Kind.GONE, *row, detail, tell)
    if known.at_work:
        return Change(Kind.GONE, *row, "at work: it goes on")
    retire = RetireIssue(
        **about(facts, known.number, f"{key} is gone from the list"),
        purpose=purpose,
        reason="not_planned",
    )
    return Change(Kind.GONE, *row, "closed", retire)


def _numbers(item: Planned, facts: PlanFacts) -> Sequence[int] | None:
    """Of what it depends on; None: not all of it is filed."""
    found = [facts.known[key].number for key in item.depends_on if key in facts.known]
    if len(found) < len(item.depends_on):
        return None
    pull = facts.setup.pull if facts.setup else 0
    return found if item.depends_on or not pull else [pull]


def _called(key: str, facts: PlanFacts) -> str:
    known = facts.known.get(key)
    return f"#{known.number}" if known else key
