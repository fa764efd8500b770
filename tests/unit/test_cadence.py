"""How often a job runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from agent_os.policy.cadence import Cadence

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def test_weekday_one_is_monday() -> None:
    """Some schedulers count from Monday = 0 and would fire on Tuesday."""
    weekly = Cadence("0 9 * * 1")
    due = weekly.following(MONDAY)
    assert due == MONDAY + timedelta(hours=9)
    assert weekly.following(due) == due + timedelta(days=7)
    assert weekly.slot(due - timedelta(seconds=1)) == due - timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "now", "slot", "following"),
    [
        ("every 5s", 0, 0, 5),
        ("every 5s", 4.9, 0, 5),
        ("every 5s", 5, 5, 10),
        ("every 0.5s", 0.7, 0.5, 1),
        ("every 2m", 130, 120, 240),
        ("every 1h", 3599, 0, 3600),
        ("* * * * *", 0, 0, 60),
        ("* * * * *", 59.5, 0, 60),
        ("* * * * *", 60, 60, 120),
        ("*/5 * * * *", 299, 0, 300),
        (" */5 * * * * ", 301, 300, 600),
    ],
)
def test_slots(text: str, now: float, slot: float, following: float) -> None:
    cadence = Cadence(text)
    seen = MONDAY + timedelta(seconds=now)
    assert cadence.slot(seen) == MONDAY + timedelta(seconds=slot)
    assert cadence.following(seen) == MONDAY + timedelta(seconds=following)


@given(
    st.sampled_from(
        ["every 5s", "every 0.3s", "every 7m", "* * * * *", "0 9 * * 1", "*/7 3 1 * *"]
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_a_slot_is_never_in_the_future_and_the_next_one_always_is(text: str, now: datetime) -> None:
    cadence = Cadence(text)
    assert cadence.slot(now) <= now < cadence.following(now)
    assert cadence.slot(cadence.slot(now)) == cadence.slot(now)


@pytest.mark.parametrize(
    "text",
    ["", "every", "every 5", "every 0s", "every 0.1s", "every -5s", "5s", "* * * *", "61 * * * *",
     "@daily", "0 9 * * 8", "0 0 31 2 *", "every 5 s"],
)  # fmt: skip
def test_bad_cadences_say_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a crontab line|at least every"):
        Cadence(text)


def test_in_settings_it_is_validated_and_compared_as_text() -> None:
    class Settings(BaseModel):
        at: Cadence

    assert Settings(at="every 5s").at.seconds == 5  # type: ignore[arg-type]  # as YAML gives it
    with pytest.raises(ValidationError, match="neither a crontab line"):
        Settings(at="often")  # type: ignore[arg-type]  # as YAML gives it
