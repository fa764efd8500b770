"""`agent-os agents`: who works here, how they are, and why one is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show, table

if TYPE_CHECKING:
    from rich.console import Console

WhyOption = Annotated[str, typer.Option("--why", metavar="TASK", help="Explain one task's order.")]
ResetOption = Annotated[
    str, typer.Option("--reset", metavar="PROVIDER", help="Ask this provider again at once.")
]


def agents(
    why: WhyOption = "",
    reset: ResetOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Each agent's program, credentials (present or not), provider and results."""
    with opened(config) as world:
        from agent_os.cli.target import find
        from agent_os.jobs import agents as known

        if why:
            lines = known.why(world, find(world, why))
            show(json, lines, lambda console: console.print("\n".join(lines), markup=False))
            return
        if reset:
            known.reset(world, reset)
            typer.echo(f"{reset} is asked again.")
            return
        data = known.listed(world)

        def draw(console: Console) -> None:
            head = ["agent", "program", "credentials", "provider", "results", "fix"]
            console.print(table("", head, [_row(entry) for entry in data]))

        show(json, data, draw)


def _row(entry: dict[str, Any]) -> list[str]:
    version = f" {entry['version']}" if entry["version"] else ""
    what = entry["problem"] or f"{entry['program']}{version}"
    if entry["model"]:
        what += f"\n{entry['model']}"
    results = [
        f"{kind}: {r['merged']} of {r['merged'] + r['failed']} merged "
        f"({r['low']:.0%}–{r['high']:.0%})"
        for kind, r in entry["results"].items()
    ]
    provider = f"{entry['provider'] or entry['driver']}: {entry['health']}".rstrip(": ")
    shown = "\n".join(results) or "none yet"
    return [entry["agent"], what, entry["credentials"], provider, shown, entry["fix"]]
