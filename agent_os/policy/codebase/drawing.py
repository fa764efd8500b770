"""The text of CODEBASE.md: our marked part, and everything else as people left it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_os.policy.codebase.commands import commands
from agent_os.policy.codebase.conventions import conventions, decisions, gotchas
from agent_os.policy.codebase.modules import modules
from agent_os.policy.codebase.reading import Tree

BEGIN = "<!-- agent-os map: drawn by rules, and drawn anew; write above or below it -->"
END = "<!-- agent-os map ends -->"
#: Characters of our part.
LONGEST = 12_000
_LEFT_OUT = "- (more is left out)"
_TITLE = "# Codebase"

#: Most useful first: what does not fit is left out at the end. Characters of each at the most.
_SECTIONS: tuple[tuple[str, Callable[[Tree], list[str]], int], ...] = (
    ("Commands", commands, 2_500),
    ("What bites", gotchas, 3_000),
    ("Conventions", conventions, 1_500),
    ("Modules", modules, 6_000),
    ("Decisions", decisions, 2_500),
)


def drawn(tree: Tree) -> str:
    """Our part, with its marks; empty when there is nothing to say."""
    parts: list[str] = []
    left = LONGEST - len(BEGIN) - len(END) - 100
    for heading, lines_of, most in _SECTIONS:
        lines = _fitting(lines_of(tree), min(most, left))
        if lines:
            part = f"## {heading}\n" + "\n".join(lines)
            parts.append(part)
            left -= len(part) + 2
    if not parts:
        return ""
    return "\n\n".join([BEGIN, *parts, END])


def _fitting(lines: Sequence[str], most: int) -> list[str]:
    kept: list[str] = []
    size = len(_LEFT_OUT) + 40
    for line in lines:
        if size + len(line) + 1 > most:
            return [*kept, _LEFT_OUT] if kept else []
        kept.append(line)
        size += len(line) + 1
    return kept


def placed(existing: str, part: str) -> str | None:
    """The whole file with our part in it; None when its marks are not a pair, so that nobody can
    say what is ours."""
    begins, ends = existing.count(BEGIN), existing.count(END)
    if (begins, ends) == (0, 0):
        head = existing.rstrip() or _TITLE
        return f"{head}\n\n{part}\n"
    start, end = existing.find(BEGIN), existing.find(END)
    if (begins, ends) != (1, 1) or end < start:
        return None
    return existing[:start] + part + existing[end + len(END) :]


def ours(text: str) -> str:
    """Our part of a file; empty when there is none."""
    start, end = text.find(BEGIN), text.find(END)
    return text[start : end + len(END)] if 0 <= start < end else ""


def without_marks(text: str) -> str:
    """As an agent reads it: the marks say nothing to it."""
    return text.replace(BEGIN + "\n\n", "").replace("\n\n" + END, "").replace(END, "")
