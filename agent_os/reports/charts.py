"""Where the marks of a chart are: plain geometry, drawn by the templates as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_os.policy import amounts
from agent_os.policy.metrics.figures import Value
from agent_os.policy.metrics.words import said
from agent_os.policy.weekly_report import Trend

#: In the SVG's own units; it is as wide as its place on the page.
WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 40
_TICKS = 4
_Up = Callable[[float], float]


@dataclass(frozen=True)
class Mark:
    """A week with a value: the point, and the ends of its interval (equal: none is known)."""

    x: float
    y: float
    low: float
    high: float
    words: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str
    more: str = ""


@dataclass(frozen=True)
class Chart:
    title: str
    words: str
    """The same for those who can't see it."""
    lines: tuple[str, ...]
    """Points of polylines, broken where a week has no value."""
    marks: tuple[Mark, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def chart(trend: Trend) -> Chart:
    tops = [_top(p.value) for p in trend.points if p.value.value is not None]
    step = _step(max(tops, default=0.0), trend.unit)
    highest = step * _TICKS
    room = (WIDTH - LEFT - RIGHT) / max(1, len(trend.points))
    xs = [LEFT + room * (index + 0.5) for index in range(len(trend.points))]

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, highest) / highest, 1)

    placed = list(zip(xs, trend.points, strict=True))
    marks = tuple(
        _mark(x, p.value, p.value.value, up, f"{p.week}: {said(p.value)}")
        for x, p in placed
        if p.value.value is not None
    )
    return Chart(
        title=trend.title,
        words=_words(trend),
        lines=_lines([(x, p.value.value) for x, p in placed], up),
        marks=marks,
        across=tuple(Tick(round(x, 1), p.week[-3:], _count(p.value)) for x, p in placed),
        up=tuple(
            Tick(up(step * i), amounts.amount(step * i, _short(trend.unit)))
            for i in range(_TICKS + 1)
        ),
    )


def _top(value: Value) -> float:
    """A very wide interval is cut, so that the points can still be told apart."""
    point = value.value or 0.0
    return min(value.high, 3 * point) if value.high is not None and point else point


def _step(highest: float, unit: str) -> float:
    """The distance of the lines across: 1, 2, 2.5 or 5 times a power of ten."""
    if unit == "share":
        return 0.25
    least = 1.0 if unit == "count" else 0.001
    raw = max(highest / _TICKS, least)
    power = 10.0 ** math.floor(math.log10(raw))
    nice = (1, 2, 5, 10) if unit == "count" else (1, 2, 2.5, 5, 10)
    return next(n * power for n in nice if n * power >= raw * 0.999)


def _short(unit: str) -> str:
    return unit if unit in ("share", "US$") else "count"


def _mark(x: float, value: Value, point: float, up: _Up, words: str) -> Mark:
    low = up(value.low) if value.low is not None else up(point)
    high = up(value.high) if value.high is not None else up(point)
    return Mark(round(x, 1), up(point), low, high, words)


def _count(value: Value) -> str:
    return f"n={value.samples}" if value.samples else "–"


def _lines(points: Sequence[tuple[float, float | None]], up: _Up) -> tuple[str, ...]:
    runs: list[list[str]] = [[]]
    for x, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{x:.1f},{up(value)}")
    return tuple(" ".join(run) for run in runs if len(run) > 1)


def _words(trend: Trend) -> str:
    weeks = (f"{p.week} {said(p.value)}" for p in trend.points)
    return f"{trend.about} {'; '.join(weeks)}."


@dataclass(frozen=True)
class Span:
    """A share with its interval, from 0 to 100."""

    low: float
    point: float
    high: float


def span(value: Value) -> Span | None:
    """None: nothing to draw."""
    if value.value is None or value.low is None or value.high is None:
        return None
    low, point, high = (
        round(100 * min(max(v, 0.0), 1.0), 1) for v in (value.low, value.value, value.high)
    )
    return Span(low, point, high)
