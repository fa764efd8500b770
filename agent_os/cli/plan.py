"""`agent-os plan`: a list of requirements becomes issues, after a person has said so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show, table

if TYPE_CHECKING:
    from rich.console import Console

    from agent_os.jobs.planning import Draft


def plan(
    file: Annotated[Path, typer.Argument(metavar="REQUIREMENTS.md", help="A Markdown list.")],
    repo: Annotated[
        str, typer.Option("--repo", metavar="OWNER/REPO", help="A repository of the config.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what it would do; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="File it without asking.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Print the whole texts.")] = False,
    start: Annotated[
        bool | None,
        typer.Option(
            "--start/--no-start",
            help="Work on the issues at once (else: `improvement.start` of the config).",
        ),
    ] = None,
    by_rules: Annotated[bool, typer.Option("--by-rules", help="Ask no model.")] = False,
    test: Annotated[
        str, typer.Option("--test", help="An empty repository's test command.")
    ] = "sh test.sh",
    json: JsonOption = False,
) -> None:
    """Make issues of a list of requirements; the same list again changes only what changed."""
    with opened(config) as world:
        from agent_os.jobs import planning
        from agent_os.policy.requirements import reading

        found = reading.read(_content(file), file.name)
        begin = world.config.improvement.start if start is None else start
        made = planning.draft(world, repo, found, planning.Wishes(test, begin, by_rules))
        if not json or not yes:
            show(json, _data(made), lambda console: _draw(console, made, full=full))
        if dry_run or not made.steps:
            _say("Nothing was changed." if dry_run else "Nothing is to be changed.", quiet=json)
            return
        if not yes:
            _ask(made)
        made = planning.file(world, made)
        if json:
            show(json, _data(made), lambda _: None)
        epic = made.rows[-1].number
        _say(f"Filed: {made.row.name}#{epic} lists them all.", quiet=json)


def _content(file: Path) -> bytes:
    from agent_os.domain.errors import BadInput
    from agent_os.policy.requirements.reading import LONGEST_FILE

    try:
        with file.open("rb") as opened_file:
            return opened_file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error


def _ask(made: Draft) -> None:
    from agent_os.domain.errors import BadInput

    if not sys.stdin.isatty():
        said = "The plan needs somebody's word, and there is nobody to ask."
        raise BadInput(said, next_step="Look at it with --dry-run, then say --yes.")
    first = " and push the first commit" if made.setup and not made.setup.pushed else ""
    if not typer.confirm(f"File these issues in {made.row.name}{first}?"):
        raise typer.Exit(1)


def _say(words: str, *, quiet: bool) -> None:
    if not quiet:
        typer.echo(words)


def _data(made: Draft) -> dict[str, Any]:
    return {
        "repo": made.row.name,
        "list": made.name,
        "by_model": made.plan.thought,
        "why_no_model": made.why,
        "stopped": made.stopped,
        "notes": list(made.plan.notes),
        "items": [item.model_dump(mode="json") for item in made.plan.items],
        "rows": [
            {
                "kind": row.kind.value,
                "key": row.key,
                "title": row.title,
                "number": row.number,
                "detail": row.detail,
            }
            for row in made.rows
        ],
    }


def _draw(console: Console, made: Draft, *, full: bool) -> None:
    rows = [
        [f"#{row.number}" if row.number else "", row.kind.value, row.title, row.detail]
        for row in made.rows
    ]
    title = f"{made.plan.title}: {len(made.plan.items)} issues for {made.row.name}"
    console.print(table(title, ["Issue", "What", "Title", "How"], rows))
    how = "by a model" if made.plan.thought else "by rules"
    console.print(f"Split and ordered {how}{f' ({made.why})' if made.why else ''}.", markup=False)
    for note in (*made.plan.notes, *_waits(made)):
        console.print(f"Note: {note}", markup=False)
    if full:
        _texts(console, made)


def _waits(made: Draft) -> list[str]:
    said = [] if made.plan.thought else [_ORDER]
    if made.stopped:
        said.append(f"nothing can be written in {made.row.name} now: {made.stopped}")
    return said


_ORDER = (
    "a numbered list is done in its order, other items wait for those that they name only "
    "(`Depends on: …`)"
)


def _texts(console: Console, made: Draft) -> None:
    from agent_os.policy.requirements import bodies

    for path, text in (made.setup.files if made.setup else {}).items():
        console.print(f"\n=== {path}\n{text}", markup=False, highlight=False)
    for item in made.plan.items:
        text = bodies.body(item, made.plan.title, ())
        after = f" (after: {', '.join(item.depends_on)})" if item.depends_on else ""
        head = f"\n=== {item.title} [{item.type}]{after}"
        console.print(f"{head}\n{text}", markup=False, highlight=False)
