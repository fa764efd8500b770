"""Reports: the week, one task, what happened lately."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show
from agent_os.cli.period import moment
from agent_os.cli.target import TaskArgument, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_os.domain.contract import Contract
    from agent_os.effects.world import World
    from agent_os.store.repositories import Repository

    Report = TypeVar("Report", bound=Contract)

#: What a terminal would obey, but for line ends and tabs.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
app = typer.Typer(help="Reports: the week, one task, what happened lately.", no_args_is_help=True)
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write it there: a page (.html), else Markdown."),
]
RepoOption = Annotated[str, typer.Option("--repo", metavar="OWNER/REPO", help="Only this one.")]


@app.command()
def weekly(
    repo: RepoOption = "",
    week: Annotated[
        str, typer.Option("--week", help="Such as 2026-W05; default: this week so far.")
    ] = "",
    out: OutOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """What was done, what failed, trends, cost, agents compared, hypotheses, plans."""
    with opened(config) as world:
        from agent_os.jobs import reporting
        from agent_os.policy.weeks import week_of
        from agent_os.reports import pages, weekly_markdown

        row = _row(world, repo) if repo else None
        report = reporting.weekly_of(world, row, week or week_of(world.clock.now()))
        _put(world, report, json, out, weekly_markdown.markdown, pages.weekly)


@app.command()
def task(
    task: TaskArgument,
    out: OutOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """One task from its request to its end: attempts, gates, evidence, cost."""
    with opened(config) as world:
        from agent_os.jobs import reporting
        from agent_os.reports import pages, task_markdown

        report = reporting.task_of(world, find(world, task))
        _put(world, report, json, out, task_markdown.markdown, pages.task)


@app.command()
def run(
    since: Annotated[
        str, typer.Option("--since", help="12h, 2d or 2026-01-31 (UTC); default: the newest day.")
    ] = "",
    out: OutOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """What happened: tasks, attempts, effects, errors."""
    with opened(config) as world:
        from agent_os.jobs import reporting
        from agent_os.reports import run_markdown

        begin = moment(since, world.clock.now()) if since else None
        report = reporting.run_of(world, begin)
        _put(world, report, json, out, run_markdown.markdown, None)


def _put(
    world: World,
    report: Report,
    json: bool,
    out: Path | None,
    markdown: Callable[[Report], str],
    page: Callable[[Report], str] | None,
) -> None:
    """To the terminal, or into a file. BadInput for a page where there is none."""
    from agent_os.domain.errors import BadInput
    from agent_os.jobs import reporting

    redact = world.finder.redact
    if out is not None:
        if page is None and out.suffix == ".html":
            raise BadInput("There is no page of this report.", next_step="Name a `.md` file.")
        html = page is not None and out.suffix == ".html"
        text = page(report) if page is not None and html else markdown(report)
        reporting.write(out, redact(text))
        typer.echo(f"Written to {out}.", err=True)
    if json:
        show(True, report.model_dump(mode="json"), lambda _: None)
    elif out is None:
        typer.echo(_shown(redact(markdown(report))), nl=False)


def _shown(text: str) -> str:
    """What keeps GitHub from acting on names is in the way of who copies them; and a terminal
    would obey some characters."""
    return _CONTROLS.sub("\ufffd", text.replace("\u200b", ""))


def _row(world: World, repo: str) -> Repository:
    from agent_os.jobs import measuring

    repo_id = measuring.repository_id(world, repo)
    return world.repository(repo_id)
