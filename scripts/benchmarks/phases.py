"""Where the time of one task went, from label to merge."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Task


@dataclass(frozen=True)
class Phases:
    """Seconds. `agent`, `gates` and `ci` are not ours; the others are our own overhead."""

    label_to_claim: float
    claim_to_attempt: float
    attempt_to_agent: float
    agent: float
    agent_to_gates: float
    gates: float
    gates_to_outcome: float
    outcome_to_accepted: float
    accepted_to_push: float
    ci: float
    ci_to_merge: float
    merge_to_finished: float
    """After the merge: not a part of the overhead, and shown all the same."""

    @property
    def label_to_agent(self) -> float:
        return self.label_to_claim + self.claim_to_attempt + self.attempt_to_agent

    @property
    def total(self) -> float:
        """Label to merge."""
        return sum(getattr(self, f.name) for f in fields(self)) - self.merge_to_finished

    @property
    def overhead(self) -> float:
        return self.total - self.agent - self.gates - self.ci


def measured(labelled: float, task: Task, events: list[Event], ci_folder: Path) -> Phases:
    """`labelled` in seconds since 1970. KeyError when a step is missing."""
    at = {event.kind: event.at.timestamp() for event in reversed(events)}
    attempt = Path(task.attempts[0].directory)
    journal = _journal(attempt)
    agent = (attempt / "agent.process").stat().st_mtime
    gates = (attempt / "evidence.json").stat().st_mtime
    outcome = (attempt / "outcome.json").stat().st_mtime
    # The attempt is recorded as started after its runner is: where that is later than the
    # agent's start, the recording is no part of the way.
    begun = min(at[EventKind.ATTEMPT_STARTED], agent)
    pushed, merged = at[EventKind.BRANCH_PUSHED], at[EventKind.PULL_MERGED]
    assert task.result is not None
    green = float((ci_folder / task.result.head).read_text())
    return Phases(
        label_to_claim=at[EventKind.CLAIMED] - labelled,
        claim_to_attempt=begun - at[EventKind.CLAIMED],
        attempt_to_agent=agent - begun,
        agent=journal["agent ended"] - agent,
        agent_to_gates=journal["gates started"] - journal["agent ended"],
        gates=gates - journal["gates started"],
        gates_to_outcome=outcome - gates,
        outcome_to_accepted=at[EventKind.ATTEMPT_ENDED] - outcome,
        accepted_to_push=pushed - at[EventKind.ATTEMPT_ENDED],
        ci=max(0.0, green - pushed),
        ci_to_merge=merged - max(green, pushed),
        merge_to_finished=at[EventKind.FINISHED] - merged,
    )


def _journal(attempt: Path) -> dict[str, float]:
    """`stage event` and when, in seconds since 1970."""
    found: dict[str, float] = {}
    for line in (attempt / "events.jsonl").read_text().splitlines():
        entry = json.loads(line)
        when = datetime.fromisoformat(entry["at"]).timestamp()
        found[f"{entry['stage']} {entry['event']}"] = when
    return found
