"""What the suites that try things at random amounted to, at the end of a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

Property = tuple[str, object]
_COUNTED = ("simulation", "chaos", "injection")


def summary(reports: Iterable[Iterable[Property]]) -> Iterator[str]:
    """Lines from the properties that tests recorded: one list of them a test."""
    every = [list(each) for each in reports]
    lives = [[str(v) for n, v in each if n == "killed_at"] for each in every]
    yield from _kills([life for life in lives if life])
    for each in every:
        yield from (f"{name}: {value}" for name, value in each if name in _COUNTED)


def red_team(reports: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Lines from (attack, how it ended, why it was skipped) of each try."""
    tries = list(reports)
    ends: defaultdict[str, set[str]] = defaultdict(set)
    for attack, ended, _ in tries:
        ends[attack].add(ended)
    if not ends:
        return
    broken = sorted(attack for attack, ended in ends.items() if "failed" in ended)
    untried = [attack for attack, ended in ends.items() if ended == {"skipped"}]
    lacking = sorted({why for _, ended, why in tries if ended == "skipped"})
    yield (
        f"red team: {len(ends)} attacks in {len(tries)} variants; "
        f"{len(ends) - len(broken) - len(untried)} held, {len(broken)} did not, "
        f"{len(untried)} not tried here"
    )
    yield from (f"red team: did not hold: {attack}" for attack in broken)
    yield from (f"red team: this host lacks: {why}" for why in lacking)


def _kills(lives: list[list[str]]) -> Iterator[str]:
    """Each kill or cut was followed by a recovery."""
    if not lives:
        return
    names = Counter(point.partition("#")[0] for points in lives for point in points)
    points = {point for points in lives for point in points}
    yield (
        f"crash: killed (or cut off) {names.total()} times in {len(lives)} lives, at "
        f"{len(points)} different points, and recovered each time: "
        + ", ".join(f"{name} {count}" for name, count in sorted(names.items()))
    )
