"""Merged work whose lines later work had to mend: it has not survived."""

from __future__ import annotations

from datetime import timedelta

import structlog

from agent_os.domain.errors import GitError
from agent_os.domain.events import Event, EventKind
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.policy.mending import Suspicion, mended, suspicions
from agent_os.store import log, tasks
from agent_os.workspace.mirror import Mirror

_log = structlog.get_logger()
#: A merge is looked at within this time, or never: our mirror gets it with the next fetch.
WATCHED = timedelta(days=30)
#: At a time: each takes git some seconds in a large repository.
_MOST = 3


def note_mends(world: World, repo_id: int, mirror: Mirror) -> None:
    """Look at merged mends that nobody looked at yet, once each, and write whose lines they
    replaced, should it be nobody's."""
    for one in _suspicions(world, repo_id, mirror)[:_MOST]:
        try:
            found = mended(one, mirror.replaced(one.sha, _oldest(mirror, one)))
        except GitError as error:
            # A history that was cut off or rewritten: it would fail the same way each time.
            _log.warning("not_traced", repo_id=repo_id, sha=one.sha, error=str(error))
            found = []
        with world.store.write() as tx:
            log.append(world.store, tx, [_fact(world, repo_id, one, found)])


def _suspicions(world: World, repo_id: int, mirror: Mirror) -> list[Suspicion]:
    survival = timedelta(days=world.config.improvement.survival_days)
    since = world.clock.now() - WATCHED - survival
    kinds = (EventKind.PULL_MERGED, EventKind.WORK_MENDED)
    with world.store.read() as tx:
        events = [e for _, e in log.of_repository(tx, repo_id, kinds, since=since)]
        numbers = {e.number for e in events if e.kind is EventKind.PULL_MERGED}
        found = [tasks.get(tx, TaskKey(repo_id, n)) for n in sorted(n for n in numbers if n)]
    traced = {e.data["sha"] for e in events if e.kind is EventKind.WORK_MENDED}
    merged = [task for task in found if task is not None]
    return [one for one in suspicions(merged, traced, survival) if mirror.has(one.sha)]


def _oldest(mirror: Mirror, one: Suspicion) -> str:
    """The first merge of the earlier work: nothing before it is of interest to blame."""
    merges = [commits[0] for commits in one.commits.values()]
    return next((sha for sha in merges if mirror.has(sha)), one.sha)


def _fact(world: World, repo_id: int, one: Suspicion, found: list[int]) -> Event:
    data = {
        "sha": one.sha,
        "round": one.round,
        "issues": found,
        "rounds": [one.rounds[number] for number in found],
        "said": ", ".join(f"#{number}" for number in found) or "none of ours",
    }
    return Event(
        kind=EventKind.WORK_MENDED,
        at=world.clock.now(),
        repo_id=repo_id,
        number=one.number,
        data=data,
    )
