"""What the runner tells about a job while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

QUEUED, IN_PROGRESS, COMPLETED = "queued", "in_progress", "completed"
SUCCESS, FAILURE, SKIPPED, CANCELLED = "success", "failure", "skipped", "cancelled"
OPPOSITE = {SUCCESS: FAILURE, FAILURE: SUCCESS}
TIMED_OUT, ACTION_REQUIRED = "timed_out", "action_required"

Now = Callable[[], str]


@dataclass(frozen=True)
class StepReport:
    """One step: times are UTC, ISO 8601 with Z, None before they are known."""

    number: int
    name: str
    status: str = QUEUED
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True)
class JobReport:
    """One job as it stands now; each report replaces the one before it.

    summary -- Markdown from GITHUB_STEP_SUMMARY, or the reason of `action_required`.
    log_path -- the job's log file, None when it never ran.
    """

    job_key: str
    name: str
    status: str
    conclusion: str | None = None
    steps: tuple[StepReport, ...] = ()
    summary: str = ""
    log_path: Path | None = None
    started_at: str | None = None
    completed_at: str | None = None

    def flipped(self) -> "JobReport":
        """As if a job that succeeds had failed in its last step, and the other way round."""
        if self.conclusion not in OPPOSITE:
            return self
        steps = list(self.steps)
        for number in reversed(range(len(steps))):
            if steps[number].conclusion == self.conclusion:
                steps[number] = replace(steps[number], conclusion=OPPOSITE[self.conclusion])
                break
        return replace(self, conclusion=OPPOSITE[self.conclusion], steps=tuple(steps))


def utc_now() -> str:
    """The real time, whole seconds, as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
