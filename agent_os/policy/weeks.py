"""Weeks as people name them: ISO's, in UTC."""

from __future__ import annotations

from datetime import datetime


def week_of(moment: datetime) -> str:
    """`2026-W05`."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"
