"""All kinds of findings over one record, in the order in which one explains another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from agent_os.domain.signals import Signal
from agent_os.policy.analysis import (
    agents,
    commands,
    costs,
    escalations,
    failures,
    flakiness,
    idle_gates,
    leftovers,
    lessons,
    prompts,
    providers,
    slowness,
)
from agent_os.policy.analysis.finding import Finding, identity, signal
from agent_os.policy.analysis.record import RECENT, History

#: Of one run. Who has more has other troubles; they come again next week.
MOST = 40


def findings(history: History) -> list[Finding]:
    """What is known to be a check's fault is not counted against agents, and so on."""
    short, longer = (replace(history, window=one) for one in history.windows)
    found = [
        *commands.find(history),
        *_compared(short),
        *(finding for finding in _compared(longer) if _is_now(finding, history)),
        *prompts.find(history),
        *costs.find_costly(history),
        *providers.find(history),
        *lessons.find(history),
        *idle_gates.find(history),
        *leftovers.find(history),
    ]
    # The first one counts: what shows in the shorter time is told by that.
    return list({identity(one): one for one in reversed(found)}.values())[::-1]


def _compared(history: History) -> list[Finding]:
    """What differs from the weeks before."""
    flaky, of_checks = flakiness.find(history)
    degraded, of_agents = agents.find(history, of_checks)
    return [
        *flaky,
        *degraded,
        *failures.find(history, of_checks | of_agents),
        *slowness.find(history),
        *costs.find_rising(history),
        *escalations.find(history),
    ]


def _is_now(finding: Finding, history: History) -> bool:
    """What ended meanwhile is no news."""
    return any(proof.at >= history.now - RECENT for proof in finding.proofs)


def signals(history: History, told: Mapping[str, datetime]) -> list[Signal]:
    """The highest rank first. `told`: when each known signal was last told of."""
    found = [signal(finding, history, told) for finding in findings(history)]
    return sorted(found, key=lambda one: (-one.rank, one.id))[:MOST]
