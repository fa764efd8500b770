"""Looking at tasks: status, show, why, logs."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show, table
from agent_os.cli.target import TaskArgument, find

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

_COLOURS = {
    "done": "green",
    "blocked": "red",
    "running": "cyan",
    "in_review": "magenta",
    "cancelled": "bright_black",
}
_REFRESH_SECONDS = 1.0
#: What a terminal would obey, but for colours, line ends and tabs: an agent's log is not ours.
_CONTROLS = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every: Annotated[bool, typer.Option("--all", help="However many tasks there are.")] = False,
) -> None:
    """The tasks, what each waits for, and how the repositories are."""
    with opened(config) as world:
        from agent_os.jobs import overview

        if not watch:
            data = overview.status(world, every=every)
            show(json, data, lambda console: console.print(_status(data)))
            return
        from rich.live import Live

        with Live(_status(overview.status(world, every=every)), refresh_per_second=4) as live:
            while True:
                time.sleep(_REFRESH_SECONDS)
                live.update(_status(overview.status(world, every=every)))


def _status(data: dict[str, Any]) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    rows = [
        [
            t["task"],
            t["state"].replace("_", " "),
            str(t["attempts"]),
            f"#{t['pull_request']}" if t["pull_request"] else "",
            t["title"][:50],
            t["why"].partition(" ")[2],
        ]
        for t in data["tasks"]
    ]
    parts: list[RenderableType] = []
    if rows:
        columns = ["task", "state", "tries", "PR", "title", "why"]
        parts.append(_coloured(table("Tasks", columns, rows), data["tasks"]))
        if data["more"]:
            parts.append(Text(f"… and {data['more']} more; `agent-os status --all` lists them."))
    else:
        parts.append(Text("No tasks yet. Set the label Ready on an issue."))
    if data["declined"]:
        refused = [[d["task"], d["reason"], d["why"]] for d in data["declined"]]
        parts.append(table("Not taken", ["issue", "reason", "why"], refused))
    repos = [[r["name"], r["mode"], _repo_state(r)] for r in data["repositories"]]
    measured = [f"{r['name']}: {r['auto_merge']}" for r in data["repositories"] if r["auto_merge"]]
    parts.append(table("Repositories", ["name", "mode", "state"], repos))
    parts += [Text(line) for line in measured]
    for sink in data["notices"]:
        said = f"notices: `{sink['sink']}` failed {sink['failures']} times: {sink['error']}"
        parts.append(Text(said, style="red"))
    if data["no_sandbox"]:
        why = data["no_sandbox"].rstrip(".?")
        said = f"no sandbox: {why}. Nothing starts; `agent-os doctor` has the fix."
        parts.append(Text(said, style="red"))
    if data["unsandboxed"]:
        names = ", ".join(data["unsandboxed"])
        said = f"sandbox: none (agents can reach this machine's files): {names}"
        parts.append(Text(said, style="red"))
    if data["own_logins"]:
        names = ", ".join(data["own_logins"])
        parts.append(Text(f"own login: {names} can read the login that you lend", style="red"))
    return Group(*parts)


def _coloured(made: RenderableType, rows: list[dict[str, Any]]) -> RenderableType:
    from rich.table import Table

    assert isinstance(made, Table)
    for row, task in zip(made.rows, rows, strict=True):
        row.style = _COLOURS.get(task["state"], "")
    return made


def _repo_state(repo: dict[str, Any]) -> str:
    if repo["frozen"]:
        return f"frozen: {repo['frozen']}"
    if repo["owned_elsewhere"]:
        return repo["owned_elsewhere"]
    if repo["paused"]:
        return "paused"
    if repo["last_error"]:
        return repo["last_error"]
    if repo["main_red"]:
        return f"nothing is merged: the default branch is red ({repo['main_red']})"
    if not repo["looked_at"]:
        return "not looked at yet; `agent-os doctor` checks it"
    return "empty: push a first commit" if repo["empty"] else "well"


def show_task(data: dict[str, Any], console: Console) -> None:
    from rich.markup import escape

    console.print(f"[bold]{escape(data['task'])}[/bold] {escape(data['title'])}")
    console.print(escape(data["why"]))
    facts = ["state", "round", "requested_by", "type", "triage", "branch", "pull_request"]
    console.print(table("", ["fact", "value"], [[f, str(data[f] or "–")] for f in facts]))
    attempts = [
        [
            str(a["number"]),
            a["kind"],
            a["agent"] or "gates",
            "running" if not a["ended_at"] else a["code"] or "complete",
            "yes" if a["charged"] else "",
            ", ".join(said for said in (a["tokens"], a["cost"]) if said),
            a["detail"],
        ]
        for a in data["attempts"]
    ]
    if attempts:
        columns = ["#", "kind", "agent", "outcome", "charged", "used", "detail"]
        console.print(table("Attempts", columns, attempts))
    console.print(table("History", ["what happened (UTC)"], [[h] for h in data["history"]]))


def show_(
    task: TaskArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Everything about one task: facts, attempts, history."""
    with opened(config) as world:
        from agent_os.jobs import overview

        data = overview.one(world, find(world, task))
        show(json, data, lambda console: show_task(data, console))


def why(
    task: TaskArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """What a task waits for and what would change that, in one sentence."""
    with opened(config) as world:
        from agent_os.cli.target import refusal
        from agent_os.jobs import overview

        sentence = refusal(world, task)
        if sentence is None:
            sentence = overview.why(world, find(world, task))
        data = {"task": task, "why": sentence}
        show(json, data, lambda console: console.print(sentence, markup=False, highlight=False))


def logs(
    task: TaskArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until it ends.")] = False,
    attempt: Annotated[int, typer.Option(help="Which attempt; 0: the newest.", min=0)] = 0,
    lines: Annotated[int, typer.Option(help="How many of the last lines.", min=1)] = 200,
) -> None:
    """The raw output of an attempt's agent."""
    from pathlib import Path

    from agent_os.domain.errors import TaskNotFound

    with opened(config) as world:
        found = find(world, task)
        chosen = [a for a in found.attempts if attempt in (0, a.number)]
        if not chosen:
            raise TaskNotFound(
                f"{found.name} has no attempt {attempt or ''}.".replace(" .", "."),
                next_step="`agent-os show TASK` lists them.",
            )
        directory = Path(chosen[-1].directory)
        text, offset = _tail(directory / "agent.log", lines)
        if json:
            show(True, {"task": found.name, "attempt": chosen[-1].number, "log": text}, _nothing)
            return
        typer.echo(_CONTROLS.sub("\ufffd", text), nl=False)
        while follow:
            done = world.executor.poll(directory) != "alive"
            more, offset = _from(directory / "agent.log", offset)
            typer.echo(_CONTROLS.sub("\ufffd", more), nl=False)
            if done:
                break
            time.sleep(_REFRESH_SECONDS / 2)


def _nothing(console: Console) -> None:
    del console


_LARGEST_TAIL = 1_000_000


def _tail(path: Path, lines: int) -> tuple[str, int]:
    """The last lines, reading a megabyte at the most, and the end's offset."""
    size = path.stat().st_size if path.exists() else 0
    text, offset = _from(path, max(0, size - _LARGEST_TAIL))
    return "".join(text.splitlines(keepends=True)[-lines:]), offset


def _from(path: Path, offset: int) -> tuple[str, int]:
    if not path.exists():
        return "", offset
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(_LARGEST_TAIL)
    return data.decode(errors="replace"), offset + len(data)
