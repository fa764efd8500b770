"""What an attempt may cost: reserved before it starts, so that the day's cap always holds."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.failures import FailureCode
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import LimitRules
from agent_os.domain.tasks import Task
from agent_os.policy.retry import Park, Wait

#: With less than this share of an attempt's cap left, starting one would be waste.
_LEAST_SHARE = 0.05


class Purse(Contract):
    """US dollars of this UTC day: spent by ended attempts, reserved by running ones."""

    spent: float = 0.0
    reserved: float = 0.0


def cap(task: Task, limits: LimitRules, purse: Purse, now: datetime) -> float | Wait | Park:
    """What the next attempt may cost, or why there is none. Overshoot is at most one turn."""
    least = limits.usd_per_attempt * _LEAST_SHARE
    on_task = sum(attempt.cost for attempt in task.since_renewal)
    left = limits.usd_per_task - on_task
    if left < least:
        detail = f"${on_task:.2f} of ${limits.usd_per_task:.2f} for this task are spent"
        return Park(code=FailureCode.BUDGET_EXHAUSTED, detail=f"{detail}{_unknown(task)}.")
    today = limits.usd_per_day - purse.spent - purse.reserved
    if today < least:
        words = f"${purse.spent:.2f} spent and ${purse.reserved:.2f} reserved"
        detail = f"{words} of ${limits.usd_per_day:.2f} for this day"
        return Wait(reason=Reason.OVER_BUDGET, detail=detail, until=_midnight(now))
    return min(limits.usd_per_attempt, left, today)


def _unknown(task: Task) -> str:
    """Attempts of unknown price count with their whole cap: an error must not be free."""
    count = sum(1 for a in task.since_renewal if a.ended_at and a.spent and a.spent.usd is None)
    return f" ({count} attempts of unknown price, counted with their caps)" if count else ""


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
