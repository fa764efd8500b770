"""Outside text as people see it: what is hidden in it is removed, and the removal is said.

Someone who reads a text on GitHub and lets an agent work on it must have seen what the agent sees.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from agent_os.policy.code_spans import code_apart
from agent_os.policy.hidden_markup import without_hidden
from agent_os.policy.invisible import without_unseen

#: What is taken out may join what is left of and right of it to something new.
_MOST_ROUNDS = 4
#: What is longer is cut before it is looked at.
LONGEST = 200_000
_NOTE = re.compile(r"\n*\[removed: (\d[^\]\n]{1,300})\]")
_COUNTED = re.compile(r"(\d{1,9}) ([a-z ]{3,30}?)s?(?:, |$)")


class Cleaned(NamedTuple):
    """`removed`: how many pieces of each kind, named in the singular."""

    text: str
    removed: Counter[str]

    @property
    def noted(self) -> str:
        """The text, with a last line that says what was removed."""
        said = in_words(self.removed)
        return f"{self.text}\n\n[removed: {said}]" if said else self.text


def markdown(text: str) -> Cleaned:
    """Text that GitHub renders: without all that its rendering hides. Code stays code."""
    text, removed = without_unseen(text[:LONGEST])
    for _ in range(_MOST_ROUNDS):
        spans = code_apart(text)
        clean, found = without_hidden(spans.text)
        found["hidden comment"] += spans.comments
        clean, text = spans.restored(clean), text
        removed += found
        if clean == text:
            break
        text = clean
    return Cleaned(text, removed)


def plain(text: str) -> Cleaned:
    """Text that is shown as it is (a log, a diff, a title, a name): without what can't be seen."""
    text, removed = without_unseen(text)
    return Cleaned(text, removed)


def in_words(removed: Counter[str]) -> str:
    """`2 hidden comments, 14 invisible characters`; empty: nothing."""
    return ", ".join(
        f"{count} {kind}{'s' if count > 1 else ''}"
        for kind, count in sorted(removed.items())
        if count
    )


def counted_in(texts: Iterable[str]) -> Counter[str]:
    """What the notes at the ends of these texts say together."""
    total: Counter[str] = Counter()
    for text in texts:
        for note in _NOTE.findall(text):
            for count, kind in _COUNTED.findall(note):
                total[kind] += int(count)
    return total
