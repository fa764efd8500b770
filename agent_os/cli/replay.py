"""`agent-os replay`: what another config would have decided otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, load, opened, show, table
from agent_os.cli.period import moment

if TYPE_CHECKING:
    from rich.console import Console

    from agent_os.policy.replay_tally import Replayed

PolicyOption = Annotated[Path, typer.Option("--policy", help="The other configuration file.")]
RepoOption = Annotated[str, typer.Option("--repo", metavar="OWNER/REPO", help="Only this one.")]
SinceOption = Annotated[str, typer.Option("--since", help="28d, 12h, 4w or 2026-01-31 (UTC).")]


def replay(
    policy: PolicyOption,
    repo: RepoOption = "",
    since: SinceOption = "28d",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """The recorded decisions again, under another configuration. Changes nothing."""
    with opened(config) as world:
        from agent_os.jobs import measuring, replaying

        repo_id = measuring.repository_id(world, repo) if repo else None
        start = moment(since, world.clock.now())
        found = replaying.replayed(world, load(policy), repo_id=repo_id, since=start)
        show(json, found.model_dump(mode="json"), lambda console: _draw(console, found))


def _draw(console: Console, found: Replayed) -> None:
    if not found.decisions:
        console.print("No decision is recorded of that time.")
        return
    rows = [
        [one.decision, one.recorded, one.other, str(one.count), ", ".join(one.examples)]
        for one in found.differences
    ]
    head = ["decision", "recorded", "under the other", "times", "such as"]
    if rows:
        console.print(table("What would have differed", head, rows))
    else:
        console.print("Nothing would have differed.")
    sums = [
        [
            kind,
            str(count),
            f"{count - found.same[kind]} of {count}",
            f"{found.as_recorded[kind]} of {count}",
        ]
        for kind, count in sorted(found.decisions.items())
    ]
    head = ["decision", "recorded", "differ", "present config decides as recorded"]
    console.print(table("All decisions", head, sums))
