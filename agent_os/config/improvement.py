"""What the organization may give itself to do, and how it reports: the config's word on it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent_os.config.agents import Settings

#: Days and hours beyond which a time is none: `.inf` would stop the job that counts with it.
_TEN_YEARS = 3_650
_A_YEAR_HOURS = 8_760


class GroomerSettings(Settings):
    """What the groomer may do with issues. Its labels command nothing."""

    close: bool = False
    """It closes duplicates and stale issues, after its comment; else it only proposes."""
    stale_days: int = Field(default=90, ge=7, le=_TEN_YEARS)
    proposals: int = Field(default=5, ge=0, le=100)
    """Comments and labels a week and repository."""


class SprintSettings(Settings):
    """The planner. `days` 0: no sprints."""

    days: int = Field(default=0, ge=0, le=90)
    goes_on: bool = False
    """It labels the chosen issues Ready without waiting for a person's approval."""
    approval_hours: float = Field(default=72, gt=0, le=_A_YEAR_HOURS)
    """A plan that nobody approved by then is dropped."""


class MemorySettings(Settings):
    lesson_days: int = Field(default=90, ge=1, le=_TEN_YEARS)
    """A lesson that was not used for so long is forgotten."""
    shared: tuple[str, ...] = ()
    """Repositories whose lessons the others may see."""
    codebase: bool = True
    """CODEBASE.md of each repository is kept up to date, by pull requests of its own."""


class ImprovementSettings(Settings):
    home: str = ""
    """The repository for issues about this installation; empty: they stand in the report only."""
    issues_per_week: int = Field(default=3, ge=0, le=100)
    """Issues that are found by the record, of each repository."""
    start: bool = False
    """Such an issue is worked on at once; else it lies in the backlog."""
    usd_per_week: float = Field(default=5, ge=0)
    """For work that the organization gave itself, and for its own thinking."""
    share: float = Field(default=0.25, ge=0, le=1)
    """Of the slots, for such work while there is other work."""
    survival_days: int = Field(default=14, ge=1, le=180)
    """Merged work that was not reverted for so long has survived."""
    report: Literal["issue", "file", "off"] = "file"
    """The weekly report: as an issue of each repository (in `improvement.home` of all, too), in
    `home`/reports only, or not at all."""
    groomer: GroomerSettings = GroomerSettings()
    sprint: SprintSettings = SprintSettings()
    memory: MemorySettings = MemorySettings()
    watch_hours: float = Field(default=24, ge=0, le=_A_YEAR_HOURS)
    """For so long after a merge of ours the default branch is watched; 0: not at all."""
