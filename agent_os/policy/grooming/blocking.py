"""Issues that wait for nothing any more, and issues that wait for each other."""

from __future__ import annotations

import re

from agent_os.domain.failures import FailureCode
from agent_os.domain.tasks import Status
from agent_os.policy.eligibility import find_cycle
from agent_os.policy.grooming import words
from agent_os.policy.grooming.backlog import Backlog, Item, Known
from agent_os.policy.grooming.finding import Finding, Kind

_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_OF_PROVIDERS = (FailureCode.AUTH_FAILED, FailureCode.QUOTA_EXHAUSTED)


def unblocked(backlog: Backlog) -> list[Finding]:
    """By our own record, or by what is known to be closed; never by a guess."""
    found: list[Finding] = []
    for item in backlog.free:
        known = backlog.tasks.get(item.number)
        held = known is not None and known.status is Status.BLOCKED
        if not held and backlog.labels.blocked.lower() not in item.names:
            continue
        gone = _gone(backlog, item, known)
        if gone:
            finding = Finding(
                number=item.number,
                kind=Kind.UNBLOCKED,
                digest=item.digest,
                title=item.title,
                why=gone,
                body=words.unblocked(gone, backlog.labels.ready),
            )
            found.append(finding)
    return found


def _gone(backlog: Backlog, item: Item, known: Known | None) -> str:
    """What has ended, in a clause; empty: nothing is known to have."""
    hold = known.hold if known else ""
    since = known.held_at if known else None
    if hold == FailureCode.BASE_RED:
        green = backlog.green_at and since and backlog.green_at > since
        return "the base branch is green again" if green else ""
    if hold in _OF_PROVIDERS:
        return "its provider has another key now" if known and known.new_key else ""
    if hold == FailureCode.NEEDS_CREDENTIALS:
        named = {*_VARIABLE.findall(known.detail if known else "")}
        there = named and named <= {*backlog.lent}
        return f"{words.listed(sorted(named))} is set now" if there else ""
    needs = known.depends_on if known else ()
    needs = needs or backlog.specs[item.number].depends_on
    if needs and backlog.is_closed(needs):
        return f"{', '.join(f'#{n}' for n in needs)} is closed"
    return ""


def cycles(backlog: Backlog) -> list[Finding]:
    """One finding a cycle, on its first issue."""
    needs = {number: spec.depends_on for number, spec in backlog.specs.items()}
    found: list[Finding] = []
    seen: set[frozenset[int]] = set()
    for item in sorted(backlog.free, key=lambda i: i.number):
        ring = find_cycle(item.number, needs)
        if not ring or frozenset(ring) in seen:
            continue
        seen.add(frozenset(ring))
        shown = " → ".join(f"#{n}" for n in ring)
        finding = Finding(
            number=item.number,
            kind=Kind.CYCLE,
            digest=item.digest,
            title=item.title,
            why=f"a cycle of dependencies: {shown}",
            body=words.cycle(shown),
        )
        found.append(finding)
    return found
