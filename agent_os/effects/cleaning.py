"""Garbage collection: removes only what is proven to be kept elsewhere. Unknown means leave alone.

An attempt's files may go when it has an outcome, nobody holds its lock, and every commit that it
kept is in our mirror. First go the checkouts (after `work_hours`), later the rest (`attempt_days`).
Over the quota (`disk_mb`, mirrors included) the oldest go first, whatever their age: their
checkouts, and when that is not enough the rest of them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from agent_os.domain.attempts import Order, Outcome
from agent_os.domain.errors import GitError
from agent_os.effects import mirrors
from agent_os.effects.world import World
from agent_os.store import meta
from agent_os.workspace.mirror import Mirror
from agent_os.workspace.removing import remove

_log = structlog.get_logger()
_EVERY = timedelta(hours=1)
_CLEANED_AT = "cleaned_at"
#: What a later look at an attempt does without: its outcome, evidence and logs stay.
_CHECKOUTS = ("work", "home", "gates", "snapshot.git")


@dataclass(frozen=True)
class Freed:
    checkouts: int = 0
    attempts: int = 0


def clean_if_due(world: World) -> None:
    """Once an hour."""
    now = world.clock.now()
    with world.store.write() as tx:
        last = meta.get(tx, _CLEANED_AT)
        if last and now - datetime.fromisoformat(last) < _EVERY:
            return
        meta.put(tx, _CLEANED_AT, now.isoformat())
    freed, tidied = clean(world), mirrors.tidy(world)
    if freed != Freed() or tidied != mirrors.Tidied():
        _log.info("cleaned", **asdict(freed), **asdict(tidied))


def clean(world: World) -> Freed:
    """Remove what is old enough, and what is over the quota."""
    retention, now = world.config.retention, world.clock.now()
    home = world.config.home
    used = _size_mb(home / "attempts") + _size_mb(home / "mirrors")
    old, checkouts, kept = timedelta(days=retention.attempt_days), 0, list[Path]()
    removed: list[Path] = []
    for ended_at, path in sorted(_finished(world), key=lambda found: found[0]):
        if now - ended_at > old:
            used -= _remove([path])
            removed.append(path)
            continue
        kept.append(path)
        if used > retention.disk_mb or now - ended_at > timedelta(hours=retention.work_hours):
            present = [path / name for name in _CHECKOUTS if (path / name).exists()]
            used -= _remove(present)
            checkouts += bool(present)
    for path in kept:
        if used > retention.disk_mb:
            used -= _remove([path])
            removed.append(path)
    return Freed(checkouts, len(removed))


def _finished(world: World) -> Iterator[tuple[datetime, Path]]:
    """(end, directory) of the attempts that may be removed."""
    for path in (world.config.home / "attempts").glob("*/*.*"):
        ended_at = _ended_and_kept(world, path)
        if ended_at is not None:
            yield ended_at, path


def _ended_and_kept(world: World, path: Path) -> datetime | None:
    """When it ended; None unless it is proven that nothing of it would be lost."""
    try:
        outcome = Outcome.model_validate_json((path / "outcome.json").read_bytes())
        order = Order.model_validate_json((path / "order.json").read_bytes())
        at = (path / "outcome.json").stat().st_mtime
    except (OSError, ValueError):
        return None
    if world.executor.poll(path) != "ended":
        return None
    if (path / "agent.started").exists() and not (path / "snapshot.json").exists():
        return None
    mirror = Mirror((path / order.mirror).resolve())
    try:
        if not all(mirror.resolve(kept.ref) == kept.sha for kept in outcome.kept):
            return None
    except GitError as error:
        _log.warning("mirror_unreadable", path=str(mirror.path), error=error.message)
        return None
    return datetime.fromtimestamp(at, UTC)


def _size_mb(path: Path) -> float:
    """Of all files below; links are not followed."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += Path(folder, name).lstat().st_blocks * 512
            except OSError:
                continue
    return total / 1_000_000


def _remove(paths: Sequence[Path]) -> float:
    """Whole trees, also where an agent took the permissions away; the size that was freed, in MB.
    Links are not followed."""
    freed = 0.0
    for path in paths:
        size = _size_mb(path)
        for folder, names, _ in os.walk(path):
            for name in (".", *names):
                below = Path(folder, name)
                with suppress(OSError):  # gone meanwhile, or not ours: the removal below says so
                    if not below.is_symlink():
                        below.chmod(below.stat().st_mode | stat.S_IRWXU)
        remove(path)
        if path.exists():
            _log.warning("not_removed", path=str(path))
        else:
            freed += size
    return freed
