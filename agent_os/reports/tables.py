"""Markdown tables of other people's words: one line a cell, which does nothing on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent_os.policy.neutral import neutral
from agent_os.policy.texts import inline

MOST_ROWS = 30


def table(head: Sequence[str], rows: Iterable[Sequence[str]], most: int = MOST_ROWS) -> str:
    """What is cut is counted."""
    found = list(rows)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in found[:most]]
    more = f"\n\n… and {len(found) - most} more." if len(found) > most else ""
    return "\n".join(lines) + more


def cell(text: str, limit: int = 120) -> str:
    return inline(neutral(text), limit)


def named(name: str, link: str) -> str:
    """The name of one of our tasks, as a link where there is one."""
    return f"[{cell(name)}]({link})" if link else cell(name)
