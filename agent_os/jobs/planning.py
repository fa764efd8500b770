"""From a list of requirements to issues: `agent-os plan`. Drafted, approved by a person, filed.

What was filed before is read from the log: the same list again changes only what changed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent_os.domain.effects import DeskEffect, Effect
from agent_os.domain.errors import AgentOSError, ConfigError, StoreError
from agent_os.domain.tasks import TaskKey
from agent_os.effects import resolver
from agent_os.effects.world import World
from agent_os.jobs import desk, organization, planned_issues, scanning
from agent_os.jobs.organization import Decided, Run
from agent_os.jobs.thinking import think
from agent_os.policy.requirements import changes, foundation, matching, ordering, splitting
from agent_os.policy.requirements.foundation import SetUp
from agent_os.policy.requirements.items import SKELETON, Plan, Planned, Requirements
from agent_os.policy.requirements.matching import Stored
from agent_os.policy.requirements.rows import Change, PlanFacts
from agent_os.policy.requirements.splitting import Split
from agent_os.store import intents, repositories, tasks
from agent_os.store.repositories import Repository

_POLL_SECONDS = 0.1
#: For the answer to a change that an earlier run was killed in; besides `settle_seconds`.
_RESOLVE_SECONDS = 20.0
_MOST_IDLE = 3
_NO_ANSWER = "the model gave no answer that could be used"


@dataclass(frozen=True)
class Wishes:
    """What a person wants besides the list."""

    test: str = foundation.TEST
    """The command of a first `.agent-os.yaml`."""
    start: bool = False
    by_rules: bool = False
    """No model is asked."""


@dataclass
class Draft:
    """A plan and what it would change now. `why`: no model's answer was used, and why."""

    row: Repository
    plan: Plan
    name: str
    wishes: Wishes
    setup: SetUp | None
    rows: list[Change] = field(default_factory=list[Change])
    stopped: str = ""
    """Why nothing may be written; empty: it may."""
    why: str = ""

    @property
    def steps(self) -> list[Change]:
        """What is to be done now; more may follow from it."""
        return [row for row in self.rows if row.step is not None]


def draft(world: World, repo: str, requirements: Requirements, wishes: Wishes) -> Draft:
    """The plan for a repository of the config, with what it would change. Writes no issue."""
    row = _look(world, repo)
    _resolve(world, row)
    stored = planned_issues.stored(world, row)
    by_rules = ordering.plan(requirements)
    name = matching.list_of(by_rules, stored)
    earlier = stored.get(name, [])
    base, there = _base(world, row)
    skeleton = next((one.item for one in earlier if one.item.key == SKELETON), None)
    if skeleton is None and foundation.is_bare(there) and not _begun(stored):
        skeleton = ordering.skeleton(requirements.title, wishes.test)
    plan, why = _thought(world, row, requirements, wishes, skeleton, earlier)
    plan = matching.keyed(plan or ordering.plan(requirements, skeleton), earlier)
    setup = _setup(world, row, requirements, wishes, base, there) if skeleton else None
    made = Draft(row, plan, name, wishes, setup, stopped=desk.stopped(world, row), why=why)
    made.rows = _rows(world, made)
    return made


def file(world: World, made: Draft) -> Draft:
    """Make the changes; the draft as it is then. AgentOSError when some are left to be made."""
    if made.stopped:
        raise ConfigError(f"Nothing may be written in {made.row.name}: {made.stopped}.")
    idle = 0
    for _ in range(len(made.rows) + _MOST_IDLE):
        changed = organization.run(_Planning(made), world, [made.row.name])
        made.rows = _rows(world, made)
        idle = 0 if changed else idle + 1
        if not made.steps or idle >= _MOST_IDLE:
            break
        # The daemon may be about to change something of the same repository.
        time.sleep(0 if changed else _POLL_SECONDS)
        _resolve(world, made.row)
    if made.steps:
        with world.store.read() as tx:
            row = repositories.get(tx, made.row.repo_id)
        why = (row.last_error if row else "") or "another run of it may be at work"
        left = ", ".join(change.key or "the first commit" for change in made.steps[:5])
        raise AgentOSError(
            f"{len(made.steps)} changes are left ({left}): {why}",
            next_step="Run the same command again: nothing is done twice.",
        )
    return made


class _Planning:
    """The loop that all jobs share, for one approved draft."""

    name = "plan"

    def __init__(self, made: Draft) -> None:
        self._made = made

    def due(self, world: World) -> Sequence[str]:
        return [self._made.row.name]

    def turn(self, run: Run) -> list[Decided]:
        found = [row.step for row in _rows(run.world, self._made) if row.step is not None]
        return [(step, _seen(run.world, step)) for step in found]

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        pass


def _seen(world: World, step: Effect) -> int:
    with world.store.read() as tx:
        return tasks.seq(tx, step.key)


def _rows(world: World, made: Draft) -> list[Change]:
    setup = planned_issues.set_up(world, made.row, made.setup)
    facts = PlanFacts(
        repo_id=made.row.repo_id,
        repo=made.row.name,
        name=made.name,
        known=planned_issues.known(world, made.row, made.name),
        setup=setup,
        start=made.wishes.start,
    )
    return changes.decide(made.plan, facts)


def _look(world: World, repo: str) -> Repository:
    """The repository as it is now. ConfigError when the config does not list it."""
    if world.config.repository(repo) is None:
        names = ", ".join(r.name for r in world.config.repositories) or "none"
        said = f"{repo} is not in the config (there are: {names})."
        raise ConfigError(said, next_step="Add it to `repositories`.")
    row = scanning.look_at_repository(world, repo)
    with world.store.write() as tx:
        before = repositories.get(tx, row.repo_id)
        if before is not None:
            seen = {name: getattr(row, name) for name in ("empty", "base_head", "frozen")}
            row = before.model_copy(update=seen)
        repositories.put(world.store, tx, row)
    return row


def _resolve(world: World, row: Repository) -> None:
    """Wait until it is known what became of the changes that a killed run began."""
    limit = world.config.github.settle_seconds + _RESOLVE_SECONDS
    deadline = time.monotonic() + limit
    while True:
        resolver.resolve_all(world, row.repo_id)
        with world.store.read() as tx:
            left = [
                intent
                for intent in intents.unresolved(tx, repo_id=row.repo_id)
                if isinstance(intent.effect, DeskEffect)
            ]
        if not left:
            return
        if time.monotonic() > deadline:
            raise StoreError(
                f"It is not known whether the last change of {row.name} arrived.",
                next_step="Run the same command again in a minute.",
            )
        time.sleep(_POLL_SECONDS)


def _base(world: World, row: Repository) -> tuple[str, dict[str, int]]:
    """(the newest commit or empty, bytes of its files by path)."""
    mirror = world.mirror(row.repo_id)
    mirror.ensure(row.clone_url)
    mirror.fetch(row.clone_url, world.token)
    base = mirror.resolve(f"refs/heads/{row.default_branch}")
    return (base, mirror.listing(base)) if base else ("", {})


def _begun(stored: Mapping[str, Sequence[Stored]]) -> bool:
    """Whether another list brings the walking skeleton."""
    return any(one.item.key == SKELETON for every in stored.values() for one in every)


def _thought(
    world: World,
    row: Repository,
    requirements: Requirements,
    wishes: Wishes,
    skeleton: Planned | None,
    earlier: Sequence[Stored],
) -> tuple[Plan | None, str]:
    """(the model's plan, why there is none). ConfigError: rules would undo what a model did."""
    if wishes.by_rules or world.config.thinker("planner") is None:
        why, found = "", None
    else:
        prompt = splitting.prompt(requirements)
        split = think(world, row.name, "planner", f"plan of {requirements.title}", prompt, Split)
        made = splitting.plan(split, requirements, skeleton) if split else _NO_ANSWER
        why, found = (made, None) if isinstance(made, str) else ("", made)
    if found is None and not wishes.by_rules and any(one.thought for one in earlier):
        raise ConfigError(
            f"A model made the issues of this list, and now there is none: {why or 'not set up'}.",
            next_step="Try again later, or plan by rules: `--by-rules`.",
        )
    return found, why


def _setup(
    world: World,
    row: Repository,
    requirements: Requirements,
    wishes: Wishes,
    base: str,
    there: dict[str, int],
) -> SetUp | None:
    """A commit of ours, in our mirror only. None: nothing is missing."""
    made = foundation.files(requirements.title, wishes.test, there)
    if not made:
        return None
    # It is pushed: what a commit holds is cleaned by nobody else.
    files = {path: world.finder.redact(text) for path, text in made.items()}
    content = {path: text.encode() for path, text in files.items()}
    title = world.finder.redact(" ".join(requirements.title.split()))
    message = f"Begin {title[:60]}\n\nREADME, checks and CI."
    sha = world.mirror(row.repo_id).commit_files(base, content, message)
    branch, how = (foundation.BRANCH, "proposal") if base else (row.default_branch, "first_commit")
    return SetUp.model_validate(
        {"how": how, "branch": branch, "base": row.default_branch, "sha": sha, "files": files}
    )
