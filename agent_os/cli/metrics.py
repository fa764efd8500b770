"""`agent-os metrics`: the figures of the organization, each with interval and sample size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show, table
from agent_os.cli.period import span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from agent_os.effects.world import World
    from agent_os.jobs.measuring import Line
    from agent_os.policy.metrics.rounds import RoundRow

RepoOption = Annotated[str, typer.Option("--repo", metavar="OWNER/REPO", help="Only this one.")]
ByOption = Annotated[
    str,
    typer.Option(
        "--by",
        help="Groups: agent, model, provider, prompt, repo, type, week, signal. "
        "Counts: reason (of escalations), code, signature, check.",
    ),
]
SinceOption = Annotated[str, typer.Option("--since", help="28d, 12h, 4w or 2026-01-31 (UTC).")]
UntilOption = Annotated[str, typer.Option("--until", help="As the record stood then.")]
FigureOption = Annotated[list[str] | None, typer.Option("--figure", help="Only these; repeatable.")]
CompareOption = Annotated[
    bool, typer.Option("--compare", help="With the time before, of the same length.")
]

#: What is shown of groups, where no figure is named.
_OF_GROUPS = ("success", "first_attempt", "attempts_per_task", "lead_time_hours",
              "escalations", "usd_per_surviving")  # fmt: skip


def metrics(
    repo: RepoOption = "",
    by: ByOption = "",
    since: SinceOption = "28d",
    until: UntilOption = "",
    figure: FigureOption = None,
    compare: CompareOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Lead time, success, cost and more, from the record alone."""
    with opened(config) as world:
        from agent_os.jobs import allowances, measuring
        from agent_os.policy.metrics.tallies import TALLIES

        start, end = span(since, until, world.clock.now())
        repo_id = measuring.repository_id(world, repo) if repo else None
        rows = measuring.rows(world, repo_id, start, end)
        head: dict[str, Any] = {"repo": repo, "since": start, "until": end, "rounds": len(rows)}
        head["usd_per_day"] = world.config.limits.usd_per_day
        head["survival_days"] = world.config.improvement.survival_days
        api = allowances.used(world, start, end)
        head["api"] = [one.model_dump(mode="json") for one in api]
        if by in TALLIES:
            counted = [one.model_dump(mode="json") for one in measuring.tallies(rows, by)]
            show(
                json, {**head, "by": by, "counts": counted}, lambda c: _draw_counts(c, by, counted)
            )
            return
        names = _chosen(figure, by)
        past = _before(world, repo_id, start, end) if compare else None
        found = measuring.lines(rows, names, end, by=by, before=past)
        data = {**head, "by": by, "figures": [one.model_dump(mode="json") for one in found]}
        show(json, data, lambda console: _draw(console, head, by, found, compare))


def _chosen(figure: list[str] | None, by: str) -> Sequence[str]:
    from agent_os.domain.errors import BadInput
    from agent_os.policy.metrics.figures import FIGURES
    from agent_os.policy.metrics.parts import DIMENSIONS
    from agent_os.policy.metrics.tallies import TALLIES

    if by and by not in DIMENSIONS:
        known = ", ".join((*DIMENSIONS, *TALLIES))
        raise BadInput(f"There is nothing called {by!r} to go by.", next_step=f"Known: {known}.")
    unknown = [name for name in figure or () if name not in FIGURES]
    if unknown:
        known = ", ".join(FIGURES)
        raise BadInput(f"There is no figure {unknown[0]!r}.", next_step=f"Known: {known}.")
    return figure or (_OF_GROUPS if by else tuple(FIGURES))


def _before(world: World, repo_id: int | None, start: datetime, end: datetime) -> list[RoundRow]:
    """What ended in the time before, of the same length; as it is known at the end."""
    from agent_os.jobs import measuring

    found = measuring.rows(world, repo_id, start - (end - start), end)
    return [row for row in found if row.ended_at is not None and row.ended_at < start]


def _draw(
    console: Console, head: dict[str, Any], by: str, found: Sequence[Line], compared: bool
) -> None:
    from agent_os.policy.metrics import api_use
    from agent_os.policy.metrics.api_use import ApiUse
    from agent_os.policy.metrics.figures import FIGURES
    from agent_os.policy.metrics.words import columns

    rows: list[list[str]] = []
    for line in found:
        title = FIGURES[line.value.name].title
        row = [line.value.name, title, *([line.group] if by else []), *columns(line.value)]
        rows.append([*row, *(_compared(line) if compared else [])])
    names = ["figure", "", *([by] if by else []), "value", "interval", "samples"]
    names += ["before", "change"] if compared else []
    console.print(table(_title(head), names, rows, whole=1))
    if any(one.value.name == "success" and one.value.value is None for one in found):
        days = f"{head['survival_days']} days (`improvement.survival_days`)"
        console.print(f"Success is known of work that is {days} old.", highlight=False)
    console.print(f"`limits.usd_per_day` is ${head['usd_per_day']:.2f}.", highlight=False)
    hours = [api_use.said(ApiUse.model_validate(one)) for one in head["api"]]
    used = "; ".join(hours) or "not known yet (it is written down near the end of each hour)"
    console.print(f"Of GitHub's hourly limits: {used}.", highlight=False)


def _title(head: dict[str, Any]) -> str:
    of = head["repo"] or "all repositories"
    return (
        f"{of}, {head['since']:%Y-%m-%d %H:%M} to {head['until']:%Y-%m-%d %H:%M} UTC, "
        f"{head['rounds']} rounds that ended then or go on; intervals hold nine times of ten"
    )


def _compared(line: Line) -> list[str]:
    from agent_os.policy.metrics.words import said

    before = said(line.before) if line.before else ""
    if line.compared is None:
        return [before, ""]
    needs = f" (takes {line.compared.needs} on each side)" if line.compared.needs else ""
    return [before, f"{line.compared.change.value.replace('_', ' ')}{needs}"]


def _draw_counts(console: Console, by: str, counted: Sequence[dict[str, Any]]) -> None:
    rows = [
        [
            one["name"],
            f"{one['hits']} of {one['samples']} rounds",
            f"{one['low']:.0%}–{one['high']:.0%}",
            ", ".join(one["examples"]),
        ]
        for one in counted
    ]
    console.print(table("", [by, "in", "interval", "such as"], rows))
