"""`./demo.sh`: the main job on a GitHub of its own, on a sample project or on a copy of yours."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

from scripts.demo import models, plan_run, reports, sample_run, screen
from scripts.demo.own import play
from scripts.demo.servers import TOKEN

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> int:
    options = _options()
    for number in _STOPS:
        signal.signal(number, _interrupted)
    folder = Path(tempfile.mkdtemp(prefix="agent-os-demo-"))
    os.environ["AGENT_OS_GITHUB_TOKEN"] = TOKEN
    # Everything talks to this machine: a proxy of the person's is not asked.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    try:
        # What scripts/install-agents.sh has installed is found without more ado.
        os.environ["PATH"] = models.search_path()
        real = models.look(options.agent, options.model) if options.agent else None
        if isinstance(real, str):
            screen.say(f"[red]--agent {options.agent} can't work here:[/red] {real}")
            return 2
        if options.repo:
            keep = partial(_end, options) if options.keep or options.reports else None
            code, summary = play.run(folder, _there(options.repo), options.check_seconds, keep)
        elif options.plan:
            code, summary = plan_run.run(folder, partial(_end, options))
        else:
            code, summary = sample_run.run(folder, partial(_end, options), real)
        if options.json:
            _there(options.json).write_text(json.dumps(summary, indent=2) + "\n")
        return code
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """All of it: some tools make their caches read-only."""
    for path, names, _ in os.walk(folder):
        for name in names:
            if not (child := Path(path, name)).is_symlink():
                child.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _there(path: str) -> Path:
    """A path as the person meant it: `demo.sh` changes the folder."""
    return Path(os.environ.get("AGENT_OS_DEMO_FROM", ".")) / Path(path).expanduser()


def _interrupted(_number: int, _frame: object) -> None:
    """Also when started in the background, where SIGINT is ignored: everything is cleaned up.

    Once: a second Ctrl-C would cut the cleaning short.
    """
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./demo.sh", description="The main job, end to end.")
    parser.add_argument("--keep", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--json", metavar="FILE", help="write a summary to FILE")
    parser.add_argument(
        "--reports", metavar="FOLDER", help="write pages about the week and each task to FOLDER"
    )
    parser.add_argument(
        "--repo", metavar="PATH", help="play on a copy of your repository; it is only read"
    )
    parser.add_argument(
        "--plan", action="store_true", help="from a list of requirements, in an empty repository"
    )
    parser.add_argument(
        "--agent", choices=models.NAMES, help="a real agent does the work, on your account"
    )
    parser.add_argument("--model", default="", help="with --agent: the model, by its vendor's name")
    parser.add_argument(
        "--check-seconds",
        metavar="N",
        type=int,
        default=120,
        help="with --repo: give a test command up after so many seconds (120)",
    )
    options = parser.parse_args()
    if options.check_seconds < 1:
        parser.error("--check-seconds is at least 1")
    if options.plan and (options.repo or options.agent):
        parser.error("--plan plays with a scripted agent, in a repository of its own")
    if options.repo and options.agent:
        parser.error("--agent works on the sample project; --repo plays your last commit again")
    return options


def _end(options: argparse.Namespace, config: Path) -> None:
    if options.reports:
        reports.write(config, _there(options.reports))
    if options.keep:
        _wait(config)


def _wait(config: Path) -> None:
    try:
        screen.say(
            "\nRunning until Ctrl-C. Open the pages, choose who you are, and label an issue Ready."
        )
        screen.plain(f"In another terminal: .venv/bin/agent-os status --config {config}")
        signal.pause()
    except KeyboardInterrupt:
        screen.say()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
