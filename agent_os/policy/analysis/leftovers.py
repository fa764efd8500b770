"""What agents said remains to be done: candidates for issues, few and last in line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_os.domain.signals import Figure, Place, Severity
from agent_os.policy import texts
from agent_os.policy.analysis.finding import Finding, proof, said
from agent_os.policy.analysis.kinds import FindingKind
from agent_os.policy.analysis.record import History
from agent_os.policy.metrics.rounds import AttemptRow, RoundRow
from agent_os.policy.neutral import neutral

_MOST = 3
"""Of each repository and run."""
_MOST_ITEMS = 20
_SHORTEST, _LONGEST = 12, 400
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_NOTHING = re.compile(r"(?i)^\W*(?:none|nothing|n/?a|no|not applicable|keine?)\b[\w\s]{0,40}\W*$")
_WORDS = re.compile(r"[^\W\d_]+")
_Said = tuple[RoundRow, AttemptRow, str, str]
_KINDS = {
    "remaining": "remains to be done",
    "risks": "is a risk",
    "manual_steps": "is to be done by hand",
}


def find(history: History) -> list[Finding]:
    """Of merged work: what failed work leaves is told to the next attempt."""
    groups: dict[tuple[int, str], list[_Said]] = {}
    for row in history.recent:
        if row.merged_at is None:
            continue
        for one in _items(row):
            groups.setdefault((row.repo_id, _normalized(one[3])), []).append(one)
    found: list[Finding] = []
    for repo_id in sorted(history.managed):
        mine = [(key, ones) for (repo, key), ones in groups.items() if repo == repo_id]
        mine.sort(key=lambda one: (-len({row.number for row, _, _, _ in one[1]}), one[0]))
        found += [_finding(history, repo_id, key, ones) for key, ones in mine[:_MOST]]
    return found


def _items(row: RoundRow) -> Iterator[_Said]:
    done = [attempt for attempt in row.tries if attempt.code is None and attempt.ended_at]
    for attempt in done[-1:]:
        for kind in _KINDS:
            lines = str(getattr(attempt, kind)).splitlines()[:_MOST_ITEMS]
            for line in lines:
                text = _ITEM.sub("", line).strip()
                if _SHORTEST <= len(text) <= _LONGEST and not _NOTHING.match(text):
                    yield row, attempt, kind, text


def _normalized(text: str) -> str:
    return texts.digest(" ".join(_WORDS.findall(text.lower())))


def _finding(history: History, repo_id: int, key: str, ones: list[_Said]) -> Finding:
    _, _, kind, text = ones[0]
    repo, tasks = history.name(repo_id), len({row.number for row, _, _, _ in ones})
    return Finding(
        kind=FindingKind.LEFTOVER,
        key=key,
        repo_id=repo_id,
        place=Place.REPOSITORY,
        title=texts.issue_title(neutral(text))[:120],
        problem=(
            f"The agents of {tasks} merged tasks said that this {_KINDS[kind]}:\n\n"
            f"{texts.quoted(text)}"
        ),
        proposal="Decide whether it is wanted. If so: do it, and nothing besides.",
        acceptance=("What is quoted above is done, or it is written down why it is not needed",),
        proofs=tuple(proof(row, history, said(words), attempt) for row, attempt, _, words in ones),
        figure=Figure(name="success", scope={"repo": repo}, goal="higher"),
        severity=Severity.INFO,
        weight=0.4 + tasks / 10,
        type="default",
    )
