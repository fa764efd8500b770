"""The mailbox: one markdown file a task, drawn from the store; notes and retries are read back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

from agent_os.domain.effects import Step
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import Status, Task
from agent_os.effects.world import World
from agent_os.policy import history, task_text, texts
from agent_os.policy.steps import event, record
from agent_os.store import log, meta, tasks

_log = structlog.get_logger()
#: Digests of the whole text, and of it without the notes.
_DRAWN = re.compile(r"\n<!-- drawn: ([0-9a-f]{16}) ([0-9a-f]{16}) -->\n?$")
_LARGEST_FILE = 1_000_000
_HISTORY_LINES = 30
#: The number of the newest event that is in the files: older tasks need not be looked at.
_DRAWN_UP_TO = "mailbox"
_SWEPT_AT = "mailbox_swept_at"
_SWEEP_EVERY = timedelta(seconds=2)


def _folder(world: World, name: str) -> Path:
    return world.config.home / "mailbox" / name


def _signed(text: str) -> str:
    whole, rest = texts.digest(text), texts.digest(task_text.without_notes(text))
    return f"{text}\n<!-- drawn: {whole} {rest} -->\n"


def draw(world: World) -> None:
    """Bring the files in line with the store: a temporary file, a rename, the others removed.

    Those of tasks that changed; now and then all, as people may have touched the others' files.
    """
    for name in dict.fromkeys(task_text.FOLDERS.values()):
        _folder(world, name).mkdir(parents=True, exist_ok=True)
    with world.store.read() as tx:
        drawn = int(meta.get(tx, _DRAWN_UP_TO) or 0)
        changed = tasks.listed(tx, after=drawn)
        every = tasks.listed(tx, unsettled=True) if _sweep_is_due(world, tx) else []
        found = {t.key: t for _, t in (*changed, *every)}
        renamed = changed and log.history(tx, after=drawn, kinds=(EventKind.REPO_RENAMED,), limit=1)
        names = {task_text.file_name(t) for _, t in tasks.listed(tx)} if renamed else set[str]()
    for task in found.values():
        try:
            if folder := task_text.FOLDERS.get(task.status):
                _draw_one(world, task, _folder(world, folder))
        except OSError as error:
            # A folder where the file belongs, say: the others are drawn all the same.
            _log.warning("not_drawn", task=task.name, error=str(error))
    if names:
        _remove_old_names(world, names)
    if changed or every:
        with world.store.write() as tx:
            if changed:
                meta.put(tx, _DRAWN_UP_TO, str(max(seq for seq, _ in changed)))
            if every:
                meta.put(tx, _SWEPT_AT, world.clock.now().isoformat())


def _sweep_is_due(world: World, tx: sa.Connection) -> bool:
    last = meta.get(tx, _SWEPT_AT)
    return not last or abs(world.clock.now() - datetime.fromisoformat(last)) >= _SWEEP_EVERY


def _remove_old_names(world: World, names: set[str]) -> None:
    """Files that we drew for a task whose repository has another name by now."""
    for name in dict.fromkeys(task_text.FOLDERS.values()):
        for path in _folder(world, name).glob("*.md"):
            text = None if path.name in names else _read(path)
            if text is not None and not _edited(text):
                path.unlink(missing_ok=True)


def _draw_one(world: World, task: Task, folder: Path) -> None:
    path = folder / task_text.file_name(task)
    with world.store.read() as tx:
        events = log.history(tx, task.key, limit=_HISTORY_LINES)
    lines = [history.line(e) for _, e in events]
    wanted = _signed(task_text.task_file(task, lines))
    if _read(path) != wanted:
        _set_aside(path)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(wanted, "utf-8")
        temporary.replace(path)
    for name in set(task_text.FOLDERS.values()) - {folder.name}:
        other = _folder(world, name) / path.name
        other.with_suffix(".tmp").unlink(missing_ok=True)  # of a drawing that was killed
        if other.exists():
            _set_aside(other)
            other.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_FILE:
            return None
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return None


def _edited(text: str) -> bool:
    """Whether a person changed the file since it was drawn."""
    found = _DRAWN.search(text)
    return found is None or texts.digest(text[: found.start()]) != found[1]


def _edited_elsewhere(text: str) -> bool:
    """Whether a person changed more than the notes."""
    found = _DRAWN.search(text)
    if found is None:
        return True
    return texts.digest(task_text.without_notes(text[: found.start()])) != found[2]


def _set_aside(path: Path) -> None:
    """Edits other than notes are not used, and not lost either."""
    text = _read(path)
    if text is None or not _edited_elsewhere(text):
        return
    kept = path.with_suffix(".edited")
    reason = "Only text below Notes is read back; this copy keeps what was written elsewhere."
    kept.write_text(f"<!-- {reason} -->\n{text}", "utf-8")


def read(world: World) -> list[tuple[Step, int]]:
    """What people did to the files: notes for the next attempt, a blocked task moved to inbox."""
    with world.store.read() as tx:
        found = tasks.listed(tx, unsettled=True)
    steps: list[tuple[Step, int]] = []
    present = _present(world)
    for seen, task in found:
        if events := _events(world, task, present):
            steps.append((record(task, *events), seen))
    return steps


def _present(world: World) -> dict[str, list[str]]:
    """The folders in which there is a file, by its name: one look at each folder."""
    found: dict[str, list[str]] = {}
    for folder in dict.fromkeys(task_text.FOLDERS.values()):
        with suppress(FileNotFoundError):
            for path in _folder(world, folder).iterdir():
                found.setdefault(path.name, []).append(folder)
    return found


def _events(world: World, task: Task, present: Mapping[str, list[str]]) -> list[Event]:
    name, now = task_text.file_name(task), world.clock.now()
    events: list[Event] = []
    for folder in present.get(name, ()):
        text = _read(_folder(world, folder) / name)
        if text is None:
            continue
        if _edited(text) and (notes := task_text.notes_in(text)) != task.notes:
            events.append(event(task, EventKind.NOTED, now, notes=notes))
        if folder == "inbox" and task.status is Status.BLOCKED and _says_blocked(text):
            events.append(retry(task, "the mailbox", world))
    return events


def _says_blocked(text: str) -> bool:
    """Drawn as blocked, now in inbox: a person moved it. (We draw there as `queued`.)"""
    return "\nstate: blocked\n" in text.partition("\n---")[0] + "\n"


def retry(task: Task, by: str, world: World) -> Event:
    """A request of the owner of this machine: the task as it stands, once more."""
    data = {
        "repo": task.repo,
        "author": task.author,
        "request": {
            "event_id": 0,
            "actor": task.request.actor,
            "at": task.request.at.isoformat(),
        },
        "spec": task.spec.model_dump(mode="json"),
        "labels": task.labels,
        "priority": task.priority,
        "tests_may_change": task.tests_may_change,
        "agent_label": task.agent_label,
        "by": by,
    }
    return event(task, EventKind.REQUESTED, world.clock.now(), **data)
