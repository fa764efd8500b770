"""Objectives as they stand: how far each is from its target, and which issues serve it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from agent_os.domain.contract import Contract

#: What looks like the path of a file in a text.
#: Each begins where no other one can: a long word is read once.
_PATH = re.compile(r"(?<![\w.-])[\w.-]+(?:/[\w.-]+)+|(?<![\w-])[\w-]+\.[A-Za-z]\w{0,5}\b")
_MOST_PATHS = 200
_LONGEST_PATH = 300
#: Of an objective that could not be read: neither near nor far.
_UNKNOWN = 0.5


class Aim(Contract):
    """One objective with its measure. `value` None: it could not be read, `problem` says why."""

    name: str
    weight: float = 1.0
    target: float
    goal: str = "higher"
    value: float | None = None
    problem: str = ""
    how: str = ""
    """How it is read, in a few words."""
    labels: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    @property
    def distance(self) -> float:
        """0.0: it is reached; 1.0: as far away as can be."""
        if self.value is None:
            return _UNKNOWN
        missing = self.target - self.value if self.goal == "higher" else self.value - self.target
        scale = max(abs(self.target), abs(self.value))
        return 0.0 if missing <= 0 or not scale else min(1.0, missing / scale)

    @property
    def now(self) -> str:
        return "not known" if self.value is None else f"{self.value:g}"

    @property
    def words(self) -> str:
        """`tests (40, target 60)`."""
        return f"{self.name} ({self.now}, target {self.target:g})"


def served(aims: Sequence[Aim], title: str, body: str, labels: Sequence[str]) -> tuple[Aim, ...]:
    """The objectives that an issue serves, by its labels, the paths it names, or its words."""
    text = f"{title}\n{body}".lower()
    there = {label.lower() for label in labels}
    named = [path for path in _PATH.findall(text)[:_MOST_PATHS] if len(path) <= _LONGEST_PATH]
    return tuple(aim for aim in aims if _serves(aim, text, there, named))


def _serves(aim: Aim, text: str, labels: set[str], named: Sequence[str]) -> bool:
    if labels & {label.lower() for label in aim.labels}:
        return True
    if any(_pattern(pattern).fullmatch(path) for pattern in aim.paths for path in named):
        return True
    return any(_word(word).search(text) for word in aim.keywords)


@functools.lru_cache(maxsize=256)
def _word(keyword: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(keyword.lower())}(?!\w)")


@functools.lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` within a name, `**` across folders."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern.lower())
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part) or re.escape(part) for part in parts))
