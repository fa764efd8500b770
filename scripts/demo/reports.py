"""Pages made from the demo's record, for looking at when it is over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent_os.cli.context import build_world, load
from agent_os.store import tasks
from scripts.demo import screen

_SECONDS = 60


def write(config: Path, folder: Path) -> None:
    """`week.html`, and `task-N.html` of each task, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    world = build_world(load(config))
    with world.store.read() as tx:
        names = {task.number: task.name for _, task in tasks.listed(tx)}
    world.store.close()
    screen.say("\n[bold]Reports[/bold]")
    _report(config, folder / "week.html", "weekly")
    for number, name in sorted(names.items()):
        _report(config, folder / f"task-{number}.html", "task", name)


def _report(config: Path, page: Path, *words: str) -> None:
    program = Path(sys.executable).with_name("agent-os")
    command = [str(program), "report", *words, "--config", str(config), "--out", str(page)]
    done = subprocess.run(command, timeout=_SECONDS, capture_output=True, text=True)
    screen.plain(f"  {page if done.returncode == 0 else done.stderr}")
