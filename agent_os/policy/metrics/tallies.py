"""Why people were needed, and what failed: counted by name, the most frequent first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_os.domain.attempts import Verdict
from agent_os.domain.contract import Contract
from agent_os.policy import statistics
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow

_MOST_EXAMPLES = 3


class Tally(Contract):
    """`hits` of `samples` rounds (or attempts) have it; nine times of ten `low` to `high`."""

    name: str
    hits: int
    samples: int
    low: float
    high: float
    examples: tuple[str, ...]
    """Names of tasks."""


def _reasons(row: RoundRow) -> list[str]:
    return [why for why, _ in row.holds]


def _signatures(row: RoundRow) -> list[str]:
    return [*(a.signature for a in row.attempts if a.code), *row.ci_failures]


def _codes(row: RoundRow) -> list[str]:
    return [a.code.value for a in row.attempts if a.code]


def _checks(row: RoundRow) -> list[str]:
    return [name for a in row.attempts for name in _red(a)]


def _red(attempt: AttemptRow) -> list[str]:
    bad = (Verdict.FAIL, Verdict.UNAVAILABLE)
    return [gate.name for gate in attempt.gates if gate.verdict in bad]


#: By name: what a round is counted under, and of which rounds.
TALLIES: dict[str, Callable[[RoundRow], list[str]]] = {
    "reason": _reasons,
    "code": _codes,
    "signature": _signatures,
    "check": _checks,
}


def tally(rows: Sequence[RoundRow], of: str, most: int = 20) -> list[Tally]:
    """Of all rounds that were claimed: in how many each reason (of an escalation), failure code,
    signature or failed gate came up. KeyError for others."""
    names = TALLIES[of]
    claimed = [row for row in rows if row.claimed_at or row.attempts]
    found: dict[str, list[str]] = {}
    for row in claimed:
        for name in dict.fromkeys(names(row)):
            if name:
                found.setdefault(name, []).append(row.name)
    order = sorted(found, key=lambda name: (-len(found[name]), name))[:most]
    return [_told(name, found[name], len(claimed)) for name in order]


def _told(name: str, tasks: Sequence[str], samples: int) -> Tally:
    low, high = statistics.wilson(len(tasks), samples)
    examples = tuple(dict.fromkeys(reversed(tasks)))[:_MOST_EXAMPLES]
    return Tally(name=name, hits=len(tasks), samples=samples, low=low, high=high, examples=examples)
