"""The closed set of what the log analyzer finds."""

from __future__ import annotations

from enum import StrEnum


class FindingKind(StrEnum):
    WRONG_COMMAND = "wrong_command"
    """Setup or a check can't run: its command or program is not there."""
    NEW_FAILURE = "new_failure"
    """Tasks fail in a way that was not seen in the weeks before."""
    RISING_FAILURE = "rising_failure"
    """A known failure meets more tasks than in the weeks before."""
    SLOW_STEP = "slow_step"
    """Setup or a check takes much longer than in the weeks before."""
    FLAKY_CHECK = "flaky_check"
    """A check fails and passes on the same commit."""
    PROMPT_BREAKS_RESULTS = "prompt_breaks_results"
    """A version of the prompt leads to results we can't read."""
    AGENT_DEGRADES = "agent_degrades"
    """An agent succeeds less often than it did before."""
    AGENT_COSTLY = "agent_costly"
    """An agent's changes cost more than others' on the same work."""
    COST_RISES = "cost_rises"
    """The same kind of work costs more than it did before."""
    PROVIDER_DEAD = "provider_dead"
    """A provider has refused everything for days."""
    IDLE_GATE = "idle_gate"
    """A check has never failed."""
    SAME_ESCALATION = "same_escalation"
    """People are called again and again for the same reason."""
    LESSON_MISLEADS = "lesson_misleads"
    """Attempts that were told a lesson fail more often than others."""
    LEFTOVER = "leftover"
    """Agents say that something remains to be done."""
    REVERT = "revert"
    """An improvement made its figure worse."""
