"""A process that does one of each thing that is about a repository, and may be killed at it.

`python -m tests.crash.desk CONFIG` until nothing is left to do: it looks into the log for what has
happened, as the jobs do, and so it may be run again at any time.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from agent_os.cli.context import build_world, load
from agent_os.domain.effects import (
    DeskEffect,
    EditIssue,
    FileIssue,
    LabelIssue,
    OpenProposal,
    PushProposal,
    RetireIssue,
    SendNotice,
    TellIssue,
)
from agent_os.domain.events import Event, EventKind
from agent_os.effects import resolver
from agent_os.effects.applier import Applier
from agent_os.effects.notices import SINKS
from agent_os.effects.world import World
from agent_os.jobs import scanning
from agent_os.jobs.organization import LEASE
from agent_os.store import intents, leases, log, repositories
from agent_os.store.repositories import Repository

KINDS = {
    FileIssue: EventKind.ISSUE_FILED,
    TellIssue: EventKind.ISSUE_TOLD,
    EditIssue: EventKind.ISSUE_EDITED,
    LabelIssue: EventKind.ISSUE_LABELLED,
    PushProposal: EventKind.PROPOSAL_PUSHED,
    OpenProposal: EventKind.PROPOSAL_OPENED,
    SendNotice: EventKind.NOTICE_SENT,
    RetireIssue: EventKind.ISSUE_RETIRED,
}
_SECONDS = 30.0


def wanted(world: World, row: Repository, filed: int) -> list[DeskEffect]:
    """One of each, in order."""
    mirror = world.mirror(row.repo_id)
    mirror.ensure(row.clone_url)
    mirror.fetch(row.clone_url, world.token)
    base = mirror.resolve(f"refs/heads/{row.default_branch}") or ""
    sha = mirror.commit_files(base, {"proposed.txt": b"a word\n"}, "Propose a word")
    desk = {"repo_id": row.repo_id, "repo": row.name, "number": 0}
    issue = {**desk, "number": filed}
    branch = {"purpose": "word", "branch": "agent-os/word"}
    return [
        FileIssue(**desk, signal="test:one", by="analyzer", title="Mend the check", body="It."),
        TellIssue(**issue, purpose="evidence:1", body="Found again."),
        EditIssue(**issue, purpose="face", title="Mend the check", body="It, drawn anew."),
        LabelIssue(**issue, purpose="stale", add=("stale", "needs criteria"), remove=("nothing",)),
        PushProposal(**desk, **branch, sha=sha),
        OpenProposal(**desk, **branch, head=sha, base=row.default_branch, title="Word", body="W."),
        SendNotice(**desk, sink="file", change="c:1", severity="warn", title="T", text="Told."),
        RetireIssue(**issue, purpose="stale", reason="not_planned"),
    ]


def next_one(world: World, row: Repository) -> DeskEffect | None:
    """By the log: what has no fact yet."""
    with world.store.read() as tx:
        said = [e for _, e in log.of_repository(tx, row.repo_id, tuple(KINDS.values()))]
    filed = _filed(said)
    done = {event.kind for event in said}
    return next((e for e in wanted(world, row, filed) if KINDS[type(e)] not in done), None)


def _filed(said: list[Event]) -> int:
    return next((e.data["number"] for e in said if e.kind is EventKind.ISSUE_FILED), 0)


def main(config: Path, told: Path) -> int:
    world = build_world(load(config))
    SINKS["file"] = lambda _, effect: _append(told, effect.text)
    row = scanning.look_at_repository(world, world.config.repositories[0].name)
    with world.store.write() as tx:
        repositories.put(world.store, tx, row)
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        resolver.resolve_all(world, row.repo_id)
        with world.store.read() as tx:
            busy = intents.unresolved(tx)
        effect = next_one(world, row)
        if effect is None and not busy:
            return 0
        if busy or effect is None:
            time.sleep(0.05)
            continue
        if lease := leases.take(world.store, "desk", LEASE):
            Applier(world, lease).apply(effect, 0)
            leases.release(world.store, lease)
    return 4


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(f"{text}\n")


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
