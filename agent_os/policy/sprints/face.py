"""The sprint's issue: what is drawn there, with a box for each issue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from agent_os.domain.contract import Contract
from agent_os.policy import approving
from agent_os.policy.neutral import neutral
from agent_os.policy.sprints.choices import NOTES
from agent_os.policy.sprints.plan import Approved, Plan
from agent_os.policy.sprints.selection import Item
from agent_os.policy.texts import inline

Phase = Literal["proposed", "running", "ended"]
_KEPT = "What is written below is kept."
_LONGEST_NOTES = 10_000
_LONGEST_WHY = 400


class Standing(Contract):
    """How one issue of the sprint stands. `words`: for people, such as `in review`."""

    words: str = ""
    done: bool = False
    pull: int = 0


class Look(Contract):
    """All that is drawn."""

    plan: Plan
    phase: Phase
    approved: Approved | None = None
    ended: str = ""
    """How it ended, in a sentence."""
    standing: Mapping[int, Standing] = {}
    label: str
    """The approving label."""
    mark: str = ""
    """The line that tells whose issue it is."""


def body(look: Look, notes: str = "") -> str:
    """The whole text; `notes` is what people wrote below."""
    return f"{drawn(look)}\n\n{NOTES}\n{_KEPT}\n\n{notes.strip()}".rstrip() + f"\n\n{look.mark}"


def drawn(look: Look) -> str:
    """Our part of it."""
    plan = look.plan
    chosen, out = plan.chosen, [item for item in plan.items if not item.chosen]
    more = f"\n\n{plan.more} more open issues are out, of less worth." if plan.more else ""
    parts = [
        _state(look),
        f"## Goal\n{neutral(plan.goal)}",
        f"## Chosen: {len(chosen)} issues, {plan.points:g} points\n{_lines(chosen, look)}",
        f"## Left out\n{_lines(out, look)}{more}",
        _capacity(plan),
        _objectives(plan) if plan.aims or plan.problem else "",
    ]
    return "\n\n".join(part for part in parts if part)


def same(text: str, wanted: str) -> bool:
    """Whether our part of an issue's text is as it should be."""
    return _lined(text.replace("\r\n", "\n").partition(f"\n{NOTES}")[0]) == _lined(wanted)


def _lined(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def notes_of(text: str, mark: str) -> str:
    """What people wrote below our part."""
    below = text.replace("\r\n", "\n").partition(f"\n{NOTES}")[2].partition("\n")[2]
    lines = [line for line in below.splitlines() if line.strip() not in (_KEPT, mark)]
    kept = [line for line in lines if not line.startswith("<!-- agent-os effect=")]
    return "\n".join(kept).strip()[:_LONGEST_NOTES]


def _state(look: Look) -> str:
    plan, approved = look.plan, look.approved
    if look.phase == "ended":
        return f"**State: ended.** {look.ended} How it went is told in a comment below."
    boxes = "Tick an issue to take it in, untick it to leave it out: your word is final."
    if look.phase == "running" and approved is not None:
        done = sum(look.standing.get(i.number, Standing()).done for i in plan.chosen)
        who = f"approved by {inline(approved.by, 60)} ({approved.how})"
        until = f"until {approved.until:%Y-%m-%d %H:%M} UTC"
        return f"**State: running**, {who}, {until}; {done} of {len(plan.chosen)} done. {boxes}"
    return (
        f"**State: proposed** for {plan.days} days. Nothing of it is begun before a person with "
        f"write permission approves it: by the label `{inline(look.label, 50)}` here, or by a "
        f"comment whose first line is `{approving.COMMAND}`. Without that it is dropped at "
        f"{plan.approve_by:%Y-%m-%d %H:%M} UTC. {boxes}"
    )


def _lines(items: Sequence[Item], look: Look) -> str:
    return "\n".join(_line(item, look) for item in items) or "None."


def _line(item: Item, look: Look) -> str:
    standing = look.standing.get(item.number, Standing())
    pull = f" (#{standing.pull})" if standing.pull else ""
    state = f" — **{standing.words}**{pull}" if standing.words else ""
    box = "x" if item.chosen else " "
    why = f" — {inline(item.why, _LONGEST_WHY)}" if item.why else ""
    return f"- [{box}] #{item.number} {item.title}{state}{why}"


def _capacity(plan: Plan) -> str:
    room = plan.capacity
    return (
        f"## Capacity\n{room.points:g} points in {plan.days} days ({room.low:g} to {room.high:g}, "
        f"nine times of ten). {room.words} A point is the work of a median task here."
    )


def _objectives(plan: Plan) -> str:
    if plan.problem:
        return f"## Objectives\nNone are used: {inline(plan.problem, 1_000)}"
    rows = [
        "## Objectives",
        "| objective | now | target | weight | read by |",
        "|---|---|---|---|---|",
    ]
    for aim in plan.aims:
        how = inline(aim.problem or aim.how, 200)
        target = f"{'at least' if aim.goal == 'higher' else 'at most'} {aim.target:g}"
        rows.append(f"| {inline(aim.name)} | {aim.now} | {target} | {aim.weight:g} | {how} |")
    return "\n".join(rows)
