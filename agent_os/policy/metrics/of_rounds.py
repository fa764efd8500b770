"""Figures whose samples are rounds of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from agent_os.domain.failures import FailureCode, Family, family
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.policy.metrics.samples import FigureSpec, Samples, shares

_CODES = frozenset(code.value for code in FailureCode)
#: Holds that a person makes: nobody was called.
_BY_PERSON = frozenset({"held_by_person"})
#: Ends of a person's choosing after we had shown a result: it was not wanted as it was.
_REFUSED = frozenset({"pull_closed", "branch_deleted"})


class End(StrEnum):
    """What became of a round, for figures."""

    SURVIVED = "survived"
    """Merged or answered, and nothing befell it within the days of survival."""
    YOUNG = "young"
    """Merged or answered, and too short a time ago to say."""
    FELL = "fell"
    """Merged or answered, then reverted, reopened or mended in the same lines within those days."""
    GIVEN_UP = "given_up"
    """Refused by a person who had seen the result, or blocked by failures of the work itself."""
    OPEN = "open"
    """It goes on, waits for a person's word, or was called off before anything could be judged."""
    TROUBLE = "trouble"
    """Blocked by a provider or the environment: kept apart from the rest."""


def end_of(row: RoundRow, now: datetime) -> End:
    """The first line that holds."""
    done = row.merged_at or row.finished_at
    if done is not None:
        return _fate(row, done, now)
    if row.passed_on:
        return End.GIVEN_UP if any(a.charged for a in row.tries) else End.OPEN
    if row.cancelled in _REFUSED:
        return End.GIVEN_UP
    if row.cancelled:
        last = row.holds[-1][0] if row.holds else ""
        return End.GIVEN_UP if _family(last) is Family.TASK else End.OPEN
    match _family(row.held):
        case Family.TASK:
            return End.GIVEN_UP
        case Family.PROVIDER | Family.ENVIRONMENT:
            return End.TROUBLE
        case _:
            return End.OPEN


def _fate(row: RoundRow, done: datetime, now: datetime) -> End:
    days = timedelta(days=row.survival_days)
    blows = (row.reverted_at, row.reopened_at, row.mended_at)
    if any(at is not None and at <= done + days for at in blows):
        return End.FELL
    return End.SURVIVED if now >= done + days else End.YOUNG


def _family(reason: str) -> Family | None:
    return family(FailureCode(reason)) if reason in _CODES else None


def _delivered(row: RoundRow) -> bool:
    """Merged, or answered; an epic that ended with its parts had no attempt of its own."""
    return row.merged_at is not None or (row.finished_at is not None and bool(row.tries))


def _hours(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() / 3600)


def _lead_times(rows: Sequence[RoundRow]) -> tuple[float, ...]:
    return tuple(_hours(r.requested_at, r.merged_at) for r in rows if r.merged_at)


def _lead_p50(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(_lead_times(rows), "median")


def _lead_p90(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(_lead_times(rows), "p90")


def _queue_waits(rows: Sequence[RoundRow]) -> tuple[float, ...]:
    return tuple(
        _hours(r.claimed_at, r.tries[0].started_at)
        for r in rows
        if r.claimed_at and r.tries and r.tries[0].number == r.first
    )


def _wait_p50(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(_queue_waits(rows), "median")


def _wait_p90(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(_queue_waits(rows), "p90")


def _success(rows: Sequence[RoundRow], now: datetime) -> Samples:
    ends = [end_of(row, now) for row in rows if row.tries]
    told = (End.SURVIVED, End.FELL, End.GIVEN_UP)
    return shares([end is End.SURVIVED for end in ends if end in told])


def _survival(rows: Sequence[RoundRow], now: datetime) -> Samples:
    ends = [end_of(row, now) for row in rows if _delivered(row)]
    return shares([end is End.SURVIVED for end in ends if end is not End.YOUNG])


def _first_attempt(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    """Provider and environment failures were no attempt at the work: the first that was counts."""
    found: list[bool] = []
    for row in rows:
        begun = row.tries and row.tries[0].number == row.first
        real = [a for a in row.tries if a.ended_at and (a.code is None or a.charged)]
        if begun and real:
            found.append(real[0].code is None)
    return shares(found)


def _attempts(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    found = [row for row in rows if row.tries and (row.ended_at or row.passed_on)]
    return Samples(tuple(float(len(row.tries)) for row in found), "mean")


def _escalations(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    begun = [row for row in rows if row.claimed_at or row.holds]
    return shares([any(why not in _BY_PERSON for why, _ in row.holds) for row in begun])


def _fallbacks(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    worked = [{a.agent for a in row.tries if a.agent} for row in rows]
    both = zip(rows, worked, strict=True)
    return shares([len(agents) > 1 or row.passed_on for row, agents in both if agents])


def _rework(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    opened = [row for row in rows if row.pull]
    return shares([bool(row.changes_requested or row.ci_failures) for row in opened])


def _ci_failures(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return shares([bool(row.ci_failures) for row in rows if row.pull])


def _costs(rows: Sequence[RoundRow], counted: Sequence[bool]) -> Samples:
    return Samples(tuple(r.usd for r in rows), "ratio", tuple(float(c) for c in counted))


def _usd_per_merged(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    ended = [row for row in rows if row.ended_at or row.held or row.passed_on]
    return _costs(ended, [row.merged_at is not None for row in ended])


def _usd_per_surviving(rows: Sequence[RoundRow], now: datetime) -> Samples:
    told = [r for r in rows if end_of(r, now) not in (End.YOUNG, End.OPEN)]
    return _costs(told, [r.merged_at is not None and end_of(r, now) is End.SURVIVED for r in told])


def _usd(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(tuple(row.usd for row in rows), "sum")


def _merged(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(tuple(1.0 for row in rows if row.merged_at), "sum")


FIGURES: dict[str, FigureSpec] = {
    "lead_time_hours": FigureSpec(
        "Lead time", "hours", "lower", _lead_p50,
        "Median from the request (Ready) to the merge, of merged rounds.",
    ),
    "lead_time_hours_p90": FigureSpec(
        "Lead time, nine of ten", "hours", "lower", _lead_p90,
        "From the request to the merge: nine of ten merged rounds took no longer.",
    ),
    "queue_wait_hours": FigureSpec(
        "Queue wait", "hours", "lower", _wait_p50,
        "Median from the claim to the start of the first attempt at the work.",
    ),
    "queue_wait_hours_p90": FigureSpec(
        "Queue wait, nine of ten", "hours", "lower", _wait_p90,
        "From the claim to the first attempt: nine of ten rounds waited no longer.",
    ),
    "merged": FigureSpec(
        "Merged", "count", "higher", _merged, "Rounds that were merged.",
    ),
    "success": FigureSpec(
        "Success", "share", "higher", _success,
        "Rounds merged or answered that survived, of those that were merged, answered or given up;"
        " left out: too young to say, going on, blocked by provider or environment.",
    ),
    "survival": FigureSpec(
        "Survival", "share", "higher", _survival,
        "Rounds that were not reverted, reopened or mended in the same lines within the days of"
        " survival, of those merged or answered so long ago (or hit before).",
    ),
    "first_attempt": FigureSpec(
        "First attempt", "share", "higher", _first_attempt,
        "Rounds whose first attempt passed all gates and CI, of rounds with an ended attempt;"
        " provider and environment failures are no attempts.",
    ),
    "attempts_per_task": FigureSpec(
        "Attempts a task", "attempts", "lower", _attempts,
        "Attempts at the work, of rounds that have ended.",
    ),
    "escalations": FigureSpec(
        "Escalations", "share", "lower", _escalations,
        "Rounds in which a person was needed at least once, of rounds that were claimed.",
    ),
    "fallback_use": FigureSpec(
        "Fallback use", "share", "lower", _fallbacks,
        "Rounds at which more than one agent worked, of rounds with an agent.",
    ),
    "rework": FigureSpec(
        "Rework", "share", "lower", _rework,
        "Rounds that a review or CI sent back, of rounds with a pull request.",
    ),
    "ci_failures": FigureSpec(
        "CI failures", "share", "lower", _ci_failures,
        "Rounds that CI sent back at least once, of rounds with a pull request.",
    ),
    "usd": FigureSpec(
        "Cost", "US$", "lower", _usd, "What all attempts cost, as far as prices are known.",
    ),
    "usd_per_merged": FigureSpec(
        "Cost of a merge", "US$", "lower", _usd_per_merged,
        "Cost of all rounds that ended or are blocked, by how many of them were merged.",
    ),
    "usd_per_surviving": FigureSpec(
        "Cost of a surviving change", "US$", "lower", _usd_per_surviving,
        "Cost of all rounds whose end is known, by how many merges of them survived.",
    ),
}  # fmt: skip
