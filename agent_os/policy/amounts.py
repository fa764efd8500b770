"""Plain amounts in words for people; a figure with its interval: `metrics/words.py`."""

from __future__ import annotations


def amount(value: float, unit: str) -> str:
    """`$0.42`, `82%`, `3.2 hours`, `7`."""
    match unit:
        case "share":
            return percent(value)
        case "US$":
            return usd(value)
        case "count":
            return number(value)
        case _:
            return f"{number(value)} {unit}"


def usd(value: float) -> str:
    return f"${value:,.2f}" if value >= 0.01 or not value else f"${value:.4f}"


def percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def number(value: float) -> str:
    """One digit after the point where there are few before it."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 0.1 else f"{value:.3f}"


def duration(hours: float) -> str:
    """`12 s`, `3 min`, `2.1 h`, `4.5 days`."""
    seconds = hours * 3600
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 120 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{number(hours)} h" if hours < 48 else f"{number(hours / 24)} days"
