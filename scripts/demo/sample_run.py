"""The demo on the sample project: three issues, one kill, and what came of them."""

from __future__ import annotations

import json
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_os.workspace.git import run_git
from scripts.demo import models, sandbox, screen
from scripts.demo.following import Follower
from scripts.demo.keys import Keys
from scripts.demo.killing import Killer
from scripts.demo.models import RealAgent
from scripts.demo.people import Person
from scripts.demo.servers import Addresses, Daemon, hub
from scripts.demo.stage import Stage, all_over, row

HERE = Path(__file__).parent
REPO = "acme/tally"
PERSON = "alice"
LIMIT_SECONDS = 120
#: How long the scripted agent works on after its commit, by whether a person is there: time to
#: press a key. Unattended it is killed at once.
_PAUSE_SECONDS = {True: 4.0, False: 20.0}

_CONFIG = """\
home: ./runtime
github:
  api_url: {api_url}
  token: $AGENT_OS_GITHUB_TOKEN
  settle_seconds: 0.5
repositories:
  - name: {repo}
    mode: auto-merge
providers: {providers}
agents:
  ruff:
    driver: command
    command: ruff check --fix --exit-zero --quiet .
  first-try: {{driver: command, command: "python3 {folder}/first_try.py", read_only: [{agents}]}}
  second-try:
    driver: command
    command: "python3 {folder}/second_try.py {pause}"
    read_only: [{agents}]
  asker: {{driver: command, command: "python3 {folder}/asker.py", read_only: [{agents}]}}
{real}
routing:
  chore: [ruff]
  debugging: [{debugging}]
  default: [{default}]
schedule: {{dispatcher: every 0.5s, queue-engine: every 0.5s, pr-monitor: every 0.5s}}
limits: {{backoff_seconds: {backoff}, usd_per_attempt: 1, usd_per_task: 2, usd_per_day: {usd}}}
sandbox: {sandbox}
"""
_LINT = """\
## Goal
The code has unused imports, and comparisons to `None` by `==`.

## Acceptance criteria
- `ruff check .` finds less than before.
- The tests pass.
"""
_BUG = """\
## Goal
`parse_amount("12.5")` gives 1205 cents. It should be 1250.

## Acceptance criteria
- `test_one_decimal` passes.
"""
_CURRENCIES = """\
## Goal
Lines like `12.50 EUR` should be converted before they are added.
"""
#: (title, labels, body)
_ISSUES: list[tuple[str, list[str], str]] = [
    ("Remove the lint faults", ["type: chore"], _LINT),
    ("12.5 is read as 12.05", ["bug", "priority: high"], _BUG),
    ("Add up amounts in several currencies", [], _CURRENCIES),
]
_GOOD = ["done", "done", "blocked"]
#: A model may need several tries, and what it makes of the third issue is its own decision.
_REAL_SECONDS = 1800
_REAL_USD = 3


def run(
    folder: Path, wait: Callable[[Path], None], real: RealAgent | None = None
) -> tuple[int, dict[str, Any]]:
    """Play it in `folder`, then `wait`; the exit code and the summary."""
    with hub(folder, PERSON) as addresses, Keys() as keys:
        config = _write_config(folder, addresses, real, attended=keys.attended)
        _introduce(real)
        with Daemon(config) as daemon:
            person = Person(addresses, PERSON, REPO)
            _seed(person, folder / "sample")
            follower = Follower(config, time.monotonic())
            killer = Killer(daemon, by_itself=not keys.attended and real is None)
            stage = Stage(person, follower, killer, keys)
            summary = _play(stage, folder, _REAL_SECONDS if real else LIMIT_SECONDS)
            wait(config)
            person.close()
    killed = summary["killed"]
    states = [r["state"] for r in summary["tasks"]]
    ended = states[0] == "done" and set(states) <= {"done", "blocked"} if real else states == _GOOD
    good = ended and (killed is None or not killed["lost"])
    if not good:
        screen.say("[red]The demo did not end as it should; run it with --keep to look.[/red]")
    return (0 if good else 1), {**summary, "url": addresses.url}


def _write_config(
    folder: Path, addresses: Addresses, real: RealAgent | None, *, attended: bool
) -> Path:
    config = folder / "config.yaml"
    text = _CONFIG.format(
        api_url=addresses.api_url,
        repo=REPO,
        agents=json.dumps(str(HERE / "agents")),
        folder=shlex.quote(str(HERE / "agents")),
        pause=_PAUSE_SECONDS[attended],
        sandbox=sandbox.wanted(),
        providers=json.dumps({"real": real.provider} if real and real.provider else {}),
        real=f"  {real.name}: {json.dumps(real.config)}" if real else "",
        debugging=real.name if real else "first-try, second-try",
        default=real.name if real else "asker",
        backoff=5 if real else 0.5,
        usd=_REAL_USD,
    )
    config.write_text(text)
    return config


def _introduce(real: RealAgent | None) -> None:
    screen.say("[bold]Agent OS demo[/bold]: a GitHub of its own, a small project with real faults.")
    if real is not None:
        screen.say(
            f"Agents: [bold]ruff[/bold], and [bold]{real.name}[/bold] with {real.by}: a real model "
            f"at work on your account, for ${_REAL_USD} at most (one turn may go over)."
        )
    else:
        screen.say(
            "Agents: [bold]ruff[/bold] (the real tool) and three small scripts that ship with "
            "the demo (scripted, not a model)."
        )
    screen.say(f"Sandbox of the agents: {sandbox.line()}\n")


def _real_ones() -> None:
    """Which real agents are here, and how to use them."""
    found = {name: models.look(name) for name in models.NAMES}
    ready = [agent for agent in found.values() if isinstance(agent, RealAgent)]
    screen.say("\n[bold]Real agents[/bold]")
    for agent in ready:
        screen.plain(f"  {agent.name} can work here ({agent.by}): ./demo.sh --agent {agent.name}")
    if not ready:
        for name, lacks in found.items():
            screen.plain(f"  {name}: {lacks}")


def _seed(person: Person, scratch: Path) -> None:
    """Make the repository and push the sample project to it."""
    person.make_repository()
    shutil.copytree(HERE / "sample", scratch)
    who = ("-c", f"user.name={PERSON}", "-c", f"user.email={PERSON}@example.invalid")
    run_git("init", "--quiet", "--initial-branch=main", cwd=scratch)
    run_git("add", "--all", cwd=scratch)
    run_git(*who, "commit", "--quiet", "--message", "tally, with its faults", cwd=scratch)
    run_git("push", "--quiet", person.push_url, "main", cwd=scratch)


def _play(stage: Stage, folder: Path, seconds: int) -> dict[str, Any]:
    person, follower = stage.person, stage.follower
    titles = {person.open_issue(*issue): issue[0] for issue in _ISSUES}
    for number, title in titles.items():
        person.label_ready(number)
        follower.say(number, f"{PERSON} labels it Ready: {title}")
    stage.play(all_over(list(titles)), seconds)
    rows = [row(follower, n, title, seconds) for n, title in titles.items()]
    screen.say()
    screen.summary(rows)
    killed = stage.aftermath()
    screen.mailbox(folder / "runtime" / "mailbox")
    screen.say("\n[bold]Pages[/bold] (they end with the demo; --keep leaves them running)")
    screen.plain(f"  {person.page}")
    for line in rows:
        pull, page = line["pull_request"], f"issues/{line['issue']}"
        screen.plain(f"  {person.page}/{f'pull/{pull}' if pull else page}")
    _real_ones()
    screen.say("\n[bold]Next[/bold]: ./demo.sh --repo PATH, on code of yours (a copy; local only);")
    screen.say("then README.md, `On your repository`.")
    return {"tasks": rows, "killed": killed}
