"""How much of GitHub's hourly limits was used, by what was recorded near the end of each hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.events import Event, EventKind
from agent_os.policy import statistics

#: GitHub's hour is looked at in its last minutes: nearly all of it is counted then.
LOOKED_WITHIN = timedelta(minutes=10)
#: Replicas differ by a second about when an hour ends.
_SAME = timedelta(minutes=1)


class Allowance(Contract):
    """What GitHub says of one of its hourly limits (`core`, `graphql`, …)."""

    resource: str
    used: int
    limit: int
    resets_at: datetime


class ApiUse(Contract):
    """Shares of a limit: the median over hours, nine of ten times within `low` to `high` (None:
    too few hours), and the greatest."""

    resource: str
    limit: int
    """Requests an hour (of `graphql`: points), as said last."""
    hours: int
    median: float
    low: float | None
    high: float | None
    most: float


def to_record(
    seen: Sequence[Allowance], known: Sequence[Event], github_now: datetime, now: datetime
) -> list[Event]:
    """Each hour once: in its last minutes, or as soon as nothing is left of it."""
    return [
        Event(kind=EventKind.API_USED, at=now, data=one.model_dump(mode="json"))
        for one in seen
        if _is_due(one, github_now) and not any(_same_hour(one, event) for event in known)
    ]


def _is_due(one: Allowance, now: datetime) -> bool:
    left = one.resets_at - now
    return timedelta(0) < left and (left <= LOOKED_WITHIN or one.used >= one.limit)


def _same_hour(one: Allowance, event: Event) -> bool:
    before = Allowance.model_validate(event.data)
    return before.resource == one.resource and abs(before.resets_at - one.resets_at) < _SAME


def measured(events: Sequence[Event]) -> list[ApiUse]:
    """By resource, in the order of their names."""
    found: dict[str, list[Allowance]] = {}
    for event in events:
        one = Allowance.model_validate(event.data)
        found.setdefault(one.resource, []).append(one)
    return [_use(name, found[name]) for name in sorted(found)]


def _use(name: str, hours: Sequence[Allowance]) -> ApiUse:
    shares = [min(1.0, one.used / one.limit) for one in hours]
    low, high = statistics.quantile_interval(shares, 0.5)
    return ApiUse(
        resource=name,
        limit=hours[-1].limit,
        hours=len(hours),
        median=statistics.quantile(shares, 0.5),
        low=_known(low),
        high=_known(high),
        most=max(shares),
    )


def _known(end: float | None) -> float | None:
    return None if end is None or end in (float("inf"), float("-inf")) else end


def said(use: ApiUse) -> str:
    """`core: 12% of 15,000 an hour in the median (9–14%), 41% at most, over 168 hours`."""
    between = ""
    if use.low is not None and use.high is not None:
        between = f" ({100 * use.low:.0f}–{use.high:.0%})"
    return (
        f"{use.resource}: {use.median:.0%} of {use.limit:,} an hour in the median{between}, "
        f"{use.most:.0%} at most, over {use.hours} hours"
    )
