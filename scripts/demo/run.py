"""Runs the demo: hub, sample project, three issues, the daemon, and what came of them."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent_os.cli.context import build_world, load
from agent_os.domain.tasks import Task
from agent_os.policy import history
from agent_os.store import log, tasks
from agent_os.workspace import sandbox
from scripts.demo import screen
from scripts.demo.people import ISSUES, REPO, Person

HERE = Path(__file__).parent
LIMIT_SECONDS = 120
_OVER = ("done", "blocked", "cancelled")
#: Lines of progress that say nothing new to somebody who watches for the first time.
_QUIET = ("labels", "status comment", "nothing is left", "goes on", "pull request described")

CONFIG = """\
home: ./runtime
github:
  api_url: {api_url}
  token: $AGENT_OS_GITHUB_TOKEN
  settle_seconds: 0.5
repositories:
  - name: {repo}
    mode: auto-merge
agents:
  ruff:
    driver: command
    command: ruff check --fix --exit-zero --quiet .
  first-try: {{driver: command, command: "python3 {folder}/first_try.py", read_only: [{agents}]}}
  second-try: {{driver: command, command: "python3 {folder}/second_try.py", read_only: [{agents}]}}
  asker: {{driver: command, command: "python3 {folder}/asker.py", read_only: [{agents}]}}
routing:
  chore: [ruff]
  debugging: [first-try, second-try]
  default: [asker]
schedule: {{dispatcher: every 1s, queue-engine: every 1s, pr-monitor: every 1s}}
limits: {{backoff_seconds: 1}}
sandbox: {sandbox}
"""


def main() -> int:
    options = _options()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupted)
    folder = Path(tempfile.mkdtemp(prefix="agent-os-demo-"))
    os.environ["AGENT_OS_GITHUB_TOKEN"] = "demo-token-of-agent-os"
    try:
        with _hub(folder) as addresses, _organization(folder, addresses) as config:
            rows = _play(folder, addresses, config)
            _show(folder, addresses, rows)
            if options.json:
                _write_summary(Path(options.json), rows, addresses)
            if options.keep:
                _wait(config)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    good = [r["state"] for r in rows] == ["done", "done", "blocked"]
    if not good:
        screen.say("[red]The demo did not end as it should; run it with --keep to look.[/red]")
    return 0 if good else 1


def _interrupted(_number: int, _frame: object) -> None:
    """Also when started in the background, where SIGINT is ignored: everything is cleaned up."""
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./demo.sh", description="The main job, end to end.")
    parser.add_argument("--keep", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--json", metavar="FILE", help="write a summary to FILE")
    return parser.parse_args()


@contextmanager
def _process(argv: list[str], log: Path, **more: Any) -> Generator[subprocess.Popen[str]]:
    with log.open("w") as file:
        started = subprocess.Popen(argv, stderr=file, text=True, start_new_session=True, **more)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def _hub(folder: Path) -> Generator[dict[str, str]]:
    argv = [sys.executable, "-m", "agent_os", "hub", "serve", "--root", str(folder / "hub")]
    argv += ["--user", "alice=demo-token-of-alice"]
    argv += ["--user", f"agent-os={os.environ['AGENT_OS_GITHUB_TOKEN']}"]
    with _process(argv, folder / "hub.log", stdout=subprocess.PIPE) as hub:
        assert hub.stdout is not None
        line = hub.stdout.readline()
        if not line:
            raise SystemExit(f"The hub did not start:\n{(folder / 'hub.log').read_text()}")
        yield json.loads(line)


@contextmanager
def _organization(folder: Path, addresses: dict[str, str]) -> Generator[Path]:
    found = sandbox.detect()
    config = folder / "config.yaml"
    text = CONFIG.format(
        api_url=addresses["api_url"],
        repo=REPO,
        agents=json.dumps(str(HERE / "agents")),
        folder=shlex.quote(str(HERE / "agents")),
        sandbox=found.kind,
    )
    config.write_text(text)
    screen.say("[bold]Agent OS demo[/bold]: a GitHub of its own, a small project with real faults.")
    screen.say(
        "Agents: [bold]ruff[/bold] (the real tool) and three small scripts that ship with "
        "the demo (scripted, not a model)."
    )
    why = f" ({found.reason})" if found.kind == "none" else ""
    screen.say(f"Sandbox of the agents: {found.kind}{why}\n")
    argv = [sys.executable, "-m", "agent_os", "up", "--config", str(config)]
    with _process(argv, folder / "daemon.log"):
        yield config


def _play(folder: Path, addresses: dict[str, str], config: Path) -> list[dict[str, Any]]:
    alice = Person(addresses["api_url"], addresses["url"], "alice", "demo-token-of-alice")
    alice.seed(HERE / "sample", folder / "sample")
    begun = time.monotonic()
    titles = {alice.open_issue(*issue): issue[0] for issue in ISSUES}
    for number, title in titles.items():
        alice.label_ready(number)
        screen.event(time.monotonic() - begun, f"#{number}", f"alice labels it Ready: {title}")
    return _follow(config, titles, begun)


def _follow(config: Path, titles: dict[int, str], begun: float) -> list[dict[str, Any]]:
    """Print what the log says until every task is over."""
    world = build_world(load(config))
    seen, ended = 0, dict[int, float]()
    found: dict[int, Task] = {}
    try:
        while len(ended) < len(titles) and time.monotonic() - begun < LIMIT_SECONDS:
            with world.store.read() as tx:
                events = log.history(tx, after=seen)
                found = {t.number: t for _, t in tasks.listed(tx)}
            for number, event in events:
                seen, what = number, history.what(event)
                if not what.startswith(_QUIET):
                    screen.event(time.monotonic() - begun, f"#{event.number}", what)
            for task in found.values():
                if task.status in _OVER:
                    ended.setdefault(task.number, time.monotonic() - begun)
            time.sleep(0.1)
    finally:
        world.store.close()
    return [_row(n, title, found.get(n), ended.get(n)) for n, title in titles.items()]


def _row(number: int, title: str, task: Task | None, seconds: float | None) -> dict[str, Any]:
    return {
        "issue": number,
        "title": title,
        "attempts": len(task.attempts) if task else 0,
        "charged": sum(a.charged for a in task.attempts) if task else 0,
        "pull_request": task.pull.number if task and task.pull else None,
        "state": task.status.value if task else "not taken",
        "seconds": round(seconds if seconds is not None else LIMIT_SECONDS, 1),
    }


def _show(folder: Path, addresses: dict[str, str], rows: list[dict[str, Any]]) -> None:
    screen.say("")
    screen.summary(rows)
    screen.mailbox(folder / "runtime" / "mailbox")
    screen.say("\n[bold]Pages[/bold] (they end with the demo; --keep leaves them running)")
    screen.say(f"  {addresses['url']}/{REPO}")
    for row in rows:
        pull, page = row["pull_request"], f"issues/{row['issue']}"
        screen.say(f"  {addresses['url']}/{REPO}/{f'pull/{pull}' if pull else page}")
    screen.say("\n[bold]Next[/bold], on a repository of yours: README.md, `On your repository`.")


def _write_summary(path: Path, rows: list[dict[str, Any]], addresses: dict[str, str]) -> None:
    path.write_text(json.dumps({"tasks": rows, "url": addresses["url"]}, indent=2) + "\n")


def _wait(config: Path) -> None:
    screen.say(
        "\nRunning until Ctrl-C. Open the pages, choose who you are, and label an issue Ready."
    )
    screen.say(f"In another terminal: .venv/bin/agent-os status --config {config}")
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.say("")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
