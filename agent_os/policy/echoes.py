"""Which acts in a timeline are the traces of our own effects. All others are people's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.effects import (
    CloseIssue,
    ClosePull,
    DeleteBranch,
    Effect,
    LabelIssue,
    MergePull,
    RetireIssue,
    SetLabels,
    TakeApproval,
)
from agent_os.domain.observed import Act

#: How far GitHub's time of the act may lie outside of the time between intent and answer.
_BEFORE = timedelta(seconds=5)
_AFTER = timedelta(seconds=15)


class Done(Contract):
    """An effect of ours that happened, between two times of GitHub's clock."""

    intent: str
    traces: tuple[str, ...]
    since: datetime
    until: datetime


class Echo(Contract):
    intent: str
    trace: str
    act: int


def traces(effect: Effect) -> tuple[str, ...]:
    """What the effect leaves in the timelines of its issue and pull request."""
    match effect:
        case SetLabels() | LabelIssue():
            added = tuple(f"labeled:{label.lower()}" for label in effect.add)
            return added + tuple(f"unlabeled:{label.lower()}" for label in effect.remove)
        case TakeApproval():
            return tuple(f"unlabeled:{label.lower()}" for label in effect.remove)
        case CloseIssue() | RetireIssue():
            return ("closed",)
        case MergePull():
            return ("merged", "closed", "pull:closed")
        case ClosePull():
            return ("pull:closed",)
        case DeleteBranch():
            return ("head_ref_deleted", "pull:closed")
        case _:
            return ()


def trace_of(act: Act, *, on_pull: bool = False) -> str:
    if act.kind in ("labeled", "unlabeled"):
        return f"{act.kind}:{act.label.lower()}"
    return "pull:closed" if on_pull and act.kind == "closed" else act.kind


def ours(
    acts: Sequence[Act],
    done: Sequence[Done],
    used: set[tuple[str, str]],
    login: str,
    *,
    on_pull: bool = False,
) -> list[Echo]:
    """Each trace of each effect accounts for one act at the most, by our login, in its time."""
    taken = set(used)
    found: list[Echo] = []
    for act in sorted(acts, key=lambda a: (a.at, a.id)):
        if act.actor.lower() != login.lower():
            continue
        trace = trace_of(act, on_pull=on_pull)
        for effect in done:
            in_time = effect.since - _BEFORE <= act.at <= effect.until + _AFTER
            if trace in effect.traces and in_time and (effect.intent, trace) not in taken:
                taken.add((effect.intent, trace))
                found.append(Echo(intent=effect.intent, trace=trace, act=act.id))
                break
    return found
