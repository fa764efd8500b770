"""Which findings tell of which fault: what the loop says is held against what was planted."""

from __future__ import annotations

from agent_os.domain.events import Event, EventKind
from agent_os.simulation.conditions import Planted, lesson_of
from agent_os.simulation.scenario import FaultKind

#: Author and kind of the signals that name it.
SIGNALS: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.WRONG_GATE: ("analyzer:wrong_command",),
    FaultKind.DEGRADING_AGENT: ("analyzer:agent_degrades",),
    FaultKind.BREAKING_PROMPT: ("analyzer:prompt_breaks_results",),
    FaultKind.FLAKY_CHECK: ("analyzer:flaky_check",),
    FaultKind.DEAD_PROVIDER: ("analyzer:provider_dead",),
    FaultKind.RISING_COST: ("analyzer:cost_rises", "analyzer:agent_costly"),
    FaultKind.DUPLICATE_ISSUES: (),
    FaultKind.STALE_DEPENDENCY: ("groomer:outdated_dependencies",),
    FaultKind.WRONG_LESSON: ("analyzer:lesson_misleads",),
    FaultKind.REFUTED_IMPROVEMENT: ("analyzer:revert",),
    FaultKind.SLOW_SETUP: ("analyzer:slow_step",),
    FaultKind.EAGER_GROOMER: ("groomer:stopped",),
}
#: What may well follow from it, so that it is no false alarm.
FOLLOWS: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.WRONG_GATE: ("new_failure", "rising_failure", "same_escalation"),
    FaultKind.DEGRADING_AGENT: (
        *("new_failure", "rising_failure", "same_escalation", "cost_rises", "agent_costly"),
    ),
    FaultKind.BREAKING_PROMPT: (
        *("new_failure", "rising_failure", "agent_degrades", "same_escalation", "cost_rises"),
        "agent_costly",
    ),
    FaultKind.FLAKY_CHECK: (
        *("new_failure", "rising_failure", "agent_degrades", "same_escalation", "cost_rises"),
        "agent_costly",
    ),
    FaultKind.DEAD_PROVIDER: ("same_escalation", "new_failure", "rising_failure"),
    FaultKind.RISING_COST: ("same_escalation", "new_failure", "rising_failure"),
    FaultKind.WRONG_LESSON: (
        *("new_failure", "rising_failure", "agent_degrades", "same_escalation", "cost_rises"),
        "agent_costly",
    ),
    FaultKind.REFUTED_IMPROVEMENT: (
        *("new_failure", "rising_failure", "agent_degrades", "same_escalation", "cost_rises"),
        "agent_costly",
    ),
    FaultKind.SLOW_SETUP: ("new_failure", "rising_failure"),
}
#: Those that a person mends: no agent may change that file, or has that key.
_OF_A_REPOSITORY = (
    *(FaultKind.WRONG_GATE, FaultKind.FLAKY_CHECK, FaultKind.SLOW_SETUP),
    *(FaultKind.STALE_DEPENDENCY, FaultKind.EAGER_GROOMER),
)
BY_HAND = (FaultKind.WRONG_GATE, FaultKind.DEAD_PROVIDER)


def tells(fault: Planted, event: Event, repo: str) -> str:
    """What in the event names the fault: a signal's id, mostly; empty: it does not."""
    match event.kind:
        case EventKind.SIGNAL_SEEN | EventKind.ISSUE_FILED:
            signal = str(event.data.get("signal", ""))
            found = names(fault, signal) and _there(fault, signal, event, repo)
            return signal if found else ""
        case EventKind.ISSUE_TOLD if fault.kind is FaultKind.DUPLICATE_ISSUES:
            purpose = str(event.data.get("purpose", ""))
            same = repo == fault.repo and purpose.startswith("groom:duplicate")
            return purpose if same else ""
        case EventKind.LESSON_ENDED if fault.kind is FaultKind.WRONG_LESSON:
            same = event.data.get("text") == lesson_of(fault)
            return "lesson ended" if same and event.data.get("ending") == "contradicted" else ""
        case EventKind.HYPOTHESIS_JUDGED if fault.kind is FaultKind.REFUTED_IMPROVEMENT:
            return "refuted" if event.data.get("verdict") == "refuted" else ""
        case _:
            return ""


def kind_of(signal: str) -> str:
    """`author:kind` of a signal's id."""
    parts = signal.split(":")
    # The groomer names the repository first.
    place = 2 if parts[0] == "groomer" else 1
    return f"{parts[0]}:{parts[place]}" if len(parts) > place else signal


def names(fault: Planted, signal: str) -> bool:
    return kind_of(signal) in SIGNALS[fault.kind]


def _there(fault: Planted, signal: str, event: Event, repo: str) -> bool:
    """Whether a signal of the right kind is about what the fault is at."""
    about = f"{signal} {event.data.get('title', '')}"
    if fault.kind in (FaultKind.DEGRADING_AGENT, FaultKind.RISING_COST):
        return fault.agent in about or repo == fault.repo
    if fault.kind in _OF_A_REPOSITORY:
        return repo == fault.repo
    return True


def follows(fault: Planted, signal: str) -> bool:
    """Whether a signal may be there because of the fault."""
    kind = kind_of(signal)
    return kind in SIGNALS[fault.kind] or kind.partition(":")[2] in FOLLOWS.get(fault.kind, ())
