"""Values as people read them: never without their interval and sample size."""

from __future__ import annotations

from agent_os.policy import amounts
from agent_os.policy.metrics.figures import FIGURES, Value

_NONE = "–"


def said(value: Value) -> str:
    """`41 of 50 (82%, 70–90%)`, `3.2 hours (2.9–4.1, 50 samples)`; a dash when nothing is known."""
    number, interval, samples = columns(value)
    if value.value is None:
        return f"{_NONE} ({value.samples} samples)"
    if FIGURES[value.name].unit == "share":
        return f"{samples} ({number}, {interval})"
    spread = "" if interval == _NONE else f"{interval}, "
    return f"{number} ({spread}{value.samples} samples)"


def columns(value: Value) -> tuple[str, str, str]:
    """(value, interval, samples) for a table."""
    unit = FIGURES[value.name].unit
    if value.value is None:
        return _NONE, _NONE, str(value.samples)
    unit, factor = _scaled(value.value, unit)
    number = _number(value.value * factor, unit)
    if unit == "share":
        samples = f"{round(value.value * value.samples)} of {value.samples}"
    else:
        samples = str(value.samples)
    if unit not in ("share", "US$", "count"):
        number = f"{number} {unit.removesuffix('s') if number == '1' else unit}"
    return number, _range(value, unit, factor), samples


def _scaled(value: float, unit: str) -> tuple[str, float]:
    """Parts of an hour are told in minutes or seconds, and how many of them an hour has."""
    if unit != "hours" or value >= 1 or not value:
        return unit, 1
    return ("minutes", 60) if value * 60 >= 1 else ("seconds", 3600)


def _range(value: Value, unit: str, factor: float) -> str:
    if value.low is None and value.high is None:
        return _NONE
    low = "?" if value.low is None else _number(value.low * factor, unit).rstrip("%")
    high = "?" if value.high is None else _number(value.high * factor, unit)
    return f"{low}–{high}"


def _number(value: float, unit: str) -> str:
    match unit:
        case "share":
            return f"{value:.0%}"
        case "US$":
            return amounts.usd(value)
        case "count":
            return f"{value:,.0f}"
        case _:
            return f"{value:.2g}" if abs(value) < 10 else f"{value:,.0f}"
