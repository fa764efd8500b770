"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.cli.period import moment, span
from agent_os.domain.errors import BadInput
from agent_os.jobs.report_facts import week_span

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h", NOW - timedelta(hours=12)),
        (" 28D ", NOW - timedelta(days=28)),
        ("4w", NOW - timedelta(weeks=4)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T10:30:00+02:00", datetime(2026, 1, 31, 8, 30, tzinfo=UTC)),
    ],
)
def test_times_that_are_read(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "10m", "2026-13-01", "0001-01-01", "9999-12-31", "99999w", "-3d"]
)
def test_times_that_are_refused_with_a_next_step(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        moment(text, NOW)
    assert refused.value.next_step


@given(st.text("0123456789hdw-:TZ+", max_size=14))
def test_whatever_is_read_can_be_reckoned_with(text: str) -> None:
    """The time before, of the same length, exists as well: no overflow reaches the person."""
    try:
        begin, end = span(text, "", NOW)
    except BadInput:
        return
    assert (begin - (end - begin)).year > 1900


def test_an_end_before_its_begin_is_said() -> None:
    with pytest.raises(BadInput, match="not before the end"):
        span("2027-01-01", "", NOW)
    with pytest.raises(BadInput, match="not before the end"):
        span("2026-02-01", "2026-01-01", NOW)


@pytest.mark.parametrize("week", ["2026-99", "2026-W54", "0001-W01", "9999-W52", "2026-W", "W05"])
def test_weeks_that_are_none(week: str) -> None:
    with pytest.raises(BadInput):
        week_span(week)
