"""All findings about open issues."""

from __future__ import annotations

from agent_os.policy.grooming import blocking, repeated, shape
from agent_os.policy.grooming.backlog import Backlog
from agent_os.policy.grooming.finding import Finding


def findings(backlog: Backlog) -> list[Finding]:
    return [
        *blocking.unblocked(backlog),
        *blocking.cycles(backlog),
        *repeated.solved(backlog),
        *repeated.duplicates(backlog),
        *shape.without_criteria(backlog),
        *shape.oversized(backlog),
        *shape.wrongly_labelled(backlog),
        *shape.without_type(backlog),
        *shape.stale(backlog),
    ]
