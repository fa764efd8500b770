"""`./demo.sh --plan`: from a list of requirements to a program, in an empty repository."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_os.workspace.git import run_git
from scripts.demo import sandbox, screen
from scripts.demo.following import Follower
from scripts.demo.people import Person
from scripts.demo.servers import TOKEN, Addresses, Daemon, hub
from scripts.demo.stage import all_over, row

HERE = Path(__file__).parent
REPO = "acme/words"
PERSON = "alice"
LIST = HERE / "plan/REQUIREMENTS.md"
LIMIT_SECONDS = 180
_COMMAND_SECONDS = 120
_CONFIG = """\
home: ./runtime
github: {{api_url: {api_url}, token: $AGENT_OS_GITHUB_TOKEN, settle_seconds: 0.5}}
repositories:
  - name: {repo}
    mode: auto-merge
agents:
  builder: {{driver: command, command: "python3 {folder}/builder.py", read_only: [{agents}]}}
routing: {{default: [builder]}}
schedule: {{dispatcher: every 0.5s, queue-engine: every 0.5s, pr-monitor: every 0.5s}}
sandbox: {sandbox}
"""


def run(folder: Path, wait: Callable[[Path], None]) -> tuple[int, dict[str, Any]]:
    """Play it in `folder`, then `wait`; the exit code and the summary."""
    with hub(folder, PERSON) as addresses:
        config = _write_config(folder, addresses)
        person = Person(addresses, PERSON, REPO)
        person.make_repository()
        screen.say("[bold]From a list of requirements to a program[/bold], in an empty repository.")
        screen.say("Its agent is a small script that ships with the demo (not a model).\n")
        screen.plain(LIST.read_text())
        if not _plan(config, "--start"):
            return 1, {}
        numbers = _planned(config)
        with Daemon(config):
            follower = Follower(config, time.monotonic())
            follower.follow(all_over(list(numbers)), LIMIT_SECONDS)
        rows = [row(follower, n, title, LIMIT_SECONDS) for n, title in numbers.items()]
        screen.say()
        screen.summary(rows)
        printed = _run_product(folder, person)
        good = all(line["state"] == "done" for line in rows) and "longest:" in printed
        screen.say("\nThe same list again: what is done is ticked, and the plan's issue is closed.")
        good = _plan(config, "--yes") and good
        screen.say("\n[bold]Pages[/bold]")
        screen.plain(f"  {person.page}/issues")
        wait(config)
        person.close()
        summary = {"tasks": rows, "printed": printed, "url": addresses.url}
    return (0 if good else 1), summary


def _write_config(folder: Path, addresses: Addresses) -> Path:
    config = folder / "config.yaml"
    config.write_text(
        _CONFIG.format(
            api_url=addresses.api_url,
            repo=REPO,
            agents=json.dumps(str(HERE / "agents")),
            folder=shlex.quote(str(HERE / "agents")),
            sandbox=sandbox.wanted(),
        )
    )
    return config


def _agent_os(config: Path, *words: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "agent_os", *words, "--config", str(config)]
    env = {**os.environ, "AGENT_OS_GITHUB_TOKEN": TOKEN}
    output = subprocess.PIPE if quiet else None
    return subprocess.run(
        argv, env=env, stdout=output, text=True, timeout=_COMMAND_SECONDS, check=False
    )


def _plan(config: Path, *words: str) -> bool:
    """The person is asked, where there is one."""
    asked = () if sys.stdin.isatty() or "--yes" in words else ("--yes",)
    shown = shlex.join(["agent-os", "plan", LIST.name, "--repo", REPO, *words, *asked])
    screen.say(f"[bold]$ {shown}[/bold]")
    return _agent_os(config, "plan", str(LIST), "--repo", REPO, *words, *asked).returncode == 0


def _planned(config: Path) -> dict[int, str]:
    """Titles by number, in the plan's order."""
    words = ("plan", str(LIST), "--repo", REPO, "--dry-run", "--json")
    found = json.loads(_agent_os(config, *words, quiet=True).stdout)
    names = {item["key"] for item in found["items"]}
    return {line["number"]: line["title"] for line in found["rows"] if line["key"] in names}


def _run_product(folder: Path, person: Person) -> str:
    """What was built, on the list itself, by somebody who has only cloned it."""
    work = folder / "clone"
    run_git("clone", "--quiet", person.push_url, str(work), cwd=folder)
    argv = [sys.executable, "-m", "words", str(LIST)]
    done = subprocess.run(
        argv, cwd=work, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
    )
    screen.say(f"\n[bold]$ python3 -m words {LIST.name}[/bold]   (in a clone of {REPO})")
    screen.plain(done.stdout + done.stderr)
    return done.stdout
