"""`./demo.sh --repo PATH`: a task on a copy of the person's repository, by the agent `replay`."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agent_os.domain.tasks import Status, Task
from scripts.demo import sandbox, screen
from scripts.demo.following import OVER, Follower
from scripts.demo.keys import Keys
from scripts.demo.killing import Killer
from scripts.demo.own import commits, ending, source
from scripts.demo.own import plan as plans
from scripts.demo.own.plan import PERSON, Plan
from scripts.demo.people import Person
from scripts.demo.servers import Daemon, hub
from scripts.demo.stage import Stage

UNUSABLE = 3
"""Exit code: this repository can't be used; the message says why."""
_LIMIT_SECONDS = 120
_CONFIG = """\
home: ./runtime
github:
  api_url: {api_url}
  token: $AGENT_OS_GITHUB_TOKEN
  settle_seconds: 0.5
repositories:
  - name: {repo}
    mode: pull-request
agents:
  replay:
    driver: command
    command: {command}
    read_only: [{patch}]
routing: {{default: [replay]}}
schedule: {{dispatcher: every 0.5s, queue-engine: every 0.5s, pr-monitor: every 0.5s}}
limits: {{attempts: 1, backoff_seconds: 1, check_minutes: {minutes}, memory_mb_per_attempt: 100}}
sandbox: {sandbox}
"""


def run(
    folder: Path, path: Path, check_seconds: int, wait: Callable[[Path], None] | None
) -> tuple[int, dict[str, Any]]:
    """Play it in `folder`; with `wait` the pull request is left to the person."""
    try:
        plan = plans.make(folder, path, check_seconds)
    except source.Unusable as error:
        screen.plain(f"This repository can't be used for the demo: {error}")
        return UNUSABLE, {"unusable": str(error)}
    with hub(folder, PERSON) as addresses, Keys() as keys:
        person = Person(addresses, PERSON, plan.repo)
        base = plan.copied.base(plan.commit, plan.check.settings)
        plan.copied.publish(person, base, plan.branch)
        config = _write_config(folder, addresses.api_url, plan, check_seconds)
        with Daemon(config, plan.env) as daemon:
            follower = Follower(config, time.monotonic())
            stage = Stage(person, follower, Killer(daemon, by_itself=False), keys)
            limit = _LIMIT_SECONDS + 6 * plan.check.seconds
            issue = _ask(stage, plan)
            good = stage.play(_verdict, limit)
            if good and wait is None:
                good = _merge(stage, limit)
            summary = ending.show(stage, plan, issue, limit)
            ending.next_steps(plan)
            if wait is not None:
                wait(config)
            person.close()
    if not good:
        screen.say("[red]The demo did not end as it should; run it with --keep to look.[/red]")
    return (0 if good else 1), {**summary, "url": addresses.url}


def _write_config(folder: Path, api_url: str, plan: Plan, check_seconds: int) -> Path:
    patch = folder / "commit.patch"
    patch.write_bytes(commits.patch(plan.copied.git_dir, plan.commit))
    apply = f"git apply --index --whitespace=nowarn --verbose {shlex.quote(str(patch))}"
    message = shlex.quote(f"Replay {plan.commit.sha[:12]}")
    config = folder / "config.yaml"
    config.write_text(
        _CONFIG.format(
            api_url=api_url,
            repo=plan.repo,
            command=json.dumps(f"{apply} && git commit --quiet --message {message}"),
            patch=json.dumps(str(patch)),
            # Base and result run at the same time there.
            minutes=max(0.1, round(3 * check_seconds / 60, 1)),
            sandbox=sandbox.wanted(),
        )
    )
    return config


def _ask(stage: Stage, plan: Plan) -> int:
    labels = ["tests may change"] if plan.changes_tests else []
    issue = stage.person.open_issue(plan.title, labels, _body(plan))
    stage.person.label_ready(issue)
    screen.say()
    allowed = ' and "tests may change", as the commit changes tests' if labels else ""
    stage.follower.say(issue, f"you label it Ready{allowed}: {plan.title}")
    return issue


def _body(plan: Plan) -> str:
    # Quoted: nothing in it is read as a heading or as `Depends on`.
    message = "\n".join(f"> {line}" for line in plan.commit.body.strip().splitlines())
    goal = f"Do again what commit {plan.commit.sha} did."
    return f"## Goal\n{goal}\n\n## Context\nIts message:\n\n{message or '> (only a subject)'}\n"


def _verdict(tasks: Sequence[Task]) -> bool:
    """The pull request is there and looked at, or the gates or the person's limits ended it."""
    return any(
        t.status in OVER or (t.status is Status.IN_REVIEW and t.waiting and not t.running)
        for t in tasks
    )


def _merge(stage: Stage, limit: float) -> bool:
    """The person's last click, unless the gates refused the result."""
    (task,) = stage.follower.tasks
    if task.status is not Status.IN_REVIEW or task.pull is None:
        return True
    stage.follower.say(task.number, f"you merge pull request #{task.pull.number}")
    stage.person.merge(task.pull.number)
    return stage.play(lambda tasks: tasks[0].settled, limit)
