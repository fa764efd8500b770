"""What came of it, read back from the hub; and what to do next on the real repository."""

from __future__ import annotations

from typing import Any

from agent_os.domain.tasks import Task
from scripts.demo import screen
from scripts.demo.own import checks, installed
from scripts.demo.own.plan import Plan
from scripts.demo.people import Person
from scripts.demo.stage import Stage, row


def show(stage: Stage, plan: Plan, issue: int, limit: float) -> dict[str, Any]:
    """The end as seen on the hub; the summary as data."""
    screen.say()
    line = row(stage.follower, issue, plan.title, limit)
    screen.summary([line])
    task = next((t for t in stage.follower.tasks if t.number == issue), None)
    _show_evidence(task)
    same = _same_tree(stage.person, plan, line["pull_request"])
    if same is not None:
        words = "is your commit's tree, byte for byte" if same else "is not your commit's tree"
        apart = f" (apart from the demo's {checks.PATHS[0]})" if plan.check.settings else ""
        screen.say(f"\n[bold]The result {words}[/bold]{apart}.")
    killed = stage.aftermath()
    screen.say("\n[bold]Pages[/bold] (they end with the demo; --keep leaves them running)")
    page = f"pull/{line['pull_request']}" if line["pull_request"] else f"issues/{issue}"
    screen.plain(f"  {stage.person.page}\n  {stage.person.page}/{page}")
    if plan.has_workflows:
        screen.say("  Your workflows were not run: they would need the network.")
    return {
        "tasks": [line],
        "killed": killed,
        "commit": plan.commit.sha,
        "base": plan.commit.parent,
        "check": {"command": plan.check.command, "seconds": plan.check.seconds},
        "same_tree": same,
    }


def _show_evidence(task: Task | None) -> None:
    if task is not None and task.result is not None:
        screen.say("\n[bold]What the gates saw[/bold]")
        for gate in task.result.evidence.gates:
            screen.plain(f"  {gate.verdict.value:16} {gate.name}: {gate.detail}")
    elif task is not None and task.hold is not None:
        screen.say("\n[bold]The gates refused it[/bold]; the work is kept in our mirror.")
        screen.plain(f"  {task.hold.reason}: {task.hold.detail}")


def _same_tree(person: Person, plan: Plan, pull: int | None) -> bool | None:
    """Whether the commit that was merged (or is proposed) holds what the person's commit held."""
    if pull is None:
        return None
    seen = person.ask("GET", f"/pulls/{pull}")
    sha = seen["merge_commit_sha"] if seen["merged"] else seen["head"]["sha"]
    tree = person.ask("GET", f"/commits/{sha}")["commit"]["tree"]["sha"]
    return tree == plan.copied.tree(plan.commit.sha, plan.check.settings)


def next_steps(plan: Plan) -> None:
    """The lines to write and the commands to run on the real repository."""
    machine = installed.look(plan.env)
    found = machine.names or "no agent"
    screen.say(f"\n[bold]Next[/bold], on the real repository (found on PATH: {found}).")
    if plan.check.advice:
        screen.say(f"Into {checks.PATHS[0]} on its default branch:")
        screen.plain("".join(f"    {line}\n" for line in plan.check.advice.splitlines()))
    screen.say("Into config.yaml, in this folder:")
    lines = installed.config_lines(machine, plan.source.github).splitlines()
    screen.plain("".join(f"    {line}\n" for line in lines))
    screen.say("Then:")
    for command in installed.commands(machine):
        screen.plain(f"    {command}")
