"""What earlier work taught: search, show, forget."""

from __future__ import annotations

import getpass
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_os.cli.context import DEFAULT_CONFIG, ConfigOption, JsonOption, opened, show, table

if TYPE_CHECKING:
    from rich.console import Console

    from agent_os.domain.lessons import Lesson, Record
    from agent_os.effects.world import World

app = typer.Typer(no_args_is_help=True, help="What earlier work taught: search, show, forget.")

#: What a terminal would obey: lessons are in the words of agents and programs.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Of a lesson, or how it begins.")]


@app.command()
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words; empty: the newest.")] = "",
    repo: Annotated[str, typer.Option(help="Of this repository only.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also those that are told no more.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """Lessons that share words with TEXT, best first."""
    with opened(config) as world:
        found = _search(world, text, repo, limit, every=every)
        data = [_data(world, lesson, record) for lesson, record in found]
        show(json, data, lambda console: _list(console, data, text.strip()))


@app.command("show")
def show_(
    lesson: IdArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """One lesson: where it comes from, what it is about, and how those did who were told it."""
    with opened(config) as world:
        from agent_os.store import memory

        found = _named(world, lesson)
        with world.store.read() as tx:
            record = memory.records(tx, [found.id]).get(found.id)
        data = _data(world, found, record)
        show(json, data, lambda console: _one(console, data))


@app.command()
def forget(
    lesson: IdArgument, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Tell it to nobody any more, also when the same is learned again."""
    with opened(config) as world:
        from agent_os.jobs import memory

        found = _named(world, lesson)
        said = memory.forget(world, found, getpass.getuser())
        show(json, {"id": found.id, "result": said}, lambda console: console.print(said))


def _search(
    world: World, text: str, repo: str, limit: int, *, every: bool
) -> list[tuple[Lesson, Record | None]]:
    from agent_os.store import memory, repositories

    with world.store.read() as tx:
        rows = [row for row in repositories.listed(tx) if repo.lower() in ("", row.name.lower())]
        ids = [row.repo_id for row in rows]
        if repo and not ids:
            from agent_os.domain.errors import BadInput

            raise BadInput(
                f"`{repo}` was never looked at.", next_step="`agent-os status` lists them."
            )
        if text.strip():
            lessons = [one for _, one in memory.found(tx, ids, text, limit, ended=every)]
        else:
            lessons = memory.listed(tx, ids, limit, ended=every)
        records = memory.records(tx, [one.id for one in lessons])
    return [(one, records.get(one.id)) for one in lessons]


def _named(world: World, prefix: str) -> Lesson:
    from agent_os.domain.errors import BadInput
    from agent_os.store import memory

    with world.store.read() as tx:
        found = memory.named(tx, prefix.lower())
    if len(found) != 1:
        how = "is no lesson" if not found else f"begins {len(found)} lessons"
        raise BadInput(
            f"`{prefix}` {how}.", next_step="`agent-os memory search` lists them with their ids."
        )
    return found[0]


def _data(world: World, lesson: Lesson, record: Record | None) -> dict[str, Any]:
    from agent_os.store import repositories

    with world.store.read() as tx:
        row = repositories.get(tx, lesson.repo_id)
    said = lesson.model_dump(mode="json", exclude={"seq", "repo_id", "seen_number"})
    return {
        **said,
        "repo": row.name if row else str(lesson.repo_id),
        "task": f"{row.name if row else lesson.repo_id}#{lesson.number}",
        "passed": record.won if record else 0,
        "failed": record.lost if record else 0,
    }


def _list(console: Console, data: list[dict[str, Any]], text: str) -> None:
    if not data and text:
        console.print("No lesson has these words. `agent-os memory search` lists all.")
        return
    if not data:
        console.print("No lessons yet. They come from tasks that ended.")
        return
    rows = [
        [
            one["id"],
            one["task"],
            one["cause"],
            str(one["evidence"]),
            _told(one),
            one["ending"] or "",
            _plain(one["text"]),
        ]
        for one in data
    ]
    columns = ["id", "task", "from", "learned", "told", "ended", "lesson"]
    console.print(table("Lessons", columns, rows))


def _told(one: dict[str, Any]) -> str:
    if not one["used"]:
        return "never"
    return f"{one['used']} ({one['passed']} passed, {one['failed']} failed)"


def _one(console: Console, data: dict[str, Any]) -> None:
    rows = [
        [name, _plain(", ".join(value) if isinstance(value, list) else str(value))]
        for name, value in data.items()
        if value not in ("", None, [])
    ]
    console.print(table("", ["fact", "value"], rows))


def _plain(text: str) -> str:
    return _CONTROLS.sub("\ufffd", text)
