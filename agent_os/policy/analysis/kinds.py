"""The closed set of what the log analyzer finds."""

from __future__ import annotations

from enum import StrEnum


class FindingKind(StrEnum):
    WRONG_COMMAND = "wrong_command"
    NEW_FAILURE = "new_failure"
    RISING_FAILURE = "rising_failure"
    SLOW_STEP = "slow_step"
    FLAKY_CHECK = "flaky_check"
    PROMPT_BREAKS_RESULTS = "prompt_breaks_results"
    AGENT_DEGRADES = "agent_degrades"
    AGENT_COSTLY = "agent_costly"
    COST_RISES = "cost_rises"
    PROVIDER_DEAD = "provider_dead"
    IDLE_GATE = "idle_gate"
    SAME_ESCALATION = "same_escalation"
    LESSON_MISLEADS = "lesson_misleads"
    LEFTOVER = "leftover"
    REVERT = "revert"


MEANING: dict[FindingKind, str] = {
    FindingKind.WRONG_COMMAND: "setup or a check can't run: its command or program is not there",
    FindingKind.NEW_FAILURE: "tasks fail in a way that was not seen in the weeks before",
    FindingKind.RISING_FAILURE: "a known failure meets more tasks than in the weeks before",
    FindingKind.SLOW_STEP: "setup or a check takes much longer than in the weeks before",
    FindingKind.FLAKY_CHECK: "a check fails and passes on the same commit",
    FindingKind.PROMPT_BREAKS_RESULTS: "a version of the prompt leads to results we can't read",
    FindingKind.AGENT_DEGRADES: "an agent succeeds less often than it did before",
    FindingKind.AGENT_COSTLY: "an agent's changes cost more than others' on the same work",
    FindingKind.COST_RISES: "the same kind of work costs more than it did before",
    FindingKind.PROVIDER_DEAD: "a provider has refused everything for days",
    FindingKind.IDLE_GATE: "a check has never failed",
    FindingKind.SAME_ESCALATION: "people are called again and again for the same reason",
    FindingKind.LESSON_MISLEADS: "attempts that were told a lesson fail more often than others",
    FindingKind.LEFTOVER: "agents say that something remains to be done",
    FindingKind.REVERT: "an improvement made its figure worse",
}
