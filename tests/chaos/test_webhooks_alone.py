"""Nothing is polled: GitHub's calls alone carry a task from its label to the merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.domain.tasks import Status
from tests.e2e.people import People
from tests.hub import HubProcess

from .works import LOGIN, Works

_SECONDS = 60.0


@pytest.mark.long
def test_a_label_starts_an_attempt_and_its_ci_a_merge(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", ["alice", LOGIN]) as hub:
        works = Works(hub, tmp_path / "works", 1, seed=1, every="every 24h")
        alice = People(hub, works.repos[0])
        with works.daemon():
            # The first look of each job, at the start, is over when the repository is known.
            works.until(lambda: "/issues?" in _asked(hub), _SECONDS, "the first look")
            number = alice.issue("by webhook", "## Goal\nWork.\n")
            alice.label(number, "Ready")
            works.until(lambda: [t for t in works.tasks() if t.attempts], _SECONDS, "it starts")
            works.until(lambda: [t for t in works.tasks() if t.settled], _SECONDS, "it ends")
        (task,) = works.tasks()
        assert task.status is Status.DONE, works.story(task)
        polls = [r for r in hub.requests() if r["path"].endswith("/issues") and r["user"] == LOGIN]
        assert len(polls) <= 4, "each look has a cause"


def _asked(hub: HubProcess) -> str:
    return " ".join(f"{r['path']}?" for r in hub.requests() if r["user"] == LOGIN)
