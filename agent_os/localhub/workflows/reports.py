"""What the runner tells about a job while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

QUEUED, IN_PROGRESS, COMPLETED = "queued", "in_progress", "completed"
SUCCESS, FAILURE, SKIPPED, CANCELLED = "success", "failure", "skipped", "cancelled"
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


def utc_now() -> str:
    """The real time, whole seconds, as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
