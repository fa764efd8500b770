"""What people said on a pull request that may be an approval, with what tells them from us."""

from __future__ import annotations

from collections.abc import Callable

from agent_os.domain.approvals import Words
from agent_os.domain.effects import EditComment, Effect, SetLabels, WriteComment
from agent_os.domain.rules import RepoRules
from agent_os.domain.tasks import Task
from agent_os.effects.world import World
from agent_os.github.looks import PullLook
from agent_os.jobs import scanning
from agent_os.policy import approving, echoes
from agent_os.store import intents, merges
from agent_os.store.intents import State
from agent_os.store.repositories import Repository


def heard(
    world: World, row: Repository, task: Task, rules: RepoRules, seen: PullLook
) -> dict[str, object]:
    """Fields of the pull request's facts."""
    update: dict[str, object] = {"github_now": world.client.governor.github_now()}
    most = approving.in_force(task, rules.approvals).first_merges
    if task.result is not None and most:
        with world.store.read() as tx:
            update["merged"] = {
                one: merges.count(tx, task.repo_id, one.agent, one.model, most)
                for one in approving.workers(task)
            }
    if seen.words is not None:
        update["said"] = _said(world, row, task, rules, seen, seen.words)
    return update


def _said(
    world: World, row: Repository, task: Task, rules: RepoRules, seen: PullLook, words: Words
) -> approving.Said:
    reader = scanning.IssueReader(world, row)
    commands = [c for c in words.comments if approving.commands(c.body)]
    people = {r.author for r in seen.reviews if r.state in ("approved", "changes_requested")}
    people |= {c.author for c in commands} | {c.editor for c in commands}
    people |= {a.actor for a in words.label_acts[-1:]}
    label = rules.approving_label.lower()
    return approving.Said(
        head=seen.pull.head,
        head_at=task.pull.head_at if task.pull else None,
        reviews=seen.reviews,
        words=words,
        may={person: reader.may(person) for person in sorted(people - {""})},
        login=world.client.login,
        labelled=_made(world, task, lambda e: isinstance(e, SetLabels) and _sets(e, label)),
        wrote=_made(world, task, _commands),
    )


def _sets(effect: SetLabels, label: str) -> bool:
    return label in (name.lower() for name in effect.add)


def _commands(effect: Effect) -> bool:
    """Whether what we wrote begins as an approval does: an agent may have us post its words."""
    written = isinstance(effect, WriteComment | EditComment)
    return written and approving.commands(effect.body)


def _made(world: World, task: Task, wanted: Callable[[Effect], bool]) -> tuple[echoes.Done, ...]:
    """Effects on the task that happened or may have, between two times of GitHub's clock."""
    kinds = (SetLabels.kind, WriteComment.kind, EditComment.kind)
    with world.store.read() as tx:
        made = [i for i in intents.of_task(tx, task.key, kinds) if wanted(i.effect)]
    return tuple(
        echoes.Done(
            intent=i.id,
            traces=(),
            since=world.github_time(i.at),
            until=world.github_time(i.ended_at or world.clock.now()),
        )
        for i in made
        if i.state not in (State.FAILED, State.ABSENT)
    )
