"""A hypothesis in words."""

from __future__ import annotations

from agent_os.domain.signals import Hypothesis, Verdict
from agent_os.policy import amounts
from agent_os.policy.metrics.figures import FIGURES

HEAD = ("improvement", "figure", "before", "after", "verdict")
NOTE = "Work that began in equal times before and after the merge is compared."


def row(one: Hypothesis) -> tuple[str, str, str, str, str]:
    """In the order of `HEAD`."""
    figure = one.figure
    spec = FIGURES.get(figure.name)
    unit = spec.unit if spec else "count"
    scope = ", ".join(f"{name} {value}" for name, value in figure.scope.items())
    hoped = "" if figure.expected is None else f", {amounts.amount(figure.expected, unit)} expected"
    what = f"{spec.title if spec else figure.name}{f' ({scope})' if scope else ''}"
    return (
        f"{one.repo} issue {one.number}: {one.title}",
        f"{what}: {figure.goal} is better{hoped}",
        _side(one.before, one.samples[0], unit),
        _side(one.after, one.samples[1], unit),
        _verdict(one),
    )


def _side(side: tuple[float, float, float] | None, samples: int, unit: str) -> str:
    if side is None:
        return f"{samples} samples" if samples else "no samples"
    low, value, high = (amounts.amount(v, unit) for v in side)
    return f"{value} ({low}–{high}, {samples} samples)"


def _verdict(one: Hypothesis) -> str:
    said = one.verdict.value.replace("_", " ")
    if one.verdict is Verdict.OPEN:
        return f"{said}: not merged yet"
    if one.verdict is Verdict.TOO_EARLY and one.needs:
        return f"{said}: about {one.needs} samples after the merge are needed"
    return said
