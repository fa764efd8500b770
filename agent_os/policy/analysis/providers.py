"""Providers that have refused everything for days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from agent_os.domain.failures import FailureCode
from agent_os.domain.signals import Figure, Place, Severity
from agent_os.policy.analysis.finding import Finding, Proof, said
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import RECENT, History, ProviderSeen

_REFUSALS = 3
_LONG = timedelta(days=2)
#: A quota that is used up comes back by itself, mostly within a week.
_QUOTA = timedelta(days=7)


def find(history: History) -> list[Finding]:
    found: list[Finding] = []
    for name in sorted({seen.name for seen in history.providers}):
        refusals = _refusals([seen for seen in history.providers if seen.name == name])
        if _dead(history, name, refusals):
            found.append(_finding(history, name, refusals))
    return found


def _refusals(seen: Sequence[ProviderSeen]) -> list[ProviderSeen]:
    """Those since it answered last, oldest first."""
    found: list[ProviderSeen] = []
    for one in sorted(seen, key=lambda one: one.at, reverse=True):
        if one.code is None:
            break
        found.append(one)
    return found[::-1]


def _dead(history: History, name: str, refusals: Sequence[ProviderSeen]) -> bool:
    if len(refusals) < _REFUSALS or refusals[-1].at < history.now - RECENT:
        return False
    long = _QUOTA if refusals[-1].code is FailureCode.QUOTA_EXHAUSTED else _LONG
    answered = any(
        a.provider == name.partition("/")[0] and a.code is None and a.ended_at
        for row in history.recent
        for a in row.tries
        if a.started_at > refusals[0].at
    )
    return not answered and refusals[-1].at - refusals[0].at >= long


def _finding(history: History, name: str, refusals: Sequence[ProviderSeen]) -> Finding:
    first, last = refusals[0], refusals[-1]
    days = (last.at - first.at).total_seconds() / 86_400
    return Finding(
        kind=FindingKind.PROVIDER_DEAD,
        key=f"{name}:{last.code}",
        repo_id=0,
        place=Place.CONFIG,
        title=f"Provider {name} has refused everything for {days:.0f} days",
        problem=(
            f"{said(name, 60)} refused {len(refusals)} times in {days:.1f} days "
            f"({first.at:%Y-%m-%d %H:%M} to {last.at:%Y-%m-%d %H:%M} UTC) and answered not once in "
            f"between. It says `{last.code}`: {said(last.detail, 300)}"
        ),
        proposal=(
            "Renew its key, raise its quota or name a model that it has; or take it out of "
            "`providers`, so that nobody waits for it. `agent-os agents` shows all of them."
        ),
        acceptance=(f"`agent-os agents` shows that {name} answers, or it is not in the config",),
        proofs=tuple(_proof(history, one) for one in refusals),
        figure=Figure(name="provider_failures", expected=0.0),
        severity=Severity.URGENT,
        weight=len(refusals),
        type="chore",
    )


def _proof(history: History, one: ProviderSeen) -> Proof:
    where = ""
    if one.repo_id is not None and one.number:
        found = history.managed.get(one.repo_id)
        name = f"{history.name(one.repo_id)}#{one.number}"
        link = f"[{name}]({found.url}/issues/{one.number})" if found and found.url else name
        where = f"{link}: "
    return Proof(at=one.at, line=f"{where}`{one.code}` {said(one.detail)}")
