"""How good agents are, from outcomes that we verified: an interval, never a ratio of three."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from agent_os.domain.health import Trials
from agent_os.policy import statistics

#: Of so many tasks one goes first to the agent that the least is known of.
EXPLORE_ONE_OF = 10
_CHEAPEST_USD = 0.01


def interval(trials: Trials) -> tuple[float, float]:
    """The share of trials that end merged, as Wilson's interval; (0, 1) when nothing is known."""
    return statistics.wilson(trials.merged, trials.count)


def expected(trials: Trials) -> float:
    """The share to expect of the next ones; a half when nothing is known."""
    return (trials.merged + 1) / (trials.count + 2)


def usd_each(trials: Trials, others: Sequence[Trials]) -> float:
    """What a trial costs; where that was never known, what the others' cost on average."""
    known = trials if trials.priced else _together(others)
    return max(_CHEAPEST_USD, known.usd / known.priced) if known.priced else 1.0


def _together(all_trials: Sequence[Trials]) -> Trials:
    priced = sum(t.priced for t in all_trials)
    return Trials(usd=sum(t.usd for t in all_trials), priced=priced)


def ordered(
    chain: Sequence[str], trials: Mapping[str, Trials], task: str
) -> tuple[tuple[str, ...], str]:
    """The chain by expected merged results per dollar, and which agent is being explored, if any.

    Nobody is ever left out: the worst comes last.
    """
    known = {name: trials.get(name, Trials()) for name in chain}
    everyone = list(known.values())

    def worth(name: str) -> float:
        return expected(known[name]) / usd_each(known[name], everyone)

    # Agents that are worth the same keep the order that the owner wrote.
    best = sorted(chain, key=lambda name: -worth(name))
    if len(best) < 2 or not _explores(task):
        return tuple(best), ""
    least = min(best, key=lambda name: (known[name].count, best.index(name)))
    return (least, *(name for name in best if name != least)), least


def _explores(task: str) -> bool:
    """The same task gets the same answer each time it is looked at."""
    digest = hashlib.sha256(task.encode(errors="replace")).digest()
    return int.from_bytes(digest[:4], "big") % EXPLORE_ONE_OF == 0
