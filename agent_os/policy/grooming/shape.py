"""Issues that can't be worked on well as they are: without criteria or type, or too much for one;
and those that nobody looks at any more."""

from __future__ import annotations

import re
from datetime import timedelta

from agent_os.policy import specs
from agent_os.policy.grooming import words
from agent_os.policy.grooming.backlog import Backlog, Item
from agent_os.policy.grooming.finding import Finding, Kind

_MOST_CRITERIA = 8
_MOST_PATHS = 8
_CRITERION = re.compile(r"(?m)^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S")
_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+)`")
#: Parts of a system where a change that is too large hurts most.
_RISKY = {
    "the database's schema": re.compile(r"(?i)\b(?:schema|database|data)\s+migrations?\b"),
    "who may log in": re.compile(r"(?i)\b(?:authenticat\w+|authoriz\w+|oauth2?|single sign-on)\b"),
    "payments": re.compile(r"(?i)\b(?:payments?|billing|invoic\w+|refunds?)\b"),
    "secrets": re.compile(r"(?i)\b(?:encrypt\w*|private keys?|credentials?|passwords?)\b"),
}
_DEFECT = re.compile(
    r"(?i)\b(?:traceback|stack ?trace|crash(?:es|ed)?|exception|segfault|regression)\b"
)
_DOCS = re.compile(r"(?i)^\W*(?:docs?|documentation|readme|typo)\b")
_WISH = re.compile(r"(?i)^\W*(?:feature request|feature|enhancement|add|support|implement|allow)\b")
_DEFECTS, _ADDS = ("bug", "debugging"), ("enhancement", "feature")


def without_criteria(backlog: Backlog) -> list[Finding]:
    """Only where people seem to want it done: else nobody needs criteria."""
    return [
        _of(item, Kind.NO_CRITERIA, "no acceptance criteria, and people want it", rank=_heat(item))
        for item in _unasked(backlog)
        if not backlog.specs[item.number].acceptance
        and backlog.specs[item.number].deliverable == "change"
        and _sought(item)
    ]


def without_type(backlog: Backlog) -> list[Finding]:
    """Of a repository that uses such labels, what people seem to want done."""
    if not any(backlog.specs[item.number].labelled for item in backlog.items):
        return []
    return [
        _of(item, Kind.NO_TYPE, "no label says its type, and people want it", rank=_heat(item))
        for item in _unasked(backlog)
        if not backlog.specs[item.number].labelled
        and not item.names & {*_DEFECTS, *_ADDS}
        and _sought(item)
    ]


def wrongly_labelled(backlog: Backlog) -> list[Finding]:
    found: list[Finding] = []
    for item in _unasked(backlog):
        said = _contradiction(item)
        if said:
            finding = _of(item, Kind.WRONG_LABEL, said, rank=_heat(item))
            found.append(finding.model_copy(update={"body": words.wrong_label(said)}))
    return found


def _contradiction(item: Item) -> str:
    """What is wrong about its labels; empty: nothing that could be told."""
    types = sorted(label for label in item.labels if specs.names_type(label))
    ranks = sorted(label for label in item.labels if label.lower().startswith("priority:"))
    if len({specs.parse("", "", item.updated_at, [label]).type for label in types}) > 1:
        return f"labels of two types: {words.listed(types)}"
    if len(ranks) > 1:
        return f"two priorities: {words.listed(ranks)}"
    defect = bool(item.names & {*_DEFECTS})
    if defect and _DOCS.search(item.title):
        return f"{words.listed(types)}, while its title is about documentation"
    if defect and _WISH.search(item.title) and not _DEFECT.search(f"{item.title}\n{item.body}"):
        return f"{words.listed(types)}, while its title asks for something new"
    if item.names & {*_ADDS, "documentation"} and _DEFECT.search(item.title):
        named = sorted(item.names & {*_ADDS, "documentation"})
        return f"{words.listed(named)}, while its title tells of a failure"
    return ""


def oversized(backlog: Backlog) -> list[Finding]:
    """More than one change should hold: by its criteria and paths, fewer where it is risky."""
    found: list[Finding] = []
    for item in _unasked(backlog):
        spec = backlog.specs[item.number]
        text = f"{spec.title}\n{spec.body}"
        criteria, paths = len(_CRITERION.findall(spec.acceptance)), len({*_PATH.findall(text)})
        risks = [name for name, pattern in _RISKY.items() if pattern.search(text)]
        most = _MOST_CRITERIA // 2 if risks else _MOST_CRITERIA
        if criteria <= most and paths <= _MOST_PATHS and len(risks) < len(_RISKY) - 1:
            continue
        why = f"{criteria} criteria, {paths} paths" + (f", {', '.join(risks)}" if risks else "")
        rank = min(0.9, (criteria + paths) / 50)
        finding = _of(item, Kind.OVERSIZED, why, rank=rank)
        body = words.oversized(criteria, paths, risks)
        found.append(finding.model_copy(update={"body": body}))
    return found


def stale(backlog: Backlog) -> list[Finding]:
    """Nothing moved for `stale_days`, and nobody plans it."""
    age = timedelta(days=backlog.stale_days)
    found: list[Finding] = []
    for item in _unasked(backlog):
        quiet = backlog.now - item.updated_at
        if quiet > age and not item.planned:
            ours = item.number in backlog.filed
            why = f"no update for {quiet.days} days"
            finding = _of(item, Kind.STALE, why, rank=min(0.9, quiet.days / 2_000))
            body = words.stale(quiet.days, ours=ours)
            found.append(finding.model_copy(update={"body": body}))
    return found


def _unasked(backlog: Backlog) -> list[Item]:
    return [item for item in backlog.free if not backlog.wanted(item)]


def _of(item: Item, kind: Kind, why: str, rank: float = 0.0) -> Finding:
    return Finding(
        number=item.number, kind=kind, digest=item.digest, title=item.title, why=why, rank=rank
    )


def _sought(item: Item) -> bool:
    """Whether people seem to want it done."""
    first = any(name in item.names for name in ("priority: high", "priority: urgent"))
    return item.planned or first or item.cheers > 0 or item.comments > 1


def _heat(item: Item) -> float:
    return min(0.9, (item.cheers + item.comments + 3 * item.planned) / 20)
