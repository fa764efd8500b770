"""Reading a repository's objectives and their measures, on its base as it is now."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from agent_os.config.objectives import PATH, Objective, Objectives, parse_objectives
from agent_os.domain.contract import Contract
from agent_os.domain.errors import AgentOSError, BadInput
from agent_os.domain.profiles import Role
from agent_os.effects.orders import repository_file
from agent_os.effects.world import World
from agent_os.policy.metrics.figures import measure
from agent_os.policy.metrics.rounds import RoundRow
from agent_os.policy.sprints import numbers
from agent_os.policy.sprints.objectives import Aim
from agent_os.store.repositories import Repository
from agent_os.workspace import lookup, measuring
from agent_os.workspace.lookup import Question
from agent_os.workspace.measuring import Command, Said
from agent_os.workspace.mirror import Mirror
from agent_os.workspace.workdir import checkout

#: Of one command.
COMMAND_SECONDS = 60.0
#: Of a run's commands together: the job's lease is longer.
_ALL_SECONDS = 240.0
_FIGURE_DAYS = 56
_FILE_BYTES = 1_000_000
#: Pages of a list are read up to here.
_MOST_COUNTED = 2_000


class Measured(Contract):
    """`problem`: why there are none."""

    aims: tuple[Aim, ...] = ()
    problem: str = ""


def measured(world: World, row: Repository, rows: Sequence[RoundRow]) -> Measured:
    """The objectives on the default branch, each with its value or why there is none. What the
    repository has wrong stops no sprint: it is told in it. GitHubError, GitError."""
    mirror = world.mirror(row.repo_id)
    mirror.ensure(row.clone_url)
    mirror.fetch(row.clone_url, world.token)
    base = mirror.resolve(f"refs/heads/{row.default_branch}")
    if base is None:
        return Measured()
    try:
        found = parse_objectives(mirror.read_file(base, PATH))
    except (AgentOSError, ValueError) as error:
        return Measured(problem=str(error))
    try:
        said = _commands(world, row, mirror, base, found)
    except AgentOSError as error:
        said = {o.name: Said(problem=str(error)) for o in found.objectives}
    reading = _Reading(world, row, mirror, base, rows, said)
    return Measured(aims=tuple(reading.aim(objective) for objective in found.objectives))


class _Reading:
    def __init__(
        self,
        world: World,
        row: Repository,
        mirror: Mirror,
        base: str,
        rows: Sequence[RoundRow],
        said: Mapping[str, Said],
    ) -> None:
        self.world = world
        self.row = row
        self.mirror = mirror
        self.base = base
        self.rows = rows
        self.said = said

    def aim(self, objective: Objective) -> Aim:
        value, problem = None, ""
        try:
            value = self._value(objective)
        except BadInput as error:
            problem = error.message
        serves = objective.serves
        return Aim(
            name=objective.name,
            weight=objective.weight,
            target=objective.target,
            goal=objective.goal,
            value=value,
            problem=problem and f"{problem} ({how(objective)})",
            how=how(objective),
            labels=serves.labels,
            paths=serves.paths,
            keywords=serves.keywords,
        )

    def _value(self, objective: Objective) -> float:
        read = objective.read
        if read.file is not None:
            return self._in_file(read.file.path, read.file.pattern, read.file.pointer)
        if read.github is not None:
            return self._count(read.github.count, read.github.label)
        if read.figure:
            return self._figure(read.figure)
        said = self.said[objective.name]
        if said.problem:
            raise BadInput(said.problem)
        return numbers.number(said.line)

    def _in_file(self, path: str, pattern: str, pointer: str) -> float:
        content = self.mirror.read_file(self.base, path, _FILE_BYTES)
        if content is None:
            raise BadInput(f"there is no file {path}")
        text = content.decode("utf-8", "replace")
        return lookup.ask(Question(text=text, pattern=pattern, pointer=pointer))

    def _count(self, what: str, label: str) -> float:
        client, name = self.world.client, self.row.name
        if what in ("stars", "forks"):
            data = client.get(f"/repos/{name}")
            return float(data["stargazers_count" if what == "stars" else "forks_count"])
        pulls, count = what == "open_pulls", 0
        query = {"state": "open", **({"labels": label} if label else {})}
        for page in client.pages(f"/repos/{name}/issues", **query):
            count += sum(("pull_request" in issue) is pulls for issue in page)
            if count >= _MOST_COUNTED:
                raise BadInput(f"there are more than {_MOST_COUNTED}")
        return float(count)

    def _figure(self, name: str) -> float:
        now = self.world.clock.now()
        since = now - timedelta(days=_FIGURE_DAYS)
        lately = [row for row in self.rows if row.ended_at is None or row.ended_at >= since]
        found = measure(name, lately, now)
        if found.value is None:
            raise BadInput(f"nothing tells `{name}` yet ({found.samples} samples)")
        return found.value


def how(objective: Objective) -> str:
    """How its measure is read, in a few words."""
    read = objective.read
    if read.file is not None:
        return f"{read.file.path} {read.file.pointer or read.file.pattern}"
    if read.github is not None:
        label = f" labelled {read.github.label}" if read.github.label else ""
        return f"GitHub: {read.github.count.replace('_', ' ')}{label}"
    if read.figure:
        return f"figure {read.figure} of the last {_FIGURE_DAYS} days"
    return f"command: {read.command}"


def _commands(
    world: World, row: Repository, mirror: Mirror, base: str, found: Objectives
) -> dict[str, Said]:
    """What the objectives' commands print, by objective; in a checkout of the base. Nothing is set
    up before them: a measure is a cheap look."""
    wanted = [o for o in found.objectives if o.read.command]
    if not wanted:
        return {}
    settings = repository_file(mirror, base)
    profiles = world.config.profiles.narrowed(settings.profiles)
    seconds = min(COMMAND_SECONDS, _ALL_SECONDS / len(wanted))
    gate = profiles.of(Role.GATE)
    commands = [Command(command=o.read.command, profile=gate, seconds=seconds) for o in wanted]
    sandbox, image = world.config.sandbox_of(row.name)
    with tempfile.TemporaryDirectory(
        prefix="agent-os-measure-", ignore_cleanup_errors=True
    ) as made:
        folder = Path(made)
        checkout(folder / "repo", base, (mirror.objects,))
        order = measuring.Order(
            folder=folder,
            objects=(mirror.objects.resolve(),),
            sandbox=sandbox,
            image=image,
            commands=tuple(commands),
        )
        said = measuring.run_apart(order)
    return {o.name: one for o, one in zip(wanted, said, strict=True)}
