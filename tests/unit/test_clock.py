"""Pauses and a clock that was wrong when they were set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent_os.domain.clock import still_ahead

from .making import NOW


@pytest.mark.parametrize(
    ("until", "goes_on"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(0), False),
        (timedelta(seconds=1), True),
        (timedelta(hours=1), True),
        (timedelta(days=1), False),
    ],
)
def test_a_pause_goes_on_until_its_end_but_no_longer_than_any_is_set_for(
    until: timedelta, goes_on: bool
) -> None:
    assert still_ahead(NOW + until, NOW) is goes_on
