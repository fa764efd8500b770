"""A program as its driver launches it, without our runner and sandbox."""

from __future__ import annotations

import subprocess
from pathlib import Path

from agent_os.agents.driver import Assignment
from agent_os.agents.registry import driver_named
from tests.agents.programs import SECRET, Agent, order, search_path
from tests.attempt.world import git


def run_bare(agent: Agent, url: str, folder: Path, seconds: float = 60) -> int:
    """Run to its end in a new repository below `folder`; its exit code."""
    work, home = folder / "work", folder / "home"
    home.mkdir(parents=True)
    work.mkdir()
    git(work, "init", "-q")
    launch = driver_named(agent.driver).launch(
        Assignment(
            order=order(agent, url),
            work=work,
            home=home,
            task_file=folder / "task.md",
            handoff_file=folder / "handoff.md",
            prompt="Please do the work.\n",
            seconds=seconds,
            key=SECRET,
        )
    )
    for name, text in launch.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    done = subprocess.run(
        launch.argv,
        cwd=work,
        env={**launch.env, "PATH": search_path()},
        input=launch.stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    return done.returncode
