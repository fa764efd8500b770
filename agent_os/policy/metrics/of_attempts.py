"""Figures whose samples are attempts, or the gates that looked at their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from agent_os.domain.attempts import Verdict
from agent_os.domain.failures import FailureCode, Family, family
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow
from agent_os.policy.metrics.samples import FigureSpec, Samples, shares

_RED = (Verdict.FAIL, Verdict.UNAVAILABLE)


def ended(rows: Sequence[RoundRow]) -> list[AttemptRow]:
    """Attempts at the work that have ended."""
    return [a for row in rows for a in row.tries if a.ended_at is not None]


def _real(rows: Sequence[RoundRow]) -> list[AttemptRow]:
    """Those that no provider and no environment ended: they say something of the work."""
    return [a for a in ended(rows) if a.code is None or _apart(a.code) is None]


def _apart(code: FailureCode) -> Family | None:
    found = family(code)
    return found if found in (Family.PROVIDER, Family.ENVIRONMENT) else None


def _failures(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return shares([a.code is not None for a in _real(rows)])


def _of_family(wanted: Family) -> Callable[[Sequence[RoundRow], datetime], Samples]:
    def samples(rows: Sequence[RoundRow], _now: datetime) -> Samples:
        return shares([a.code is not None and family(a.code) is wanted for a in ended(rows)])

    return samples


def _looked_at(rows: Sequence[RoundRow]) -> list[tuple[GateRow, ...]]:
    """The gates of each attempt that said something; a failed attempt of old times has none."""
    found = (tuple(g for g in a.gates if g.verdict is not Verdict.NONE) for a in ended(rows))
    return [gates for gates in found if gates]


def _gate_failures(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    """What is red on the base alike is the environment's."""
    found = _looked_at(rows)
    return shares([any(_red(g) for g in gates) for gates in found])


def _red(gate: GateRow) -> bool:
    return gate.verdict in _RED and (gate.code is None or _apart(gate.code) is None)


def _unavailable(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    found = _looked_at(rows)
    return shares([any(g.verdict is Verdict.UNAVAILABLE for g in gates) for gates in found])


def _repairs(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    """Only where a prompt is known: older attempts and checks of kept work tell nothing of it."""
    asked = [a for a in ended(rows) if a.prompt]
    return shares([a.repaired or a.code is FailureCode.INVALID_RESULT for a in asked])


def _setup(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(tuple(a.setup_seconds for a in ended(rows) if a.setup_seconds), "median")


def _gate_seconds(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(
        tuple(g.seconds for gates in _looked_at(rows) for g in gates if g.seconds), "median"
    )


def _seconds(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(tuple(a.seconds for a in ended(rows) if a.seconds), "median")


def _usd(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    found = (a for row in rows for a in row.attempts if a.ended_at and a.tokens)
    return Samples(tuple(a.usd for a in found if a.usd is not None), "mean")


def _usd_per_day(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    days: dict[str, float] = {}
    for attempt in (a for row in rows for a in row.attempts if a.ended_at and a.tokens):
        day = f"{attempt.ended_at:%Y-%m-%d}"
        days[day] = days.get(day, 0.0) + (attempt.usd or 0.0)
    return Samples(tuple(days[day] for day in sorted(days)), "mean")


def _tokens(rows: Sequence[RoundRow], _now: datetime) -> Samples:
    return Samples(tuple(float(a.tokens) for row in rows for a in row.attempts if a.tokens), "sum")


FIGURES: dict[str, FigureSpec] = {
    "attempt_failures": FigureSpec(
        "Failed attempts", "share", "lower", _failures,
        "Attempts that failed, of those that ended, without provider and environment failures.",
    ),
    "gate_failures": FigureSpec(
        "Gate failures", "share", "lower", _gate_failures,
        "Attempts with a gate that failed, of those that gates looked at; what fails on the base"
        " alike, or for the environment, is not counted.",
    ),
    "gates_unavailable": FigureSpec(
        "Gates that could not tell", "share", "lower", _unavailable,
        "Attempts with a gate that could not run, of those that gates looked at.",
    ),
    "provider_failures": FigureSpec(
        "Provider failures", "share", "lower", _of_family(Family.PROVIDER),
        "Attempts that a provider refused, of those that ended.",
    ),
    "environment_failures": FigureSpec(
        "Environment failures", "share", "lower", _of_family(Family.ENVIRONMENT),
        "Attempts that setup, sandbox, disk, git or a red base ended, of those that ended.",
    ),
    "repair_rate": FigureSpec(
        "Repair rounds", "share", "lower", _repairs,
        "Attempts whose result file had to be asked for again or could not be read, of those whose"
        " prompt is known.",
    ),
    "setup_seconds": FigureSpec(
        "Setup", "seconds", "lower", _setup,
        "Median of the seconds that the setup command took in an attempt, both sides together.",
    ),
    "gate_seconds": FigureSpec(
        "Gate time", "seconds", "lower", _gate_seconds,
        "Median of the seconds that a gate took on the result (scope `check`: that one).",
    ),
    "attempt_seconds": FigureSpec(
        "Attempt time", "seconds", "lower", _seconds,
        "Median of the seconds from the start to the end of an attempt.",
    ),
    "usd_per_attempt": FigureSpec(
        "Cost of an attempt", "US$", "lower", _usd,
        "Mean cost of an attempt that used a model at a known price, reading issues among them.",
    ),
    "usd_per_day": FigureSpec(
        "Budget use",
        "US$",
        "lower",
        _usd_per_day,
        "Mean cost of a day (UTC) on which models were used, as far as prices are known.",
    ),
    "tokens": FigureSpec(
        "Tokens", "count", "lower", _tokens, "Tokens of all attempts, as providers bill them.",
    ),
}  # fmt: skip
