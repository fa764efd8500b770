"""What happened in a span of time, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.policy.run_report import Count, RunReport
from agent_os.reports.tables import cell, table

_MOST_ROWS = 100


def markdown(report: RunReport) -> str:
    span = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    cut = " (the newest of them only)" if report.cut else ""
    tasks = [
        [cell(t.task), t.state, cell(t.title, 60), str(t.events), cell(t.last, 160)]
        for t in report.tasks
    ]
    errors = [[f"{e.at:%m-%d %H:%M:%S}", cell(e.where), cell(e.what, 300)] for e in report.errors]
    parts = [
        f"# What happened: {span}",
        f"{report.events} events{cut}, {report.tasks_count} tasks, {report.errors_count} errors.",
        "## Tasks",
        table(["task", "state now", "title", "events", "last"], tasks, _MOST_ROWS)
        if tasks
        else "None.",
        *_counts("Attempts", report.attempts),
        *_counts("Effects", report.effects),
        *_counts("Events", report.facts),
        "## Errors",
        table(["at", "where", "what"], errors, _MOST_ROWS) if errors else "None.",
    ]
    return "\n\n".join(parts) + "\n"


def _counts(title: str, counts: Sequence[Count]) -> list[str]:
    said = ", ".join(f"{c.count} {cell(c.name)}" for c in counts)
    return [f"## {title}", said or "None."]
