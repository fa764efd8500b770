"""Figures in words: units that fit the size, singular and plural."""

from __future__ import annotations

import pytest

from agent_os.policy.metrics.figures import Value
from agent_os.policy.metrics.words import columns, said


def of(name: str, value: float, low: float | None = None, high: float | None = None) -> Value:
    return Value(name=name, value=value, low=low, high=high, samples=3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (of("lead_time_hours", 0.004), ("14 seconds", "–", "3")),
        (of("lead_time_hours", 0.5, 0.25, 2), ("30 minutes", "15–120", "3")),
        (of("lead_time_hours", 1 / 60), ("1 minute", "–", "3")),
        (of("lead_time_hours", 1, 0.5), ("1 hour", "0.5–?", "3")),
        (of("lead_time_hours", 30), ("30 hours", "–", "3")),
        (of("lead_time_hours", 0), ("0 hours", "–", "3")),
        (of("attempts_per_task", 1), ("1 attempt", "–", "3")),
        (of("usd_per_merged", 0.004), ("$0.0040", "–", "3")),
    ],
)
def test_columns(value: Value, expected: tuple[str, str, str]) -> None:
    assert columns(value) == expected


def test_said_with_interval_and_samples() -> None:
    assert said(of("lead_time_hours", 0.5, 0.25, 0.75)) == "30 minutes (15–45, 3 samples)"
