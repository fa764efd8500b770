"""Issues that say what another one says, and issues whose work is on the base branch already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent_os.domain.tasks import Status
from agent_os.policy.grooming import likeness, words
from agent_os.policy.grooming.backlog import Backlog, Item, Landed
from agent_os.policy.grooming.finding import Finding, Kind
from agent_os.policy.grooming.likeness import Alike, Words

#: Compared with all others; of a larger backlog the ones that changed last.
_MOST_COMPARED = 500
_CLOSES = re.compile(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d{1,9})\b")
_NAMES = re.compile(r"#(\d{1,9})\b")
#: Words by which a commit names an issue that it does not end.
_IN_PART = re.compile(
    r"(?i)\b(?:part|parts|partly|partial|partially|towards?|refs?|references?|see|related|prepar\w*"
    r"|follow|step|first|begin|start|wip|revert|reverts|undo|not)\b"
)
_REVERTED = re.compile(r"This reverts (?:commit|changes from) ([0-9a-f]{7,40})")
_PULL_NUMBER = re.compile(r"\s*\(#\d+\)\s*$")


def duplicates(backlog: Backlog) -> list[Finding]:
    """The newer one of two. Closed ones count as well: they may hold the answer."""
    newest = sorted(backlog.items, key=lambda i: i.updated_at, reverse=True)[:_MOST_COMPARED]
    others = {item.number: item for item in (*newest, *backlog.closed[:_MOST_COMPARED])}
    said = {n: likeness.words(item.title, item.body) for n, item in others.items()}
    titles = {n: one.sorted_title for n, one in said.items() if one.title}
    free = {item.number for item in backlog.free}
    found: list[Finding] = []
    for item in newest:
        if item.number in free and not backlog.wanted(item):
            first = _first_said(backlog, item, others, said, titles)
            found += [first] if first else []
    return found


def _first_said(
    backlog: Backlog,
    item: Item,
    others: dict[int, Item],
    said: dict[int, Words],
    titles: dict[int, str],
) -> Finding | None:
    best: tuple[Alike, float, Item] | None = None
    for number in likeness.near(said[item.number], titles):
        other = others[number]
        if number >= item.number or _apart_by_plan(backlog, item, other):
            continue
        alike, score = likeness.compared(said[item.number], said[number])
        if alike and (
            best is None or (alike, other.open, score) > (best[0], best[2].open, best[1])
        ):
            best = (alike, score, other)
    if best is None:
        return None
    alike, score, other = best
    return Finding(
        number=item.number,
        kind=Kind.DUPLICATE,
        digest=item.digest,
        title=item.title,
        why=f"like #{other.number} ({score:.0%})",
        body=words.duplicate(item, other, score, sure=alike is Alike.SURE),
        rank=min(0.9, score * (0.9 if alike is Alike.SURE else 0.6)),
        sure=alike is Alike.SURE and other.open,
    )


def _apart_by_plan(backlog: Backlog, one: Item, other: Item) -> bool:
    """Somebody made them two on purpose: parts of an epic, issues that depend on each other, or
    two that we opened for two findings."""
    mine, its = backlog.tasks.get(one.number), backlog.tasks.get(other.number)
    parents = (mine.parent if mine else 0), (its.parent if its else 0)
    family = (parents[0] and parents[0] == parents[1]) or one.number == parents[1]
    named = _names(one, other) or _names(other, one)
    ours = one.number in backlog.filed and other.number in backlog.filed
    refused = not other.open and other.reason == "duplicate"
    return bool(family) or other.number == parents[0] or named or ours or refused


def _names(one: Item, other: Item) -> bool:
    return str(other.number) in _NAMES.findall(one.body)


def solved(backlog: Backlog) -> list[Finding]:
    """What landed after the issue was opened and names it as done, or has its very title."""
    standing = list(_standing(backlog.landed))
    closing = {int(n): one for one in standing[::-1] for n in _closed_by(one)}
    subjects = _Subjects(standing)
    found: list[Finding] = []
    for item in backlog.free:
        known = backlog.tasks.get(item.number)
        if backlog.wanted(item) or (known is not None and known.status is Status.DONE):
            continue  # a person opened it again, or it waits to be worked on
        by = closing.get(item.number) or subjects.named(item)
        if by is not None and by.at > item.created_at and by.number != item.number:
            named = item.number in closing
            found.append(_solved(backlog, item, by, named=named))
    return found


def _solved(backlog: Backlog, item: Item, by: Landed, *, named: bool) -> Finding:
    return Finding(
        number=item.number,
        kind=Kind.SOLVED,
        digest=item.digest,
        title=item.title,
        why=f"{by.sha[:12]} {'names it' if named else 'has its title'}",
        body=words.solved(item, by, backlog.repo, named=named),
        rank=0.9 if named else 0.5,
    )


def _standing(landed: Iterable[Landed]) -> Iterable[Landed]:
    """Commits that no later one reverts."""
    landed = tuple(landed)
    gone = {sha for one in landed for sha in _REVERTED.findall(one.message)}
    lengths = sorted({len(sha) for sha in gone})
    for one in landed:
        if not any(one.sha[:length] in gone for length in lengths):
            yield one


def _closed_by(one: Landed) -> list[str]:
    """The issues that the commit says it ends: by GitHub's words, or by its first line alone."""
    if _REVERTED.search(one.message):
        return []
    by_word = _CLOSES.findall(one.message)
    plain = [] if _IN_PART.search(one.subject) else _NAMES.findall(one.subject)
    return [*by_word, *plain]


class _Subjects:
    """First lines of commits, to be found by what they are about."""

    def __init__(self, landed: Sequence[Landed]) -> None:
        whole = [one for one in landed if not _IN_PART.search(one.subject)]
        self._landed = dict(enumerate(whole))
        self._words = {
            place: likeness.words(_PULL_NUMBER.sub("", one.subject), "")
            for place, one in self._landed.items()
        }
        self._titles = {place: one.sorted_title for place, one in self._words.items()}

    def named(self, item: Item) -> Landed | None:
        """The commit with the issue's title."""
        mine = likeness.words(item.title, "")
        if len(mine.title) < 3:
            return None  # too little to tell one thing from another
        for place in likeness.near(mine, self._titles):
            if likeness.compared(mine, self._words[place])[0] is Alike.SURE:
                return self._landed[place]
        return None
