"""Which merged work may have been mended by later merged work; git tells whether it was."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.tasks import Task

_REFERENCE = re.compile(r"#(\d{1,9})\b")
_MENDS = "debugging"


class Suspicion(Contract):
    """A merged task that may mend others. `commits`: by the issue of earlier work, the oldest
    first, how git may name its commit: the merge's, then the branch's."""

    number: int
    round: int
    sha: str
    commits: dict[int, tuple[str, ...]]
    rounds: dict[int, int]


def suspicions(
    merged: Sequence[Task], traced: Collection[str], survival: timedelta
) -> list[Suspicion]:
    """Of merged tasks, by their merge; `traced`: the merge commits that were looked at before.

    A later one is suspected when it is a bug's, or names the earlier issue or its pull request
    otherwise than as what it builds on.
    """
    found: list[Suspicion] = []
    done = sorted((t for t in merged if _merged_at(t)), key=lambda t: (_merged_at(t), t.number))
    for place, later in enumerate(done):
        assert later.pull is not None
        if later.pull.merged_sha in traced:
            continue
        earlier = [one for one in done[:place] if _may_be_mended(one, later, survival)]
        if not earlier:
            continue
        found.append(
            Suspicion(
                number=later.number,
                round=later.round,
                sha=later.pull.merged_sha,
                commits={one.number: _commits(one) for one in earlier},
                rounds={one.number: one.round for one in earlier},
            )
        )
    return found


def _merged_at(task: Task) -> float:
    """As a number to sort by; 0 when it is not merged, or nothing says as what."""
    pull = task.pull
    if pull is None or pull.merged_at is None or not pull.merged_sha:
        return 0.0
    return pull.merged_at.timestamp()


def _may_be_mended(earlier: Task, later: Task, survival: timedelta) -> bool:
    within = _merged_at(later) - _merged_at(earlier) <= survival.total_seconds()
    return within and (later.spec.type == _MENDS or _names(later, earlier))


def _names(later: Task, earlier: Task) -> bool:
    assert earlier.pull is not None
    text = f"{later.spec.title}\n{later.spec.body}"
    named = {int(number) for number in _REFERENCE.findall(text)} - set(later.spec.depends_on)
    return bool(named & {earlier.number, earlier.pull.number}) and earlier.key != later.key


def _commits(task: Task) -> tuple[str, ...]:
    """Squashed and rebased work is the merge's own commit; else it is the branch's."""
    assert task.pull is not None
    return tuple(dict.fromkeys((task.pull.merged_sha, task.pull.head)))


def mended(suspicion: Suspicion, replaced: Collection[str]) -> list[int]:
    """The issues whose lines were among those that it replaced."""
    return [n for n, commits in suspicion.commits.items() if set(commits) & set(replaced)]
