"""Work that the organization gave itself: its share of the slots, and its money of a week."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.reasons import Reason
from agent_os.domain.tasks import Task
from agent_os.policy.retry import Park, Wait

#: With less than this share of an attempt's cap left, starting one would be waste.
_LEAST_SHARE = 0.05


class OwnWork(Contract):
    """How much of it there is now, and may be. US dollars are of this ISO week (UTC)."""

    running: int = 0
    spent: float = 0.0
    """By its ended attempts, and by the organization's own thinking."""
    reserved: float = 0.0
    """By its running attempts."""
    share: float = 0.25
    usd_per_week: float = 5.0

    def started(self, usd: float | None) -> OwnWork:
        """With one attempt more."""
        more = {"running": self.running + 1, "reserved": self.reserved + (usd or 0.0)}
        return self.model_copy(update=more)


def slots(own: OwnWork, all_slots: int, *, others_wait: bool) -> int:
    """How many attempts of it may run at the same time. While nothing else waits one slot is kept
    free for what people ask, where there is more than one."""
    if others_wait:
        return int(own.share * all_slots)
    return max(1, all_slots - 1)


def no_slot(own: OwnWork, all_slots: int, *, others_wait: bool) -> str:
    """Why no attempt of it starts now; empty: there is a slot for it."""
    most = slots(own, all_slots, others_wait=others_wait)
    if own.running < most:
        return ""
    while_ = "while other work waits" if others_wait else "so that one is free for people"
    return f"{own.running} of {most} slots (of {all_slots}) for it are taken, {while_}"


def cap(
    own: OwnWork, usd: float | Wait | Park | None, usd_per_attempt: float, now: datetime
) -> float | Wait | Park | None:
    """What its attempt may cost: `usd` within what is left of the week. None: it uses no model."""
    if usd is None or isinstance(usd, Wait | Park):
        return usd
    left = own.usd_per_week - own.spent - own.reserved
    if left < usd_per_attempt * _LEAST_SHARE:
        words = f"${own.spent:.2f} spent and ${own.reserved:.2f} reserved"
        detail = f"{words} of ${own.usd_per_week:.2f} for this week"
        return Wait(reason=Reason.OVER_OWN_BUDGET, detail=detail, until=week_end(now))
    return min(usd, left)


def others_wait(queued: Iterable[Task]) -> bool:
    """Whether work that people asked for is among what could start."""
    return any(not task.own for task in queued)


def week_start(now: datetime) -> datetime:
    """The Monday's midnight (UTC) before."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=midnight.weekday())


def week_end(now: datetime) -> datetime:
    return week_start(now) + timedelta(days=7)
