"""Mirrors in the long run: what a merge has disposed of goes, and what is left is packed.

A ref of an attempt may go when its round was merged long ago and nothing of the round is in its
directories any more. A mirror may go when its repository is in the config no longer and no ref of
an attempt is left in it. What was never merged stays until a person removes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from agent_os.domain.errors import GitError
from agent_os.domain.tasks import Task
from agent_os.effects.world import World
from agent_os.store import repositories, tasks
from agent_os.workspace.mirror import Mirror

_log = structlog.get_logger()
_ATTEMPTS = "refs/agent-os/attempts/"


@dataclass(frozen=True)
class Tidied:
    refs: int = 0
    packed: int = 0
    mirrors: int = 0


def tidy(world: World) -> Tidied:
    """All mirrors. One that can't be read is left alone."""
    refs = packed = mirrors = 0
    with world.store.read() as tx:
        busy = any(task.running for _, task in tasks.listed(tx, unsettled=True))
    for path in sorted((world.config.home / "mirrors").glob("*.git")):
        mirror = Mirror(path)
        try:
            refs += _dispose(world, mirror)
            # Work dirs borrow its objects: no packing while one is in use.
            packed += not busy and mirror.pack_if_scattered()
            mirrors += _remove_if_done(world, mirror)
        except (GitError, OSError, ValueError) as error:
            _log.warning("mirror_untidy", path=str(path), error=str(error))
    return Tidied(refs, packed, mirrors)


def _dispose(world: World, mirror: Mirror) -> int:
    """Drop the refs of rounds that were merged; how many."""
    with world.store.read() as tx:
        found = [t for _, t in tasks.listed(tx, repo_id=int(mirror.path.stem))]
    gone: dict[str, str] = {}
    for task in found:
        if _merged_long_ago(world, task) and not _directories(world, task):
            ours = f"{_ATTEMPTS}{task.slug}/"
            of_round = f"{ours}{task.round}."
            gone |= {r: sha for r, sha in mirror.refs(ours).items() if r.startswith(of_round)}
    if gone:
        mirror.forget(gone)
    return len(gone)


def _merged_long_ago(world: World, task: Task) -> bool:
    age = timedelta(days=world.config.retention.attempt_days)
    merged = task.pull is not None and bool(task.pull.merged_sha)
    ended = task.finished_at
    return (
        (merged or task.answered is not None)
        and task.settled
        and ended is not None
        and world.clock.now() - ended > age
    )


def _directories(world: World, task: Task) -> Sequence[Path]:
    """Those of the round's attempts, under whatever name the repository had."""
    attempts = world.config.home / "attempts"
    return [*attempts.glob(f"*-{task.number}.{task.repo_id}/{task.round}.*")]


def _remove_if_done(world: World, mirror: Mirror) -> bool:
    repo_id = int(mirror.path.stem)
    with world.store.read() as tx:
        row = repositories.get(tx, repo_id)
        open_ones = tasks.listed(tx, repo_id=repo_id, unsettled=True)
    if row is None or world.config.repository(row.name) or open_ones or mirror.refs(_ATTEMPTS):
        return False
    shutil.rmtree(mirror.path)
    return True
