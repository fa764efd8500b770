"""What people are told of outside GitHub: kinds, rules of a sink, and how far it has come."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from agent_os.domain.contract import Contract
from agent_os.domain.signals import Severity


class NoticeKind(StrEnum):
    TASK_BLOCKED = "task_blocked"
    TASK_DONE = "task_done"
    MERGE_REVERTED = "merge_reverted"
    MAIN_RED = "main_red"
    PROVIDER_DOWN = "provider_down"
    BUDGET_USED_UP = "budget_used_up"
    SPRINT_WAITS = "sprint_waits"
    REPORT_THERE = "report_there"
    HYPOTHESIS_REFUTED = "hypothesis_refuted"


#: The least severe first.
SEVERITIES = (Severity.INFO, Severity.WARN, Severity.URGENT)


class SinkRules(Contract):
    """What a sink is told, and when."""

    at_least: Severity = Severity.INFO
    quiet: str = ""
    """`22:00-07:00` in `timezone`: only what is urgent is told then; empty: never quiet."""
    timezone: str = "UTC"
    only: tuple[NoticeKind, ...] = ()
    """Empty: all kinds."""


class Telling(Contract):
    """A message that is about to be sent, or was: which changes it tells of."""

    change: str
    """The message's own name: the change's, or a digest of several."""
    ids: tuple[str, ...]
    after: int
    """The newest event when it was begun: what became of it stands behind that."""


class SinkState(Contract):
    """How far one sink has come."""

    since: datetime
    """What happened before is not told."""
    seen: int = 0
    """All changes up to this event are told, or need not be."""
    telling: Telling | None = None
    failures: int = 0
    """In a row."""
    error: str = ""
    not_before: datetime | None = None
