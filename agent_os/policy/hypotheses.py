"""Improvements as hypotheses: whether the figure moved after the merge, on the same kind of work.

Rounds that began in equal times before and after the merge are compared, each side as it stood at
its end: what was still under way then is on neither side. Shares by Fisher's exact test, times and
costs by their ranks, ratios by their linearized difference. It is looked at each week, so that each
look is held to one in a hundred; eight weeks are the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import NamedTuple

from agent_os.domain.signals import FIRST_LOOK_DAYS, Figure, Hypothesis, Verdict
from agent_os.policy import sample_sizes, statistics
from agent_os.policy.analysis.record import began, ended
from agent_os.policy.metrics.comparing import ENOUGH
from agent_os.policy.metrics.figures import FIGURES, Samples, value_of, within
from agent_os.policy.metrics.rounds import RoundRow

FINAL = frozenset({Verdict.CONFIRMED, Verdict.REFUTED, Verdict.INCONCLUSIVE})
#: Nothing is said for good before.
FIRST_LOOK = timedelta(days=FIRST_LOOK_DAYS)
#: The last look.
LONGEST = timedelta(days=56)
LEVEL = 0.01
#: So many times the samples of a single look at one in twenty, for the same power.
_STRICTER = 1.63
#: That there is no difference is said before the end only with so many times what it takes to see
#: the expected one: mostly, less is gained than was hoped for.
_NO_DIFFERENCE = 2
#: What an improvement is taken to promise where it does not say.
_PART = 0.3
#: They tell of work only when it is old enough to have failed.
_RIPENING = frozenset({"success", "survival", "usd_per_surviving"})


class Sides(NamedTuple):
    before: Samples
    after: Samples

    @property
    def sizes(self) -> tuple[int, int]:
        return len(self.before.values), len(self.after.values)


def judged(hypothesis: Hypothesis, rows: Sequence[RoundRow], now: datetime) -> Hypothesis:
    """The hypothesis as it is at `now`; a verdict for good stays. `rows` of all repositories."""
    if hypothesis.verdict in FINAL:
        return hypothesis
    if hypothesis.merged_at is None or hypothesis.figure.name not in FIGURES:
        return hypothesis.model_copy(update={"verdict": Verdict.OPEN})
    sides = _sides(hypothesis, hypothesis.merged_at, rows, now)
    needs = _needs(hypothesis.figure, sides.before)
    verdict = _verdict(hypothesis.figure, sides, needs, now - hypothesis.merged_at)
    update = {
        "verdict": verdict,
        "judge_at": hypothesis.merged_at + FIRST_LOOK,
        "before": _interval(hypothesis.figure.name, sides.before),
        "after": _interval(hypothesis.figure.name, sides.after),
        "samples": sides.sizes,
        "needs": needs,
        "judged_at": now if verdict in FINAL else None,
    }
    return hypothesis.model_copy(update=update)


def _sides(
    hypothesis: Hypothesis, merged: datetime, rows: Sequence[RoundRow], now: datetime
) -> Sides:
    span = min(now - merged, LONGEST)
    others = [row for row in rows if row.signal != hypothesis.signal]
    same = within(others, hypothesis.figure.scope)
    end = merged + span
    name = hypothesis.figure.name
    before = _window(same, name, merged - span, merged)
    after = _window(same, name, merged, end)
    spec = FIGURES[name]
    return Sides(spec.samples(before, now), spec.samples(after, now))


def _window(rows: Sequence[RoundRow], name: str, start: datetime, end: datetime) -> list[RoundRow]:
    """Rounds of a time that were over, or at rest, by its end. Where work has to ripen, those that
    had the time for it."""
    found: list[RoundRow] = []
    for row in rows:
        ripe = timedelta(days=row.survival_days) if name in _RIPENING else timedelta(0)
        if start <= began(row) < end and max(ended(row), row.ended_at or start) + ripe <= end:
            found.append(row)
    return found


def _verdict(figure: Figure, sides: Sides, needs: int, passed: timedelta) -> Verdict:
    """The first line that holds."""
    over = passed >= LONGEST
    if min(sides.sizes) < ENOUGH:
        return Verdict.INCONCLUSIVE if over else Verdict.TOO_EARLY
    if passed < FIRST_LOOK:
        return Verdict.TOO_EARLY
    if _more(sides, higher=figure.goal == "higher") <= LEVEL:
        return Verdict.CONFIRMED
    if _more(sides, higher=figure.goal != "higher") <= LEVEL:
        return Verdict.REFUTED
    enough = needs > 0 and min(sides.sizes) >= _NO_DIFFERENCE * needs
    return Verdict.INCONCLUSIVE if over or enough else Verdict.TOO_EARLY


def _more(sides: Sides, *, higher: bool) -> float:
    """How likely values so much higher (lower) after the merge would be if nothing had changed."""
    before, after = sides
    sign = 1.0 if higher else -1.0
    match after.kind:
        case "share":
            hits = [round(math.fsum(side.values)) for side in sides]
            if not higher:
                hits = [len(side.values) - n for side, n in zip(sides, hits, strict=True)]
            return statistics.fisher(hits[1], len(after.values), hits[0], len(before.values))
        case "ratio":
            return _ratio_p(sides, sign)
        case "sum":
            return 1.0  # it grows with the work that people ask for
        case _:
            now, then = ([sign * v for v in side.values] for side in (after, before))
            return statistics.mann_whitney(now, then)


def _ratio_p(sides: Sides, sign: float) -> float:
    found = [value_of("", side) for side in sides]
    spread = 0.0
    for one in found:
        if one.value is None or one.low is None or one.high is None:
            return 1.0
        # The lower end may be cut at zero; both halves are alike.
        spread += ((one.high - one.value) / statistics.Z90) ** 2
    before, after = (one.value or 0.0 for one in found)
    if spread == 0:
        return 1.0
    return 1 - NormalDist().cdf(sign * (after - before) / math.sqrt(spread))


def _needs(figure: Figure, before: Samples) -> int:
    """Samples on each side that would show the expected effect; 0: nobody can say."""
    value = value_of(figure.name, before).value
    if value is None or before.kind in ("sum", "ratio"):
        return 0
    aim = figure.expected
    worse = aim is not None and (aim >= value if figure.goal == "lower" else aim <= value)
    if aim is None or worse:
        aim = hoped(figure, value)
    if before.kind == "share":
        low, high = max(0.0, min(1.0, value)), max(0.0, min(1.0, aim))
        found = sample_sizes.for_shares(low, high)
    else:
        found = sample_sizes.for_means(before.values, aim - value)
    return 0 if found >= sample_sizes.ENDLESS else max(ENOUGH, math.ceil(found * _STRICTER))


def hoped(figure: Figure, value: float) -> float:
    """What is expected of an improvement that says no more than which way: a part of the way."""
    if figure.goal == "lower":
        return value * (1 - _PART)
    share = FIGURES[figure.name].unit == "share"
    return value + (1 - value) * _PART if share else value * (1 + _PART)


def expecting(figure: Figure) -> Figure:
    """With an effect to expect, where it is not said and the figure is known."""
    best = figure.goal == "lower" and figure.now == 0
    if figure.expected is not None or figure.now is None or best:
        return figure
    return figure.model_copy(update={"expected": hoped(figure, figure.now)})


def _interval(name: str, samples: Samples) -> tuple[float, float, float] | None:
    """(low, value, high); None where one of them is not known."""
    found = value_of(name, samples)
    if found.value is None or found.low is None or found.high is None:
        return None
    return found.low, found.value, found.high


def sentence(hypothesis: Hypothesis) -> str:
    """What the comparison says, with its numbers."""
    before, after = (_words(side) for side in (hypothesis.before, hypothesis.after))
    n, m = hypothesis.samples
    figure = hypothesis.figure
    compared = (
        f"`{figure.name}` was {before} over {n} samples before the merge and is {after} over {m} "
        f"after it; {figure.goal} is better."
    )
    needs = f" A verdict takes about {hypothesis.needs} on each side." if hypothesis.needs else ""
    return compared + (needs if hypothesis.verdict not in FINAL else "")


def _words(side: tuple[float, float, float] | None) -> str:
    return "not known" if side is None else f"{side[1]:.3g} ({side[0]:.3g} to {side[2]:.3g})"
