"""Rounds by what they have in common; a round of several agents falls into parts, one for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent_os.domain.attempts import Verdict
from agent_os.policy.metrics.rounds import AttemptRow, GateRow, RoundRow

#: Of a whole round.
_ROUND: dict[str, Callable[[RoundRow], str]] = {
    "repo": lambda row: row.repo,
    "type": lambda row: row.type,
    "week": lambda row: _week(row),
    "signal": lambda row: "own" if row.signal else "people",
}
#: Of an attempt: the round falls into parts.
_ATTEMPT: dict[str, Callable[[AttemptRow], str]] = {
    "agent": lambda attempt: attempt.agent,
    "model": lambda attempt: attempt.model,
    "provider": lambda attempt: attempt.provider,
    "prompt": lambda attempt: attempt.prompt,
}
#: Of what failed: all that failed otherwise counts as not failed.
_FAILURE = ("check", "code", "signature")
DIMENSIONS = (*_ROUND, *_ATTEMPT)
SCOPES = (*DIMENSIONS, *_FAILURE)
_NOT_FAILED: dict[str, object] = {"code": None, "charged": False, "signature": "", "detail": ""}


def _week(row: RoundRow) -> str:
    """`2026-W05`: that in which it ended; while it goes on, that of its request."""
    year, week, _ = (row.ended_at or row.requested_at).isocalendar()
    return f"{year}-W{week:02}"


def split(rows: Sequence[RoundRow], dimension: str) -> Mapping[str, list[RoundRow]]:
    """By `repo`, `type`, `week`, `signal` (`own` or `people`), or by `agent`, `model`, `provider`
    or `prompt` into parts: see `part`. The names in order. KeyError for other dimensions."""
    found: dict[str, list[RoundRow]] = {}
    for row in rows:
        if dimension in _ROUND:
            found.setdefault(_ROUND[dimension](row), []).append(row)
            continue
        names = dict.fromkeys(_ATTEMPT[dimension](a) for a in row.attempts)
        for name in names:
            if name:
                found.setdefault(name, []).append(part(row, dimension, name))
    return {name: found[name] for name in sorted(found)}


def part(row: RoundRow, dimension: str, name: str) -> RoundRow:
    """What one agent (model, prompt) did of a round: its attempts, and the round's end when it
    made the last attempt at the work. Else another went on with it: `passed_on`."""
    value = _ATTEMPT[dimension]
    mine = tuple(a for a in row.attempts if value(a) == name)
    update: dict[str, object] = {"attempts": mine}
    workers = [value(a) for a in row.tries if value(a)]
    if workers and workers[-1] != name:
        ends = ("merged_at", "finished_at", "cancelled_at", "reverted_at", "reopened_at")
        update |= dict.fromkeys((*ends, "mended_at"))
        update |= {"passed_on": True, "merged_sha": "", "cancelled": "", "held": ""}
        update |= {"ci_failures": (), "changes_requested": 0, "holds": (), "pull": 0}
    return row.model_copy(update=update)


def within(rows: Sequence[RoundRow], scope: Mapping[str, str]) -> list[RoundRow]:
    """Those that a figure's scope is about: the dimensions of `split`, besides `repo_id`, `check`
    (only that gate), `code` and `signature` (what failed otherwise counts as not failed).

    KeyError for others.
    """
    found = list(rows)
    for name, value in scope.items():
        if name == "repo_id":
            found = [row for row in found if str(row.repo_id) == value]
        elif name == "repo":
            found = [row for row in found if row.repo.lower() == value.lower()]
        elif name in _FAILURE:
            found = [_failing(row, name, value) for row in found]
        elif name in _ROUND:
            found = [row for row in found if _ROUND[name](row) == value]
        else:
            found = list(split(found, name).get(value, ()))
    return found


def _failing(row: RoundRow, name: str, value: str) -> RoundRow:
    attempts = tuple(_attempt(a, name, value) for a in row.attempts)
    update: dict[str, object] = {"attempts": attempts}
    if name == "signature":
        update["ci_failures"] = tuple(s for s in row.ci_failures if s == value)
    return row.model_copy(update=update)


def _attempt(attempt: AttemptRow, name: str, value: str) -> AttemptRow:
    if name == "check":
        gates = tuple(g for g in attempt.gates if g.name == value)
        return attempt.model_copy(update={"gates": gates})
    update: dict[str, object] = {"gates": tuple(_gate(g, name, value) for g in attempt.gates)}
    if getattr(attempt, name) != value:
        update |= _NOT_FAILED
    return attempt.model_copy(update=update)


def _gate(gate: GateRow, name: str, value: str) -> GateRow:
    if gate.verdict not in (Verdict.FAIL, Verdict.UNAVAILABLE) or getattr(gate, name) == value:
        return gate
    return gate.model_copy(update={"verdict": Verdict.PASS, "code": None, "signature": ""})
