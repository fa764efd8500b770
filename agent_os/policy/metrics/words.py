"""Values as people read them: never without their interval and sample size."""

from __future__ import annotations

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
    number = _number(value.value, unit)
    if unit == "share":
        samples = f"{round(value.value * value.samples)} of {value.samples}"
    else:
        samples = str(value.samples)
    return (
        number if unit in ("share", "US$", "count") else f"{number} {unit}",
        _range(value),
        samples,
    )


def _range(value: Value) -> str:
    unit = FIGURES[value.name].unit
    if value.low is None and value.high is None:
        return _NONE
    low = "?" if value.low is None else _number(value.low, unit).rstrip("%")
    high = "?" if value.high is None else _number(value.high, unit)
    return f"{low}–{high}"


def _number(value: float, unit: str) -> str:
    match unit:
        case "share":
            return f"{value:.0%}"
        case "US$":
            return f"${value:.2f}"
        case "count":
            return f"{value:,.0f}"
        case _:
            return f"{value:.2g}" if abs(value) < 10 else f"{value:,.0f}"
