"""What the demo prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_COLOURS = {
    "attempt ended: complete": "green",
    "attempt ended": "yellow",
    "merged": "bold green",
    "blocked": "bold red",
    "SIGKILL": "bold magenta",
    "done": "bold green",
}

console = Console(highlight=False)


def say(text: str = "") -> None:
    """Rich markup; long lines are left to the terminal, so that they can be copied."""
    console.print(text, soft_wrap=True)


def plain(text: str) -> None:
    """Somebody else's words: no markup in them counts."""
    console.print(text, soft_wrap=True, markup=False)


def event(seconds: float, task: str, what: str) -> None:
    """One line of progress."""
    colour = next((c for start, c in _COLOURS.items() if what.startswith(start)), "default")
    say(f"[dim]{seconds:5.1f} s[/dim] {task:4} [{colour}]{escape(what)}[/{colour}]")


def summary(rows: list[dict[str, Any]]) -> None:
    table = Table(title="What happened", title_justify="left", box=None, header_style="bold")
    for column in ("issue", "title", "attempts", "pull request", "state", "seconds"):
        table.add_column(column)
    for row in rows:
        pull = f"#{row['pull_request']}" if row["pull_request"] else "–"
        attempts = f"{row['attempts']} ({row['charged']} failed by the agent)"
        cells = [f"#{row['issue']}", row["title"], attempts, pull, row["state"]]
        table.add_row(*map(escape, cells), f"{row['seconds']:.0f}")
    console.print(table)


def mailbox(folder: Path) -> None:
    """The task files as `ls` shows them."""
    say("\n[bold]The mailbox[/bold] (one file a task; the folder is its state)")
    for file in sorted(folder.glob("*/*.md")):
        plain(f"  {file.relative_to(folder)}")
